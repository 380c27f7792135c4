package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/bench/report"
)

// bare is the least that an install can be, which shows how much of the time is
// the API server's: the same objects, encoded beforehand and sent all at once
// over one connection. Nothing is rendered, looked at or checked, and nothing
// remembers what was installed.
type bare struct {
	// Home is the namespace, which most of the others need.
	Home    request   `json:"home"`
	Rest    []request `json:"rest"`
	Awaited []awaited `json:"awaited"`
}

// request is an object as server-side apply gets it.
type request struct {
	Path string          `json:"path"`
	Body json.RawMessage `json:"body"`
}

// awaited are objects of a kind that get a condition.
type awaited struct {
	Path      string `json:"path"`
	Condition string `json:"condition"`
	Count     int    `json:"count"`
}

// conditions are what the kinds get that are waited for.
var conditions = map[string]string{"CustomResourceDefinition": "Established", "Deployment": "Available"}

// bareContenders write down what is to be sent, and give what sends it: once
// until all definitions are served and all Deployments available, and once
// until the Deployments are.
func (l *lab) bareContenders(rendered []byte) ([]contender, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	var contenders []contender
	for _, until := range []struct {
		name  string
		kinds []string
	}{
		{report.Bare, []string{"CustomResourceDefinition", "Deployment"}},
		{report.BareRunning, []string{"Deployment"}},
	} {
		prepared, err := prepare(rendered, until.kinds)
		if err != nil {
			return nil, err
		}
		data, err := json.Marshal(prepared)
		if err != nil {
			return nil, err
		}
		file := filepath.Join(l.dir, fmt.Sprintf("bare-%d.json", len(until.kinds)))
		if err := os.WriteFile(file, data, 0o644); err != nil {
			return nil, err
		}
		contenders = append(contenders, contender{name: until.name, install: []step{{self, "bare", file}}})
	}
	return contenders, nil
}

// prepare encodes the objects of a manifest, and has those of some kinds
// awaited. All kinds are Kubernetes' own.
func prepare(manifest []byte, kinds []string) (*bare, error) {
	found := map[string]*awaited{}
	prepared := &bare{}
	for documents := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(manifest), 4096); ; {
		object := &unstructured.Unstructured{}
		err := documents.Decode(&object.Object)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if len(object.Object) == 0 {
			continue
		}
		body, err := object.MarshalJSON()
		if err != nil {
			return nil, err
		}
		place := placeOf(object)
		one := request{place + "/" + object.GetName(), body}
		if object.GetKind() == "Namespace" {
			prepared.Home = one
			continue
		}
		prepared.Rest = append(prepared.Rest, one)
		if found[object.GetKind()] == nil {
			found[object.GetKind()] = &awaited{Path: place, Condition: conditions[object.GetKind()]}
		}
		found[object.GetKind()].Count++
	}
	for _, kind := range kinds {
		if found[kind] == nil {
			return nil, fmt.Errorf("the manifest has no %s", kind)
		}
		prepared.Awaited = append(prepared.Awaited, *found[kind])
	}
	return prepared, nil
}

// placeOf gives the path of an object's kind in its namespace.
func placeOf(object *unstructured.Unstructured) string {
	kind := object.GroupVersionKind()
	resource, _ := meta.UnsafeGuessKindToResource(kind)
	path := "/apis/" + kind.GroupVersion().String()
	if kind.Group == "" {
		path = "/api/" + kind.Version
	}
	if namespace := object.GetNamespace(); namespace != "" {
		path += "/namespaces/" + namespace
	}
	return path + "/" + resource.Resource
}

// sendBare sends what a file has to the cluster of the kubeconfig, and waits.
func sendBare(ctx context.Context, file string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var prepared bare
	if err := json.Unmarshal(data, &prepared); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(clientcmd.NewDefaultClientConfigLoadingRules(), nil).ClientConfig()
	if err != nil {
		return err
	}
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		return err
	}
	s := sender{client, config.Host}
	if err := s.apply(ctx, prepared.Home); err != nil {
		return err
	}
	all, ctx := errgroup.WithContext(ctx)
	for _, kind := range prepared.Awaited {
		all.Go(func() error { return s.await(ctx, kind) })
	}
	for _, object := range prepared.Rest {
		all.Go(func() error { return s.apply(ctx, object) })
	}
	return all.Wait()
}

// sender has a connection to a server.
type sender struct {
	client *http.Client
	server string
}

// apply sends an object.
func (s sender) apply(ctx context.Context, object request) error {
	url := s.server + object.Path + "?force=true&fieldManager=bare&fieldValidation=Ignore"
	sent, err := http.NewRequestWithContext(ctx, http.MethodPatch, url, bytes.NewReader(object.Body))
	if err != nil {
		return err
	}
	sent.Header.Set("Content-Type", string(types.ApplyPatchType))
	answer, err := s.client.Do(sent)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode >= http.StatusMultipleChoices {
		return fmt.Errorf("%s: %s: %s", object.Path, answer.Status, bytes.TrimSpace(text))
	}
	return nil
}

// await watches a kind until so many of it have the condition.
func (s sender) await(ctx context.Context, kind awaited) error {
	sent, err := http.NewRequestWithContext(ctx, http.MethodGet, s.server+kind.Path+"?watch=true", http.NoBody)
	if err != nil {
		return err
	}
	answer, err := s.client.Do(sent)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", kind.Path, answer.Status)
	}
	return kind.meet(answer.Body)
}

// meet reads events until so many objects have the condition.
func (a awaited) meet(events io.Reader) error {
	met := map[string]bool{}
	for decoder := json.NewDecoder(events); len(met) < a.Count; {
		var event struct {
			Object struct {
				Metadata struct{ Name string }
				Status   struct {
					Conditions []struct{ Type, Status string }
				}
			}
		}
		if err := decoder.Decode(&event); err != nil {
			return fmt.Errorf("%s: %d of %d are %s: %w", a.Path, len(met), a.Count, a.Condition, err)
		}
		for _, condition := range event.Object.Status.Conditions {
			if condition.Type == a.Condition && condition.Status == "True" {
				met[event.Object.Metadata.Name] = true
			}
		}
	}
	return nil
}
