package answer_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	typed "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/answer"
)

var (
	configMaps = schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}
	namespaces = schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}
	gateways   = schema.GroupVersionResource{Group: "networking.istio.io", Version: "v1", Resource: "gateways"}
)

// kindOf knows the core, as the program does.
func kindOf(resource schema.GroupVersionResource) string {
	return map[schema.GroupVersionResource]string{configMaps: "ConfigMap", namespaces: "Namespace"}[resource]
}

// clients are those of a server that gives the same answer to everything.
type clients struct {
	dynamic  dynamic.Interface
	metadata metadata.Interface
	core     typed.CoreV1Interface
	paths    []string
}

func answering(t *testing.T, body string) *clients {
	t.Helper()
	all := &clients{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		all.paths = append(all.paths, request.URL.Path)
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, body)
	}))
	t.Cleanup(server.Close)
	config := &rest.Config{Host: server.URL}
	whole, err := dynamic.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	meta, err := metadata.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	core, err := typed.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	all.dynamic, all.metadata, all.core = answer.Dynamic(whole, kindOf), answer.Metadata(meta), answer.Core(core)
	return all
}

// object gives one in JSON.
func object(kind, namespace, name string) string {
	version := "v1"
	if kind == "Gateway" || kind == "VirtualService" {
		version = "networking.istio.io/v1"
	}
	return fmt.Sprintf(`{"apiVersion":%q,"kind":%q,"metadata":{"namespace":%q,"name":%s}}`, version, kind, namespace, quoted(name))
}

