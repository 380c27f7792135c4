package retry

import (
	"encoding/json"
	"net/http"
	"strings"
)

// safe reports whether sending a request twice does no more than sending it
// once, and whether it can be sent twice at all.
func safe(request *http.Request) bool {
	if request.Body != nil && request.Body != http.NoBody && request.GetBody == nil {
		return false
	}
	switch request.Method {
	case http.MethodGet, http.MethodHead:
		return true
	case http.MethodPatch:
		return strings.HasPrefix(request.Header.Get("Content-Type"), "application/apply-patch")
	case http.MethodPost:
		return strings.HasPrefix(request.URL.Path, "/apis/authorization.k8s.io/")
	case http.MethodDelete:
		return pinned(request)
	}
	return false
}

// pinned reports whether a deletion names the uid of what it deletes. Without
// it, a second one could hit what somebody has created under the same name
// after the first. That the second finds nothing is for the caller to expect.
func pinned(request *http.Request) bool {
	if request.GetBody == nil {
		return false
	}
	body, err := request.GetBody()
	if err != nil {
		return false
	}
	defer body.Close()
	var options struct {
		Preconditions struct {
			UID string `json:"uid"`
		} `json:"preconditions"`
	}
	return json.NewDecoder(body).Decode(&options) == nil && options.Preconditions.UID != ""
}
