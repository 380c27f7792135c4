package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/cluster"
)

const (
	// bystanderName is that of the other client's account and role.
	bystanderName = "bystander"
	// bystanderPace is how often it asks.
	bystanderPace = 50 * time.Millisecond
	// bystanderUnderWay bounds how many answers it waits for at once.
	bystanderUnderWay = 200
)

// bystander is another client of a control plane, with an account and a
// connection of its own, which notices how busy that is.
type bystander struct{ client kubernetes.Interface }

// bystanderObjects are its account, what that may read, and something to read.
const bystanderObjects = `apiVersion: v1
kind: ServiceAccount
metadata: {name: bystander, namespace: default}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: bystander, namespace: default}
data: {colour: blue}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: bystander, namespace: default}
rules: [{apiGroups: [""], resources: [configmaps], verbs: [get, list]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: bystander, namespace: default}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: bystander}
subjects: [{kind: ServiceAccount, namespace: default, name: bystander}]
`

// newBystander makes its objects and connects with its account.
func (l *lab) newBystander(ctx context.Context, control *cluster.Cluster) (*bystander, error) {
	file := filepath.Join(l.dir, "bystander.yaml")
	if err := os.WriteFile(file, []byte(bystanderObjects), 0o644); err != nil {
		return nil, err
	}
	if _, err := l.kubectl(ctx, control, "create", "-f", file); err != nil {
		return nil, err
	}
	token, err := l.kubectl(ctx, control, "create", "token", bystanderName)
	if err != nil {
		return nil, err
	}
	config, err := cluster.RESTConfig(control.Kubeconfig)
	if err != nil {
		return nil, err
	}
	config = rest.AnonymousClientConfig(config)
	config.BearerToken, config.QPS = strings.TrimSpace(token), -1
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	b := &bystander{client}
	// The role is in force when it is seen to be, and the connection is open.
	return b, b.ready(ctx)
}

// ready asks until both questions are answered.
func (b *bystander) ready(ctx context.Context) error {
	err := wait.PollUntilContextTimeout(ctx, bystanderPace, time.Minute, true, func(ctx context.Context) (bool, error) { return b.get(ctx) == nil, nil })
	return errors.Join(err, b.list(ctx))
}

func (b *bystander) get(ctx context.Context) error {
	_, err := b.client.CoreV1().ConfigMaps("default").Get(ctx, bystanderName, metav1.GetOptions{})
	return err
}

func (b *bystander) list(ctx context.Context) error {
	_, err := b.client.CoreV1().ConfigMaps("default").List(ctx, metav1.ListOptions{})
	return err
}

// noticed is what requests took, in seconds from when they were due.
type noticed struct {
	get, list []float64
	err       error
}

// watch asks, a get and a list in turn, until the returned function is called,
// which tells what was noticed.
func (b *bystander) watch(ctx context.Context) (stop func() noticed) {
	ctx, cancel := context.WithCancel(ctx)
	var found noticed
	var asking sync.WaitGroup
	asking.Go(func() { found = b.ask(ctx) })
	return func() noticed {
		cancel()
		asking.Wait()
		return found
	}
}

// ask asks at a steady pace: a question does not wait for the answer to the
// one before, or one slow answer would make all that follow late.
func (b *bystander) ask(ctx context.Context) noticed {
	var found noticed
	var mutex sync.Mutex
	var answering errgroup.Group
	answering.SetLimit(bystanderUnderWay)
	ticker := time.NewTicker(bystanderPace)
	defer ticker.Stop()
	for i := 0; ctx.Err() == nil; i++ {
		select {
		case <-ctx.Done():
			continue
		case <-ticker.C:
		}
		question, answers, due := b.get, &found.get, time.Now()
		if i%2 == 1 {
			question, answers = b.list, &found.list
		}
		answering.Go(func() error {
			err := question(ctx)
			if ctx.Err() != nil {
				return nil // it was the end, and no answer
			}
			mutex.Lock()
			defer mutex.Unlock()
			*answers = append(*answers, time.Since(due).Seconds())
			return err
		})
	}
	found.err = answering.Wait()
	return found
}
