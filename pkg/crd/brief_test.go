package crd

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
)

func definition() *apiextensions.CustomResourceDefinition {
	return &apiextensions.CustomResourceDefinition{
		TypeMeta: metav1.TypeMeta{APIVersion: "apiextensions.k8s.io/v1", Kind: "CustomResourceDefinition"},
		ObjectMeta: metav1.ObjectMeta{
			Name: "things.example.org", UID: "1", ResourceVersion: "7", Generation: 2,
			ManagedFields: []metav1.ManagedFieldsEntry{{Manager: "somebody", Operation: "Apply", FieldsV1: metav1.NewFieldsV1(`{"f:spec":{}}`)}},
		},
		Spec: apiextensions.CustomResourceDefinitionSpec{
			Group: "example.org", Names: apiextensions.CustomResourceDefinitionNames{Kind: "Thing"},
			Versions: []apiextensions.CustomResourceDefinitionVersion{{
				Name: "v1", Served: true,
				Schema:                   &apiextensions.CustomResourceValidation{OpenAPIV3Schema: &apiextensions.JSONSchemaProps{Type: "object"}},
				AdditionalPrinterColumns: []apiextensions.CustomResourceColumnDefinition{{Name: "Age"}},
			}},
		},
		Status: apiextensions.CustomResourceDefinitionStatus{Conditions: []apiextensions.CustomResourceDefinitionCondition{
			{Type: apiextensions.NamesAccepted, Status: apiextensions.ConditionTrue},
		}},
	}
}

// server answers as an API server does: in protobuf to those who take it.
func server(t *testing.T, speaks string) (*rest.Config, *http.Client) {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := apiextensions.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	metav1.AddToGroupVersion(scheme, schema.GroupVersion{Version: "v1"})
	write := func(w http.ResponseWriter, code int, object runtime.Object) {
		w.Header().Set("Content-Type", speaks)
		w.WriteHeader(code)
		if speaks == runtime.ContentTypeJSON {
			_ = json.NewEncoder(w).Encode(object)
			return
		}
		if err := protobuf.NewSerializer(scheme, scheme).Encode(object, w); err != nil {
			t.Error(err)
		}
	}
	found := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if accepted := r.Header.Get("Accept"); !strings.HasPrefix(accepted, runtime.ContentTypeProtobuf) {
			t.Errorf("%s %s accepts %q", r.Method, r.URL, accepted)
		}
		switch {
		case strings.HasSuffix(r.URL.Path, "/absent"):
			write(w, http.StatusNotFound, &metav1.Status{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}, Status: "Failure", Reason: metav1.StatusReasonNotFound, Code: 404})
		case r.URL.Query().Get("watch") != "":
			w.Header().Set("Content-Type", "application/vnd.kubernetes.protobuf;stream=watch")
			inner := runtime.RawExtension{}
			raw := &strings.Builder{}
			if err := protobuf.NewSerializer(scheme, scheme).Encode(definition(), raw); err != nil {
				t.Error(err)
			}
			inner.Raw = []byte(raw.String())
			frame := protobuf.LengthDelimitedFramer.NewFrameWriter(w)
			if err := protobuf.NewRawSerializer(scheme, scheme).Encode(&metav1.WatchEvent{Type: "MODIFIED", Object: inner}, frame); err != nil {
				t.Error(err)
			}
		case r.Method == http.MethodPost:
			var sent map[string]any
			if err := json.NewDecoder(r.Body).Decode(&sent); err != nil || r.Header.Get("Content-Type") != runtime.ContentTypeJSON {
				t.Errorf("%s is sent, %v", r.Header.Get("Content-Type"), err)
			}
			write(w, http.StatusCreated, definition())
		case strings.HasSuffix(r.URL.Path, "/customresourcedefinitions"):
			write(w, http.StatusOK, &apiextensions.CustomResourceDefinitionList{
				TypeMeta: metav1.TypeMeta{APIVersion: "apiextensions.k8s.io/v1", Kind: "CustomResourceDefinitionList"},
				ListMeta: metav1.ListMeta{ResourceVersion: "8"}, Items: []apiextensions.CustomResourceDefinition{*definition()},
			})
		default:
			write(w, http.StatusOK, definition())
		}
	}))
	t.Cleanup(found.Close)
	return &rest.Config{Host: found.URL}, found.Client()
}

// clients gives a client of a server, and the brief one that is made of it.
func clients(t *testing.T, speaks string) (plain, client dynamic.Interface) {
	t.Helper()
	config, through := server(t, speaks)
	plain, err := dynamic.NewForConfigAndClient(config, through)
	if err != nil {
		t.Fatal(err)
	}
	client, err = Brief(plain, config, through)
	if err != nil {
		t.Fatal(err)
	}
	return plain, client
}

// TestBrief reads and writes definitions, from a server that speaks protobuf
// and from one behind something that does not.
func TestBrief(t *testing.T) {
	short := definition()
	short.Spec.Versions[0].Schema, short.Spec.Versions[0].AdditionalPrinterColumns = nil, nil
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(short)
	if err != nil {
		t.Fatal(err)
	}
	want := &unstructured.Unstructured{Object: fields}
	for _, speaks := range []string{runtime.ContentTypeProtobuf, runtime.ContentTypeJSON} {
		t.Run(speaks, func(t *testing.T) {
			_, client := clients(t, speaks)
			definitions := client.Resource(Resource)
			got, err := definitions.Get(t.Context(), "things.example.org", metav1.GetOptions{})
			same(t, "get", got, want, err)
			got, err = definitions.Patch(t.Context(), "things.example.org", types.ApplyPatchType, []byte("{}"), metav1.PatchOptions{})
			same(t, "patch", got, want, err)
			got, err = definitions.Create(t.Context(), want, metav1.CreateOptions{})
			same(t, "create", got, want, err)
			list, err := definitions.List(t.Context(), metav1.ListOptions{})
			if err != nil || len(list.Items) != 1 || list.GetResourceVersion() != "8" {
				t.Fatalf("list: %v, %v", list, err)
			}
			same(t, "list", &list.Items[0], want, nil)
			if _, err := definitions.Get(t.Context(), "absent", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
				t.Errorf("absent: %v", err)
			}
		})
	}
}

// TestBriefWatch watches definitions.
func TestBriefWatch(t *testing.T) {
	_, client := clients(t, runtime.ContentTypeProtobuf)
	watching, err := client.Resource(Resource).Watch(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer watching.Stop()
	seen := <-watching.ResultChan()
	object, ok := seen.Object.(*unstructured.Unstructured)
	if seen.Type != watch.Modified || !ok {
		t.Fatalf("%v %v", seen.Type, seen.Object)
	}
	versions, _, _ := unstructured.NestedSlice(object.Object, "spec", "versions")
	if object.GetName() != "things.example.org" || len(versions) != 1 || versions[0].(map[string]any)["schema"] != nil || object.Object["status"] == nil {
		t.Errorf("%v", object)
	}
}

// TestBriefOthers leaves all other kinds to the client that it is given.
func TestBriefOthers(t *testing.T) {
	plain, client := clients(t, runtime.ContentTypeProtobuf)
	pods := schema.GroupVersionResource{Version: "v1", Resource: "pods"}
	if got, want := client.Resource(pods), plain.Resource(pods); !reflect.DeepEqual(got, want) {
		t.Errorf("%v instead of %v", got, want)
	}
}

func same(t *testing.T, what string, got, want *unstructured.Unstructured, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	if !reflect.DeepEqual(got.Object, want.Object) {
		t.Errorf("%s:\n%v\ninstead of\n%v", what, got.Object, want.Object)
	}
}
