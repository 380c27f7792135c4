package retry

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestSafe(t *testing.T) {
	const namespace = "/api/v1/namespaces/a"
	for _, test := range []struct {
		name, method, path, contentType, body string
		want                                  bool
	}{
		{"read", "GET", namespace, "", "", true},
		{"server-side apply", "PATCH", namespace, "application/apply-patch+yaml", "{}", true},
		{"merge patch", "PATCH", namespace, "application/merge-patch+json", "{}", false},
		{"JSON patch", "PATCH", namespace, "application/json-patch+json", "[]", false},
		{"create", "POST", "/api/v1/namespaces", "application/json", "{}", false},
		{"review", "POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", "application/json", "{}", true},
		{"update", "PUT", namespace, "application/json", "{}", false},
		{"delete", "DELETE", namespace, "", "", false},
		{"delete with options", "DELETE", namespace, "application/json", `{"kind":"DeleteOptions","propagationPolicy":"Foreground"}`, false},
		{"delete a version", "DELETE", namespace, "application/json", `{"preconditions":{"resourceVersion":"1"}}`, false},
		{"delete this one", "DELETE", namespace, "application/json", `{"kind":"DeleteOptions","preconditions":{"uid":"1"}}`, true},
		{"delete with unreadable options", "DELETE", namespace, "application/vnd.kubernetes.protobuf", "k8s\x00", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			request, err := http.NewRequest(test.method, "http://cluster"+test.path, strings.NewReader(test.body))
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Content-Type", test.contentType)
			if got := safe(request); got != test.want {
				t.Errorf("%t", got)
			}
			if body, err := io.ReadAll(request.Body); err != nil || string(body) != test.body {
				t.Errorf("of the body is left %q, %v", body, err)
			}
			if request.Body != http.NoBody {
				request.GetBody = nil
				if safe(request) {
					t.Error("safe, but its body cannot be sent twice")
				}
			}
		})
	}
}
