// Package forward forwards a local port to a port of a pod, through the API
// server, and goes on with another pod when one is gone or a connection
// breaks. Local connections that come meanwhile are refused.
package forward

import (
	"context"
	"errors"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"
	"k8s.io/streaming/pkg/httpstream"
)

// Target is a port of a pod.
type Target struct {
	Namespace, Pod string
	Port           int
	// Usable ends when the pod is of no use any more; its cause says why.
	Usable context.Context
}

// Forwarder keeps a local port forwarded. All of its functions are called from
// the goroutine of Run.
type Forwarder struct {
	// Config and Client are of the same API server, core/v1.
	Config *rest.Config
	Client rest.Interface
	Local  Local
	// Next waits for a pod, at first and each time that one is gone or could
	// not be reached.
	Next func(context.Context) (Target, error)
	// Limit bounds how long it may take to have a connection.
	Limit func(context.Context) (context.Context, context.CancelFunc)
	// Connected tells of each connection, and Broken why one ended, or why
	// there is none yet.
	Connected func(Target)
	Broken    func(Target, error)
}

// Run returns with the cause of its context's end, or with the reason why there
// is no connection: the error of Next, what the API server refuses for good, a
// *ListenError when the local port is somebody else's, or an *UnreachedError with
// the last reason when Limit is over. Whatever it has started has ended then.
func (f *Forwarder) Run(ctx context.Context) error {
	for {
		connection, target, err := f.dial(ctx)
		if err != nil {
			return err
		}
		err = f.serve(ctx, connection, target)
		var local *ListenError
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.As(err, &local):
			return err
		}
		f.Broken(target, err)
	}
}

// dial tries until there is a connection.
func (f *Forwarder) dial(ctx context.Context) (httpstream.Connection, Target, error) {
	ctx, cancel := f.Limit(ctx)
	defer cancel()
	pauses := wait.Backoff{Duration: 100 * time.Millisecond, Factor: 2, Jitter: 0.5, Cap: 5 * time.Second, Steps: 1 << 20}
	var last error
	for {
		target, err := f.Next(ctx)
		if err != nil {
			return nil, target, err
		}
		location := f.Client.Post().Resource("pods").Namespace(target.Namespace).Name(target.Pod).SubResource("portforward").URL()
		connection, err := dial(ctx, f.Config, location)
		switch {
		case err == nil:
			return connection, target, nil
		case ctx.Err() != nil && last == nil:
			return nil, target, context.Cause(ctx)
		case ctx.Err() != nil:
			return nil, target, &UnreachedError{Cause: context.Cause(ctx), Pod: target.Pod, Err: last}
		case isRefused(err):
			return nil, target, err
		}
		last = err
		f.Broken(target, err)
		if !pause(ctx, pauses.Step()) {
			return nil, target, &UnreachedError{Cause: context.Cause(ctx), Pod: target.Pod, Err: last}
		}
	}
}

// UnreachedError says that a pod was there and could not be connected to.
type UnreachedError struct {
	// Cause is that of the context's end.
	Cause error
	Pod   string
	Err   error
}

func (e *UnreachedError) Error() string {
	return e.Cause.Error() + ": pod " + e.Pod + " is unreachable: " + e.Err.Error()
}

func (e *UnreachedError) Unwrap() error { return e.Cause }

// pause returns false if the context ends first.
func pause(ctx context.Context, duration time.Duration) bool {
	timer := time.NewTimer(duration)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
