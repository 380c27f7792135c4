package demo

import (
	"net/url"

	"k8s.io/client-go/rest"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/redact"
)

// CredentialsApart takes user and password out of a config's URL, because every
// error of a request repeats that, and has them sent as before: they count before
// all other credentials of the config, which it changes.
func CredentialsApart(config *rest.Config) {
	server, err := url.Parse(config.Host)
	if err != nil || server.User == nil {
		return
	}
	config.Username = server.User.Username()
	config.Password, _ = server.User.Password()
	config.BearerToken, config.BearerTokenFile = "", ""
	server.User = nil
	config.Host = server.String()
}

// discreet gives an event without what redact.Text takes from texts that can
// repeat an error or an argument.
func discreet(e event.Event) event.Event {
	switch e := e.(type) {
	case event.Started:
		e.What, e.Server = redact.Text(e.What), redact.URL(e.Server)
		return e
	case event.Uninstalling:
		e.What, e.Server = redact.Text(e.What), redact.URL(e.Server)
		return e
	case event.Warning:
		e.Message = redact.Text(e.Message)
		return e
	case event.Kept:
		e.Why = redact.Text(e.Why)
		return e
	case event.Waiting:
		e.Message = redact.Text(e.Message)
		return e
	case event.Retrying:
		e.Reason = redact.Text(e.Reason)
		return e
	case event.ForwardBroken:
		e.Why = redact.Text(e.Why)
		return e
	}
	return e
}
