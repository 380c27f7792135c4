package retry

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// silentWebhook is what the API server says of a webhook whose Service has no pods.
func silentWebhook() (*http.Response, error) {
	response, _ := status(http.StatusInternalServerError)()
	response.Body = io.NopCloser(strings.NewReader(`{"kind":"Status","message":"Internal error occurred: failed calling webhook \"validation.istio.io\": failed to call webhook: Post \"https://istiod.istio-system.svc:443/validate?timeout=10s\": no endpoints available for service \"istiod\"","code":500}` + "body"))
	return response, nil
}

// TestRoundTripWebhook waits for the pods of a webhook only where something is to
// be stored.
func TestRoundTripWebhook(t *testing.T) {
	for line, most := range map[string]time.Duration{"PATCH /api/v1/namespaces/a?dryRun=All": hasty + longestPause, "PATCH /api/v1/namespaces/a": time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			transport := &Transport{Next: &server{answers: []func() (*http.Response, error){silentWebhook}}}
			response, err := transport.RoundTrip(newRequest(t, t.Context(), line))
			if took := time.Since(began); statusOf(response) != http.StatusInternalServerError || took > most || most == time.Hour && took < patience {
				t.Errorf("%s: status %d, %v after %s", line, statusOf(response), err, took)
			}
		})
	}
}
