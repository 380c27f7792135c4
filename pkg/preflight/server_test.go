package preflight

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	authorization "k8s.io/client-go/kubernetes/typed/authorization/v1"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
)

// apiServer knows namespaces and what the user may do.
type apiServer struct {
	// denies tells by the words of a need; nil lets everything pass.
	denies func(need string) bool
	// namespaces are by name "active", "terminating", "forbidden" or
	// "broken"; others do not exist.
	namespaces map[string]string
	// broken answers no question about permissions.
	broken bool

	mutex sync.Mutex
	// asked are the needs that were asked for, looked the namespaces.
	asked, looked []string
}

// subject starts the server and gives a subject that the checks look at.
func (s *apiServer) subject(t *testing.T) Subject {
	t.Helper()
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	// The typed client would write protobuf, which this server does not read.
	config := &rest.Config{Host: server.URL, QPS: -1, ContentConfig: rest.ContentConfig{ContentType: "application/json"}}
	reviews, err := authorization.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	objects, err := metadata.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	return Subject{Authorization: reviews, Metadata: objects}
}

func (s *apiServer) ServeHTTP(out http.ResponseWriter, in *http.Request) {
	if in.Method == http.MethodPost && in.URL.Path == "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews" {
		s.review(out, in)
		return
	}
	name, found := strings.CutPrefix(in.URL.Path, "/api/v1/namespaces/")
	if in.Method != http.MethodGet || !found {
		refuse(out, http.StatusMethodNotAllowed, metav1.StatusReasonMethodNotAllowed)
		return
	}
	s.mutex.Lock()
	s.looked = append(s.looked, name)
	s.mutex.Unlock()
	answer := metav1.PartialObjectMetadata{
		TypeMeta:   metav1.TypeMeta{APIVersion: "meta.k8s.io/v1", Kind: "PartialObjectMetadata"},
		ObjectMeta: metav1.ObjectMeta{Name: name},
	}
	switch s.namespaces[name] {
	case "active":
	case "terminating":
		since := metav1.NewTime(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
		answer.DeletionTimestamp = &since
	case "forbidden":
		refuse(out, http.StatusForbidden, metav1.StatusReasonForbidden)
		return
	case "broken":
		refuse(out, http.StatusInternalServerError, metav1.StatusReasonInternalError)
		return
	default:
		refuse(out, http.StatusNotFound, metav1.StatusReasonNotFound)
		return
	}
	reply(out, http.StatusOK, answer)
}

func (s *apiServer) review(out http.ResponseWriter, in *http.Request) {
	var review authorizationv1.SelfSubjectAccessReview
	if err := json.NewDecoder(in.Body).Decode(&review); err != nil || s.broken {
		refuse(out, http.StatusInternalServerError, metav1.StatusReasonInternalError)
		return
	}
	attributes := review.Spec.ResourceAttributes
	asked := need{attributes.Verb, attributes.Group, attributes.Resource, attributes.Namespace}.String()
	s.mutex.Lock()
	s.asked = append(s.asked, asked)
	s.mutex.Unlock()
	review.Status.Allowed = s.denies == nil || !s.denies(asked)
	reply(out, http.StatusCreated, review)
}

func refuse(out http.ResponseWriter, code int, reason metav1.StatusReason) {
	reply(out, code, metav1.Status{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"},
		Status:   metav1.StatusFailure,
		Code:     int32(code),
		Reason:   reason,
		Message:  "the server said no",
	})
}

func reply(out http.ResponseWriter, code int, object any) {
	out.Header().Set("Content-Type", "application/json")
	out.WriteHeader(code)
	_ = json.NewEncoder(out).Encode(object)
}

// took gives what was asked so far, sorted: the questions come at once.
func (s *apiServer) took() []string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return slices.Sorted(slices.Values(s.asked))
}

// notAdmin denies the question for everything, and what the words say.
func notAdmin(words ...string) func(string) bool {
	return func(asked string) bool {
		return asked == "* *.*" || slices.ContainsFunc(words, func(word string) bool { return strings.Contains(asked, word) })
	}
}

// use is a resource in the form "deployments.apps", in a namespace or none.
func use(resource, namespace string) Use {
	parsed := schema.ParseGroupResource(resource)
	return Use{Resource: parsed.WithVersion("v1"), Namespace: namespace}
}
