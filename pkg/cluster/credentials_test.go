package cluster

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"
)

// TestCredentialsApart has a server's URL hold credentials: they are sent as
// net/http would send them, and in no error.
func TestCredentialsApart(t *testing.T) {
	var authorized []string
	var end context.CancelFunc
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, request *http.Request) {
		user, password, _ := request.BasicAuth()
		authorized = append(authorized, user+":"+password)
		end()
		<-request.Context().Done()
	}))
	t.Cleanup(server.Close)
	for userinfo, want := range map[string]string{"admin:S3CR3T@": "admin:S3CR3T", "S3CR3T@": "S3CR3T:", "a%3Ab:S3%40CR3T@": "a:b:S3@CR3T"} {
		config := &rest.Config{Host: strings.Replace(server.URL, "://", "://"+userinfo, 1), BearerToken: "another"}
		cluster, err := Connect(config, nil)
		if err != nil {
			t.Fatal(err)
		}
		if cluster.Server != server.URL {
			t.Errorf("the server is %s", cluster.Server)
		}
		if !strings.Contains(config.Host, "@") {
			t.Error("the caller's config was changed")
		}
		authorized = nil
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		end = cancel
		_, err = cluster.Discovery.(*discovery.DiscoveryClient).ServerVersionWithContext(ctx)
		if err == nil || strings.Contains(err.Error(), "CR3T") || len(authorized) == 0 || authorized[0] != want {
			t.Errorf("%s: sent were %q, and the error is %v", userinfo, authorized, err)
		}
	}
	plain := &rest.Config{Host: "example.com:6443", BearerToken: "mine"}
	if SeparateCredentials(plain); plain.Host != "example.com:6443" || plain.BearerToken != "mine" {
		t.Errorf("%+v was changed", plain)
	}
}
