package cluster

import (
	"net/url"

	"k8s.io/client-go/rest"
)

// SeparateCredentials takes user and password out of a config's URL, because every
// error of a request repeats that, and has them sent as before: they count before
// all other credentials of the config, which it changes.
func SeparateCredentials(config *rest.Config) {
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
