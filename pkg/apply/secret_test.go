package apply

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/fakeapi"
)

// said is what a server answers, with causes: triples of a type, a field and a
// message.
func said(code int32, reason metav1.StatusReason, message string, causes ...string) error {
	status := fakeapi.Failure(code, reason, message)
	status.Details = &metav1.StatusDetails{Kind: "Secret", Name: "a"}
	for i := 0; i < len(causes); i += 3 {
		status.Details.Causes = append(status.Details.Causes, metav1.StatusCause{Type: metav1.CauseType(causes[i]), Field: causes[i+1], Message: causes[i+2]})
	}
	return &apierrors.StatusError{ErrStatus: status}
}

const value = "hunter2-424242424242"

// TestRefusalOfSecret has the server repeat a value in every way that it knows.
func TestRefusalOfSecret(t *testing.T) {
	object := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "Secret"}}
	target := Target{Ref: event.Object{Kind: "Secret", Namespace: "mesh", Name: "a"}, Object: object, Source: "demo.yaml, document 1 (line 1)"}
	const leftOut = "details are omitted because they may contain values of the Secret"
	for _, test := range []struct {
		name string
		err  error
		want string
	}{
		{"a number", said(500, "", "failed to create typed patch object (mesh/a; /v1, Kind=Secret): .data.password: expected string, got &value.valueUnstructured{Value:"+value+"}"), ".data.password: expected string"},
		{"no base64", said(400, metav1.StatusReasonBadRequest, `Secret in version "v1" cannot be handled as a Secret: illegal base64 data at input byte 7 of `+value), "illegal base64 data at input byte 7"},
		{"another type", said(400, metav1.StatusReasonBadRequest, "json: cannot unmarshal number "+value+" into Go struct field Secret.data of type []uint8"), "cannot unmarshal number; into Go struct field Secret.data"},
		{"unknown field", said(500, "", ".password: field not declared in schema: "+value), ".password: field not declared in schema"},
		{"an invalid value", said(422, metav1.StatusReasonInvalid, `Secret "a" is invalid: data[.dockerconfigjson]: Invalid value: "`+value+`": invalid character`, "FieldValueInvalid", "data[.dockerconfigjson]", `Invalid value: "`+value+`": invalid character 'h'`), "data[.dockerconfigjson]: invalid value"},
		{"a type that is required", said(422, metav1.StatusReasonInvalid, "no: "+value, "FieldValueRequired", "data[tls.crt]", "Required value"), "data[tls.crt]: required value"},
		{"immutable", said(422, metav1.StatusReasonInvalid, "Secret \"a\" is invalid: data: Forbidden: field is immutable when `immutable` is set: "+value, "FieldValueForbidden", "data", "Forbidden: field is immutable when `immutable` is set"), "field is immutable when `immutable` is set"},
		{"role", said(403, metav1.StatusReasonForbidden, `secrets "a" is forbidden: User "https://id.example.com#jane doe" cannot patch resource "secrets" in API group "" in the namespace "mesh"`), `secrets "a" is forbidden: User "https://id.example.com#jane doe" cannot patch resource "secrets" in API group "" in the namespace "mesh"`},
		{"policy", said(403, metav1.StatusReasonForbidden, `secrets "a" is forbidden: ValidatingAdmissionPolicy 'weak' with binding 'all' denied request: `+value+" is weak", "", "", "ValidatingAdmissionPolicy 'weak' with binding 'all' denied request: "+value), "ValidatingAdmissionPolicy 'weak' with binding 'all' denied request"},
		{"webhook", said(400, "", `admission webhook "weak.example.com" denied the request: `+value), `admission webhook "weak.example.com" denied the request`},
		{"anything", said(418, "ReasonOfMine", value, value, "x "+value, value), "the API server answered 418 ReasonOfMine; " + leftOut},
		{"a hostile reason", said(403, "\x1b "+value, value), "the API server answered 403 ; " + leftOut},
		{"conflict", conflict(`conflict with "kubectl" using v1`, ".data.password"), `"kubectl" owns .data.password`},
		{"no answer", errors.New("connection refused"), "connection refused"},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := (&Engine{}).refusal(target, test.err)
			if got := err.Error(); !strings.HasPrefix(got, "demo.yaml, document 1 (line 1): secret mesh/a: "+test.want) || strings.Contains(got, value) {
				t.Errorf("the error is\n%s, want\n%s", got, test.want)
			}
			var status apierrors.APIStatus
			if errors.As(test.err, &status) {
				code := status.Status().Code
				if !errors.As(err, &status) && test.name != "conflict" {
					t.Fatalf("%v is no status", err)
				}
				if status.Status().Code != code || strings.Contains(fmt.Sprintf("%+v", status.Status()), value) {
					t.Errorf("the status is %+v", status.Status())
				}
			}
		})
	}
	// What is no Secret of Kubernetes' own is told in full.
	for _, ref := range []event.Object{{Kind: "ConfigMap", Name: "a"}, {Group: "example.com", Kind: "Secret", Name: "a"}} {
		if err := (&Engine{}).refusal(Target{Ref: ref}, said(http.StatusBadRequest, "", value)); !strings.Contains(err.Error(), value) {
			t.Errorf("the error is %v", err)
		}
	}
}

// FuzzRefusalOfSecret has the server put a value into anything.
func FuzzRefusalOfSecret(f *testing.F) {
	f.Add("", "", "", "")
	f.Add(".data.password: expected string, got ", `"`, "FieldValueInvalid", "data")
	f.Add(`secrets "a" is forbidden: User "a" cannot patch `, "", "", "")
	f.Add("illegal base64 data at input byte 1", ": ", "FieldValueForbidden", "data")
	f.Fuzz(func(t *testing.T, before, after, kind, field string) {
		const mark = "?S3CR3T?" // which no name of a field, a policy or a webhook has
		if strings.Contains(before, `User "`) && !strings.Contains(after, `User "`) {
			t.Skip() // the name of a user may be anything
		}
		err := (&Engine{}).refusal(Target{Ref: event.Object{Kind: "Secret"}}, said(400, metav1.StatusReason(before), before+mark+after, kind, before+mark+field, before+mark+after))
		if strings.Contains(err.Error(), mark) && kind != string(metav1.CauseTypeFieldManagerConflict) {
			t.Errorf("the error is %q", err)
		}
	})
}
