// Package inmemory has API servers without a network, for tests under the clock of
// synctest.
package inmemory

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/applyset"
)

// Server is an API server without a network, which suits the clock of
// synctest. It answers with an object, or a Status, whose code is the answer's.
type Server func(*http.Request) any

func (m Server) RoundTrip(request *http.Request) (*http.Response, error) {
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

// Config is that of a client which reaches the server in no other way.
func Config(answer func(*http.Request) any) *rest.Config {
	return &rest.Config{Host: "http://cluster.example.com", Transport: Server(answer)}
}

// Fails is a Status as the API server writes it.
func Fails(code int32, reason metav1.StatusReason, message string) metav1.Status {
	return metav1.Status{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"},
		Status:   metav1.StatusFailure, Code: code, Reason: reason, Message: message,
	}
}

// Empty is a cluster that has nothing and takes everything.
func Empty(request *http.Request) any {
	if request.Method == http.MethodGet {
		return Fails(http.StatusNotFound, metav1.StatusReasonNotFound, request.URL.Path+" not found")
	}
	var object map[string]any
	if err := json.NewDecoder(request.Body).Decode(&object); err != nil {
		return Fails(http.StatusBadRequest, metav1.StatusReasonBadRequest, err.Error())
	}
	metadata, _ := object["metadata"].(map[string]any)
	metadata["uid"], metadata["resourceVersion"] = request.URL.Path, "1"
	return object
}

// Last returns the last part of a request's path: a name.
func Last(request *http.Request) string {
	return request.URL.Path[strings.LastIndex(request.URL.Path, "/")+1:]
}

// Store is a cluster that keeps what is applied to it, and serves ConfigMaps and
// namespaces.
type Store struct {
	mutex   sync.Mutex
	objects map[string]map[string]any
}

// Answer is what the server does.
func (s *Store) Answer(request *http.Request) any {
	switch path := request.URL.Path; {
	case path == "/api":
		return metav1.APIVersions{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "APIVersions"}, Versions: []string{"v1"}}
	case path == "/apis":
		return metav1.APIGroupList{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "APIGroupList"}}
	case path == "/api/v1":
		verbs := metav1.Verbs{"get", "list", "patch", "delete"}
		return metav1.APIResourceList{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "APIResourceList"}, GroupVersion: "v1", APIResources: []metav1.APIResource{
			{Name: "configmaps", Kind: "ConfigMap", Namespaced: true, Verbs: verbs}, {Name: "namespaces", Kind: "Namespace", Verbs: verbs},
		}}
	case request.Method == http.MethodGet:
		return s.read(request)
	}
	object, is := Empty(request).(map[string]any)
	if is && request.URL.Query().Get("dryRun") == "" {
		metadata := object["metadata"].(map[string]any)
		metadata["managedFields"] = []any{map[string]any{
			"manager": request.URL.Query().Get("fieldManager"), "operation": "Apply", "fieldsType": "FieldsV1",
			"fieldsV1": map[string]any{"f:metadata": map[string]any{"f:labels": map[string]any{"f:" + applyset.PartOf: map[string]any{}}}},
		}}
		s.mutex.Lock()
		defer s.mutex.Unlock()
		if s.objects == nil {
			s.objects = map[string]map[string]any{}
		}
		s.objects[request.URL.Path] = object
	}
	return object
}

// read returns an object, or the metadata of those whose path begins with that of
// a list.
func (s *Store) read(request *http.Request) any {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if object, there := s.objects[request.URL.Path]; there {
		return object
	}
	if name := Last(request); name != "configmaps" && name != "namespaces" {
		return Empty(request)
	}
	items := []any{}
	for path, object := range s.objects {
		labels, _ := object["metadata"].(map[string]any)["labels"].(map[string]any)
		member := fmt.Sprintf("%s=%v", applyset.PartOf, labels[applyset.PartOf])
		if strings.HasPrefix(path, request.URL.Path+"/") && request.URL.Query().Get("labelSelector") == member {
			items = append(items, map[string]any{"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata", "metadata": object["metadata"]})
		}
	}
	return map[string]any{"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadataList", "metadata": map[string]any{}, "items": items}
}

// Answers answers each request, by the last part of its path, with JSON, or with 404.
func Answers(answers map[string]string) func(*http.Request) any {
	return func(request *http.Request) any {
		if answer, there := answers[Last(request)]; there {
			return json.RawMessage(answer)
		}
		return Fails(http.StatusNotFound, metav1.StatusReasonNotFound, request.URL.Path+" not found")
	}
}
