package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
)

// inMemory is an API server without a network, which suits the clock of
// synctest. It answers with an object, or a Status, whose code is the answer's.
type inMemory func(*http.Request) any

func (m inMemory) RoundTrip(request *http.Request) (*http.Response, error) {
	answer := m(request)
	if err := context.Cause(request.Context()); err != nil {
		return nil, err
	}
	body, err := json.Marshal(answer)
	if err != nil {
		return nil, err
	}
	code := http.StatusOK
	if status, is := answer.(metav1.Status); is {
		code = int(status.Code)
	}
	return &http.Response{
		Status:     http.StatusText(code),
		StatusCode: code,
		Header:     http.Header{"Content-Type": {"application/json"}},
		Body:       io.NopCloser(bytes.NewReader(body)),
		Request:    request,
	}, nil
}

// connect gives a cluster that is reached in no other way.
func (m inMemory) connect(t *testing.T) *Cluster {
	t.Helper()
	cluster, err := Connect(&rest.Config{Host: "http://cluster.example.com", Transport: m}, event.Discard)
	if err != nil {
		t.Fatal(err)
	}
	return cluster
}

// fails is a Status as the API server writes it.
func fails(code int32, reason metav1.StatusReason, message string) metav1.Status {
	return metav1.Status{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"},
		Status:   metav1.StatusFailure, Code: code, Reason: reason, Message: message,
	}
}

// empty is a cluster that has nothing and takes everything.
func empty(request *http.Request) any {
	if request.Method == http.MethodGet {
		return fails(http.StatusNotFound, metav1.StatusReasonNotFound, request.URL.Path+" not found")
	}
	var object map[string]any
	if err := json.NewDecoder(request.Body).Decode(&object); err != nil {
		return fails(http.StatusBadRequest, metav1.StatusReasonBadRequest, err.Error())
	}
	metadata, _ := object["metadata"].(map[string]any)
	metadata["uid"], metadata["resourceVersion"] = request.URL.Path, "1"
	return object
}

// last gives the last part of a request's path: a name.
func last(request *http.Request) string {
	return request.URL.Path[strings.LastIndex(request.URL.Path, "/")+1:]
}
