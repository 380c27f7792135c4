//go:build ignore

// The oracle tells what Kubernetes itself makes of an object in another
// version: it reads objects, one a line, from its standard input, each with
// the version that is wanted, and answers each with a line.
//
// It is built by its file's name (make oracle) and is not a package of the
// module, so that it leaves the module's file alone: what is in there decides
// whether all of the tools are built anew.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	crdinstall "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/install"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation"
	resource "k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/kubernetes/pkg/api/legacyscheme"

	_ "k8s.io/kubernetes/pkg/apis/admissionregistration/install"
	_ "k8s.io/kubernetes/pkg/apis/apps/install"
	_ "k8s.io/kubernetes/pkg/apis/authentication/install"
	_ "k8s.io/kubernetes/pkg/apis/authorization/install"
	_ "k8s.io/kubernetes/pkg/apis/autoscaling/install"
	_ "k8s.io/kubernetes/pkg/apis/batch/install"
	_ "k8s.io/kubernetes/pkg/apis/certificates/install"
	_ "k8s.io/kubernetes/pkg/apis/coordination/install"
	_ "k8s.io/kubernetes/pkg/apis/core/install"
	_ "k8s.io/kubernetes/pkg/apis/discovery/install"
	_ "k8s.io/kubernetes/pkg/apis/events/install"
	_ "k8s.io/kubernetes/pkg/apis/extensions/install"
	_ "k8s.io/kubernetes/pkg/apis/flowcontrol/install"
	_ "k8s.io/kubernetes/pkg/apis/networking/install"
	_ "k8s.io/kubernetes/pkg/apis/node/install"
	_ "k8s.io/kubernetes/pkg/apis/policy/install"
	_ "k8s.io/kubernetes/pkg/apis/rbac/install"
	_ "k8s.io/kubernetes/pkg/apis/scheduling/install"
	_ "k8s.io/kubernetes/pkg/apis/storage/install"
	_ "k8s.io/kubernetes/pkg/apis/storagemigration/install"
)

type question struct {
	Object json.RawMessage `json:"object"`
	// Version is GROUP/VERSION.
	Version string `json:"version"`
	// Strict makes a field that is not known an error.
	Strict bool `json:"strict,omitempty"`
	// Specs are those of custom resources, if the object is a definition.
	Specs []any `json:"specs,omitempty"`
}

type answer struct {
	Object json.RawMessage `json:"object,omitempty"`
	Error  string          `json:"error,omitempty"`
	// Accepts tells for each of the specs whether the definition does.
	Accepts []bool `json:"accepts,omitempty"`
}

func main() {
	schemes := []*runtime.Scheme{runtime.NewScheme(), legacyscheme.Scheme}
	crdinstall.Install(schemes[0])
	out := bufio.NewWriter(os.Stdout)
	decoder, encoder := json.NewDecoder(bufio.NewReader(os.Stdin)), json.NewEncoder(out)
	for decoder.More() {
		var asked question
		check(decoder.Decode(&asked))
		var told answer
		var err error
		if told.Object, err = convert(schemes, asked); err != nil {
			told = answer{Error: err.Error()}
		}
		if len(asked.Specs) > 0 {
			told = judge(schemes[0], asked)
		}
		check(encoder.Encode(told))
	}
	check(out.Flush())
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// convert does what a server does with an object that is stored in one
// version and read in another: it fills in the defaults of both.
func convert(schemes []*runtime.Scheme, asked question) (json.RawMessage, error) {
	wanted, err := schema.ParseGroupVersion(asked.Version)
	if err != nil {
		return nil, err
	}
	scheme := schemes[1]
	if wanted.Group == apiextensions.GroupName {
		scheme = schemes[0]
	}
	codecs := serializer.NewCodecFactory(scheme)
	first := codecs
	if asked.Strict {
		first = serializer.NewCodecFactory(scheme, serializer.EnableStrict)
	}
	data := []byte(asked.Object)
	for _, reader := range []serializer.CodecFactory{first, codecs} {
		internal, err := runtime.Decode(reader.UniversalDecoder(), data)
		if err != nil {
			return nil, err
		}
		if data, err = runtime.Encode(codecs.LegacyCodec(wanted), internal); err != nil {
			return nil, err
		}
	}
	return data, nil
}

// judge says whether a definition is valid, if it is of v1, and which custom
// resources it accepts.
func judge(scheme *runtime.Scheme, asked question) answer {
	var definition apiextensions.CustomResourceDefinition
	codecs := serializer.NewCodecFactory(scheme)
	if err := runtime.DecodeInto(codecs.UniversalDecoder(), asked.Object, &definition); err != nil {
		return answer{Error: err.Error()}
	}
	if asked.Strict {
		if errs := validation.ValidateCustomResourceDefinition(context.Background(), &definition); len(errs) > 0 {
			return answer{Error: errs.ToAggregate().Error()}
		}
	}
	schema, err := apiextensions.GetSchemaForVersion(&definition, definition.Spec.Versions[0].Name)
	if err != nil {
		return answer{Error: err.Error()}
	}
	validator, _, err := resource.NewSchemaValidator(schema.OpenAPIV3Schema)
	if err != nil {
		return answer{Error: err.Error()}
	}
	var told answer
	for _, spec := range asked.Specs {
		object := map[string]any{"apiVersion": "a/v1", "kind": "A", "metadata": map[string]any{"name": "a"}, "spec": spec}
		told.Accepts = append(told.Accepts, len(resource.ValidateCustomResource(nil, object, validator)) == 0)
	}
	return told
}