func quoted(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\x00", `\u0000`, "\u202e", `\u202e`).Replace(text) + `"`
}

func untyped(kind, namespace, name string) *unstructured.Unstructured {
	object := &unstructured.Unstructured{}
	object.SetAPIVersion("v1")
	object.SetKind(kind)
	object.SetNamespace(namespace)
	object.SetName(name)
	return object
}

// ways are the requests for configmap a/b.
var ways = map[string]func(context.Context, *clients) error{
	"get": func(ctx context.Context, c *clients) error {
		_, err := c.dynamic.Resource(configMaps).Namespace("a").Get(ctx, "b", metav1.GetOptions{})
		return err
	},
	"apply": func(ctx context.Context, c *clients) error {
		_, err := c.dynamic.Resource(configMaps).Namespace("a").Apply(ctx, "b", untyped("ConfigMap", "a", "b"), metav1.ApplyOptions{FieldManager: "x"})
		return err
	},
	"apply by patch": func(ctx context.Context, c *clients) error {
		_, err := c.dynamic.Resource(configMaps).Namespace("a").Patch(ctx, "b", types.ApplyPatchType, []byte(object("ConfigMap", "a", "b")), metav1.PatchOptions{})
		return err
	},
	"patch": func(ctx context.Context, c *clients) error {
		_, err := c.dynamic.Resource(configMaps).Namespace("a").Patch(ctx, "b", types.MergePatchType, []byte(`{}`), metav1.PatchOptions{})
		return err
	},
	"create": func(ctx context.Context, c *clients) error {
		_, err := c.dynamic.Resource(configMaps).Namespace("a").Create(ctx, untyped("ConfigMap", "a", "b"), metav1.CreateOptions{})
		return err
	},
	"update": func(ctx context.Context, c *clients) error {
		_, err := c.dynamic.Resource(configMaps).Namespace("a").Update(ctx, untyped("ConfigMap", "a", "b"), metav1.UpdateOptions{})
		return err
	},
	"typed get": func(ctx context.Context, c *clients) error {
		_, err := c.core.ConfigMaps("a").Get(ctx, "b", metav1.GetOptions{})
		return err
	},
	"typed patch": func(ctx context.Context, c *clients) error {
		_, err := c.core.ConfigMaps("a").Patch(ctx, "b", types.ApplyPatchType, []byte(`{}`), metav1.PatchOptions{})
		return err
	},
	"typed create": func(ctx context.Context, c *clients) error {
		_, err := c.core.ConfigMaps("a").Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "b"}}, metav1.CreateOptions{})
		return err
	},
	"metadata": func(ctx context.Context, c *clients) error {
		_, err := c.metadata.Resource(configMaps).Namespace("a").Get(ctx, "b", metav1.GetOptions{})
		return err
	},
	"metadata patch": func(ctx context.Context, c *clients) error {
		_, err := c.metadata.Resource(configMaps).Namespace("a").Patch(ctx, "b", types.JSONPatchType, []byte(`[]`), metav1.PatchOptions{})
		return err
	},
}

// TestAnotherObject has each way of asking for one object answered with others.
func TestAnotherObject(t *testing.T) {
	for way, ask := range ways {
		for _, test := range []struct{ answered, want string }{
			{object("ConfigMap", "a", "b"), ""},
			{object("ConfigMap", "x", "b"), "x/b"},
			{object("ConfigMap", "a", "y"), "a/y"},
			{object("ConfigMap", "", "b"), "b"},
			{object("ConfigMap", "a", ""), "without a name"},
			{object("ConfigMap", "a", "/../../../x"), "a//../../../x"},
			{object("ConfigMap", "a", "b\n\x00\u202e"), `"a/b\n\x00\u202e"`},
			{object("ConfigMap", "a", strings.Repeat("b", 9000)), "a/" + strings.Repeat("b", 318) + "..."},
			{`{"apiVersion":"v1","kind":"ConfigMap"}`, ""},
		} {
			if strings.HasPrefix(way, "metadata") {
				test.answered = strings.NewReplacer(`"v1"`, `"meta.k8s.io/v1"`, `"ConfigMap"`, `"PartialObjectMetadata"`).Replace(test.answered)
			}
			err := ask(t.Context(), answering(t, test.answered))
			nameless := !strings.Contains(test.answered, "metadata\":")
			switch {
			case test.want == "" && !nameless:
				if err != nil {
					t.Errorf("%s: %s is refused: %v", way, test.answered, err)
				}
			case err == nil || !answer.IsOther(err) || strings.ContainsAny(err.Error(), "\n\x00\u202e") || len(err.Error()) > 500:
				t.Errorf("%s: the error for %.200s is %v", way, test.answered, err)
			case !strings.Contains(err.Error(), "the API server returned ") || !strings.Contains(err.Error(), test.want):
				t.Errorf("%s: the error for %.200s is %v", way, test.answered, err)
			}
		}
	}
}

// TestAnotherKind has the kind differ, which the metadata alone do not have.
func TestAnotherKind(t *testing.T) {
	for way, ask := range ways {
		if strings.HasPrefix(way, "metadata") {
			continue
		}
		err := ask(t.Context(), answering(t, object("Secret", "a", "b")))
		if !answer.IsOther(err) {
			t.Errorf("%s: the error is %v", way, err)
		}
	}
	for _, test := range []struct {
		answered string
		refused  bool
	}{
		{object("Gateway", "a", "b"), false},
		// Nobody knows here what the kinds of others are called.
		{object("VirtualService", "a", "b"), false},
		{object("Secret", "a", "b"), true},
	} {
		_, err := answering(t, test.answered).dynamic.Resource(gateways).Namespace("a").Get(t.Context(), "b", metav1.GetOptions{})
		if answer.IsOther(err) != test.refused {
			t.Errorf("the error for %s is %v", test.answered, err)
		}
	}
	scale := strings.Replace(object("Scale", "a", "b"), `"v1"`, `"autoscaling/v1"`, 1)
	if _, err := answering(t, scale).dynamic.Resource(configMaps).Namespace("a").Get(t.Context(), "b", metav1.GetOptions{}, "scale"); err != nil {
		t.Errorf("a subresource is refused: %v", err)
	}
	written := untyped("Gateway", "a", "b")
	written.SetAPIVersion("networking.istio.io/v1")
	client := answering(t, object("VirtualService", "a", "b")).dynamic.Resource(gateways).Namespace("a")
	if _, err := client.Apply(t.Context(), "b", written, metav1.ApplyOptions{FieldManager: "x"}); !answer.IsOther(err) {
		t.Errorf("another kind than was applied: %v", err)
	}
	body := []byte(`{"metadata":{"kind":"VirtualService"},"kind":"Gateway"}`)
	if _, err := client.Patch(t.Context(), "b", types.ApplyPatchType, body, metav1.PatchOptions{}); !answer.IsOther(err) {
		t.Errorf("another kind than was applied: %v", err)
	}
}

func TestMessage(t *testing.T) {
	const asked = " instead of configmap a/b"
	for answered, want := range map[string]string{
		object("ConfigMap", "x", "y"): "the API server returned configmap x/y" + asked,
		object("Secret", "a", "b"):    "the API server returned secret a/b" + asked,
		object("ConfigMap", "", ""):   "the API server returned a configmap without a name" + asked,
	} {
		if err := ways["get"](t.Context(), answering(t, answered)); err == nil || err.Error() != want {
			t.Errorf("the error is\n%v\nwant\n%s", err, want)
		}
	}
	_, err := answering(t, object("Namespace", "", "y")).dynamic.Resource(namespaces).Get(t.Context(), "a", metav1.GetOptions{})
	if want := "the API server returned namespace y instead of namespace a"; err == nil || err.Error() != want {
		t.Errorf("the error is\n%v\nwant\n%s", err, want)
	}
}

// TestLists has items of other namespaces, and of names that lead elsewhere
// when they are asked for.
func TestLists(t *testing.T) {
	lists := map[string]func(context.Context, *clients, string) error{
		"dynamic": func(ctx context.Context, c *clients, namespace string) error {
			_, err := c.dynamic.Resource(configMaps).Namespace(namespace).List(ctx, metav1.ListOptions{})
			return err
		},
		"metadata": func(ctx context.Context, c *clients, namespace string) error {
			_, err := c.metadata.Resource(configMaps).Namespace(namespace).List(ctx, metav1.ListOptions{})
			return err
		},
		"typed": func(ctx context.Context, c *clients, namespace string) error {
			_, err := c.core.ConfigMaps(namespace).List(ctx, metav1.ListOptions{})
			return err
		},
	}
	for way, list := range lists {
		for _, test := range []struct{ asked, namespace, name, want string }{
			{"a", "a", "b", ""},
			{"", "x", "b", ""},
			{"", "", "b", ""},
			{"a", "x", "b", "the API server returned configmap x/b instead of configmaps in namespace a"},
			{"a", "", "b", "the API server returned configmap b instead of configmaps in namespace a"},
			{"a", "a", "", "the API server returned a configmap without a name instead of configmaps in namespace a"},
			{"a", "a", "..", "the API server returned configmap a/.. instead of configmaps in namespace a"},
			{"", "x", "../y", "the API server returned configmap x/../y instead of configmaps"},
			{"", "../x", "y", "the API server returned configmap ../x/y instead of configmaps"},
		} {
			kind, version := "ConfigMapList", "v1"
			if way == "metadata" {
				kind, version = "PartialObjectMetadataList", "meta.k8s.io/v1"
			}
			body := fmt.Sprintf(`{"apiVersion":%q,"kind":%q,"metadata":{},"items":[{"metadata":{"namespace":"a","name":"first"}},{"metadata":{"namespace":%q,"name":%q}}]}`,
				version, kind, test.namespace, test.name)
			if test.asked == "" {
				body = strings.Replace(body, `"namespace":"a",`, "", 1)
			}
			err := list(t.Context(), answering(t, body), test.asked)
			want := test.want
			if way == "metadata" {
				want = strings.NewReplacer("returned configmap ", "returned configmaps ", "a configmap ", "a configmaps ").Replace(want)
			}
			if got := fmt.Sprint(err); got != want && !(err == nil && want == "") {
				t.Errorf("%s of %q with %q and %q: %s, want %s", way, test.asked, test.namespace, test.name, got, want)
			}
		}
	}
}

// TestPaths refuses to ask for another path, which the client of metadata would.
func TestPaths(t *testing.T) {
	client := answering(t, "{}")
	everything := metav1.ListOptions{}
	for _, err := range []error{
		second(client.metadata.Resource(configMaps).Namespace("a/../..").List(t.Context(), everything)),
		second(client.metadata.Resource(configMaps).Namespace("..").Watch(t.Context(), everything)),
		second(client.metadata.Resource(configMaps).Namespace("a").Get(t.Context(), "..", metav1.GetOptions{})),
		second(client.metadata.Resource(configMaps).Namespace("a").Patch(t.Context(), "b/../c", types.MergePatchType, nil, metav1.PatchOptions{})),
		client.metadata.Resource(configMaps).Namespace("a").Delete(t.Context(), ".", metav1.DeleteOptions{}),
		client.metadata.Resource(configMaps).Namespace(".").DeleteCollection(t.Context(), metav1.DeleteOptions{}, everything),
		client.metadata.Resource(schema.GroupVersionResource{Version: "v1", Resource: "pods/.."}).Delete(t.Context(), "a", metav1.DeleteOptions{}),
	} {
		if err == nil || !strings.Contains(err.Error(), "invalid name") {
			t.Errorf("the error is %v", err)
		}
	}
	if len(client.paths) > 0 {
		t.Errorf("it asked for %q", client.paths)
	}
}

func second[T any](_ T, err error) error { return err }
