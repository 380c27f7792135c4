package file

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/redact"
)

// download gets a URL over https, or over http where the user allowed it. A
// redirect is held to the same rule.
func (o Options) download(ctx context.Context, address string) ([]byte, error) {
	if err := o.checkScheme(address); err != nil {
		return nil, err
	}
	client := http.Client{}
	if o.Client != nil {
		client = *o.Client
	}
	client.CheckRedirect = func(request *http.Request, via []*http.Request) error {
		if len(via) >= 10 {
			return errors.New("stopped after 10 redirects")
		}
		return o.checkScheme(request.URL.String())
	}
	name := Name(address)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, fmt.Errorf("cannot download %s: %w", name, withoutURL(err))
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("cannot download %s: %w", name, withoutURL(err))
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("cannot download %s: the server answered %s", name, response.Status)
	}
	return readAll(response.Body, name)
}

func (o Options) checkScheme(address string) error {
	parsed, err := url.Parse(address)
	if err != nil {
		return fmt.Errorf("%s is not a URL: %w", Name(address), withoutURL(err))
	}
	if parsed.Scheme != "https" && !o.AllowHTTP {
		return fmt.Errorf("%s is not encrypted; use https, or allow it with --allow-http", Name(address))
	}
	return nil
}

// withoutURL leaves out what net/http repeats: the method and the address, and
// what is secret in that of a proxy.
func withoutURL(err error) error {
	var urlError *url.Error
	if errors.As(err, &urlError) {
		err = urlError.Err
	}
	return redact.Error(err)
}
