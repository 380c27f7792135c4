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
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	admission "k8s.io/client-go/kubernetes/typed/admissionregistration/v1"
	authorization "k8s.io/client-go/kubernetes/typed/authorization/v1"
	core "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
)

// apiServer knows namespaces, what the user may do, and what else it is told.
type apiServer struct {
	// denies tells by the words of a need; nil lets everything pass.
	denies func(need string) bool
	// namespaces are by name "active", "terminating", "forbidden" or
	// "broken"; others do not exist.
	namespaces map[string]string
	// broken answers no question about permissions.
	broken bool
	// answers are by path, such as "/api/v1/nodes": an object or a list. An
	// int is the code of a refusal. Lists that are not here are empty.
	answers map[string]any
	// refusals are the messages with which pods in a namespace are refused.
	refusals map[string]string

	mutex sync.Mutex
	// asked are the needs that were asked for, looked the namespaces, and
	// requests what else was asked, without the lists of webhooks.
	asked, looked, requests []string
}

// subject starts the server and gives a subject that the checks look at.
func (s *apiServer) subject(t *testing.T) Subject {
	t.Helper()
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	// The typed client would write protobuf, which this server does not read.
	config := &rest.Config{Host: server.URL, QPS: -1, ContentConfig: rest.ContentConfig{ContentType: "application/json"}}
	var errs [6]error
	var subject Subject
	subject.Version, errs[0] = discovery.NewDiscoveryClientForConfig(config)
	reviews, err := authorization.NewForConfig(config)
	subject.Rights, errs[1] = NewRights(t.Context(), reviews), err
	subject.Metadata, errs[2] = metadata.NewForConfig(config)
	subject.Core, errs[3] = core.NewForConfig(config)
	subject.Admission, errs[4] = admission.NewForConfig(config)
	subject.Dynamic, errs[5] = dynamic.NewForConfig(config)
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
	return subject
}

func (s *apiServer) ServeHTTP(out http.ResponseWriter, in *http.Request) {
	path := in.URL.Path
	if in.Method == http.MethodPost && path == "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews" {
		s.review(out, in)
		return
	}
	name, found := strings.CutPrefix(path, "/api/v1/namespaces/")
	if in.Method == http.MethodGet && found && !strings.Contains(name, "/") {
		s.namespace(out, name)
		return
	}
	if !strings.HasPrefix(path, "/apis/admissionregistration.k8s.io/") {
		s.mutex.Lock()
		s.requests = append(s.requests, in.Method+" "+in.URL.RequestURI())
		s.mutex.Unlock()
	}
	if in.Method == http.MethodPost {
		s.create(out, in)
		return
	}
	switch answer := s.answers[path].(type) {
	case nil:
		if strings.Contains(path, "/services/") {
			refuse(out, http.StatusNotFound, metav1.StatusReasonNotFound)
			return
		}
		reply(out, http.StatusOK, map[string]any{"apiVersion": "v1", "kind": "List", "metadata": map[string]any{}, "items": []any{}})
	case int:
		reasons := map[int]metav1.StatusReason{http.StatusForbidden: metav1.StatusReasonForbidden, http.StatusNotFound: metav1.StatusReasonNotFound}
		refuse(out, answer, reasons[answer])
	default:
		reply(out, http.StatusOK, answer)
	}
}

func (s *apiServer) namespace(out http.ResponseWriter, name string) {
	s.mutex.Lock()
	s.looked = append(s.looked, name)
	s.mutex.Unlock()
	answer := metav1.PartialObjectMetadata{
		TypeMeta:   metav1.TypeMeta{APIVersion: "meta.k8s.io/v1", Kind: "PartialObjectMetadata"},
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"team": name}},
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

// create takes pods, as a dry run only.
func (s *apiServer) create(out http.ResponseWriter, in *http.Request) {
	namespace, found := strings.CutSuffix(strings.TrimPrefix(in.URL.Path, "/api/v1/namespaces/"), "/pods")
	if !found || in.URL.Query().Get("dryRun") != "All" {
		refuse(out, http.StatusMethodNotAllowed, metav1.StatusReasonMethodNotAllowed)
		return
	}
	if message := s.refusals[namespace]; message != "" {
		reply(out, http.StatusInternalServerError, metav1.Status{
			TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}, Status: metav1.StatusFailure,
			Code: http.StatusInternalServerError, Reason: metav1.StatusReasonInternalError, Message: message,
		})
		return
	}
	reply(out, http.StatusCreated, map[string]any{"apiVersion": "v1", "kind": "Pod"})
}

func (s *apiServer) review(out http.ResponseWriter, in *http.Request) {
	var review authorizationv1.SelfSubjectAccessReview
	if err := json.NewDecoder(in.Body).Decode(&review); err != nil || s.broken {
		refuse(out, http.StatusInternalServerError, metav1.StatusReasonInternalError)
		return
	}
	attributes := review.Spec.ResourceAttributes
	asked := need{
		verb: attributes.Verb, group: attributes.Group, resource: attributes.Resource,
		namespace: attributes.Namespace, name: attributes.Name,
	}.String()
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
func use(resource, namespace string, names ...string) Use {
	parsed := schema.ParseGroupResource(resource)
	use := Use{Resource: parsed.WithVersion("v1"), Namespace: namespace}
	for _, name := range names {
		use.Objects = append(use.Objects, Object{Name: name})
	}
	return use
}

// only runs one check and gives its results, which must bear its name.
func only(t *testing.T, name string, subject Subject) []Result {
	t.Helper()
	subject.Skip = map[string]bool{}
	for _, other := range Names() {
		subject.Skip[other] = other != name
	}
	results, err := Run(t.Context(), subject)
	if err != nil {
		t.Fatal(err)
	}
	if len(results) == 0 {
		t.Fatal("there is no result at all")
	}
	for _, result := range results {
		if result.Name != name {
			t.Errorf("%+v is not of the check %s", result, name)
		}
		if (result.Verdict == Pass || result.Verdict == Unknown) != (result.Remedy == "") {
			t.Errorf("%+v has a remedy too many, or none", result)
		}
	}
	return results
}

// verdicts gives the results in one line each: "fail: no such thing".
func verdicts(results []Result) []string {
	var lines []string
	for _, result := range results {
		lines = append(lines, string(result.Verdict)+": "+result.Message)
	}
	return lines
}
