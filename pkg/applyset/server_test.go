package applyset

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
)

// request is what the API server got.
type request struct{ method, uri, body string }

// apiServer answers requests and remembers them.
type apiServer struct {
	config *rest.Config

	mutex    sync.Mutex
	requests []request
}

// newServer starts an API server. The answer is an object, or a Status whose
// code is the answer's.
func newServer(t *testing.T, answer func(request) any) *apiServer {
	t.Helper()
	fake := &apiServer{}
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, in *http.Request) {
		body, err := io.ReadAll(in.Body)
		if err != nil {
			t.Error(err)
		}
		got := request{in.Method, in.URL.RequestURI(), string(body)}
		fake.mutex.Lock()
		fake.requests = append(fake.requests, got)
		fake.mutex.Unlock()
		answered := answer(got)
		out.Header().Set("Content-Type", "application/json")
		if status, ok := answered.(metav1.Status); ok {
			out.WriteHeader(int(status.Code))
		}
		if err := json.NewEncoder(out).Encode(answered); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	// What can be read in a test, instead of protobuf.
	fake.config = &rest.Config{Host: server.URL, QPS: -1, ContentConfig: rest.ContentConfig{ContentType: "application/json"}}
	return fake
}

// took gives the requests so far.
func (s *apiServer) took() []request {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return slices.Clone(s.requests)
}

func (s *apiServer) parent(t *testing.T) *Parent {
	t.Helper()
	client, err := typedcorev1.NewForConfig(s.config)
	if err != nil {
		t.Fatal(err)
	}
	return &Parent{Client: client, Name: ParentName, Namespace: "mesh"}
}

func (s *apiServer) metadata(t *testing.T) metadata.Interface {
	t.Helper()
	client, err := metadata.NewForConfig(s.config)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// failure is a Status as the API server writes it.
func failure(code int32, reason metav1.StatusReason) metav1.Status {
	return metav1.Status{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"},
		Status:   metav1.StatusFailure,
		Code:     code,
		Reason:   reason,
		Message:  "no",
	}
}
