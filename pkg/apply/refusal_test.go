package apply

import (
	"errors"
	"net/http"
	"reflect"
	"slices"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/fakeapi"
)

// conflict is what the server answers to an apply without force: pairs of a
// message and a field.
func conflict(pairs ...string) error {
	status := fakeapi.Failure(http.StatusConflict, metav1.StatusReasonConflict, "Apply failed with 2 conflicts:\n- .spec.replicas")
	status.Details = &metav1.StatusDetails{}
	for i := 0; i < len(pairs); i += 2 {
		status.Details.Causes = append(status.Details.Causes, metav1.StatusCause{
			Type:    metav1.CauseTypeFieldManagerConflict,
			Message: pairs[i],
			Field:   pairs[i+1],
		})
	}
	return &apierrors.StatusError{ErrStatus: status}
}

func TestRefusal(t *testing.T) {
	const (
		kubectl    = `conflict with "kubectl" using apps/v1 at 2026-01-01T00:00:00Z`
		controller = `conflict with "kube-controller-manager" with subresource "scale" using apps/v1`
		remedy     = "; remove these fields, or take them over with --force-conflicts"
	)
	for _, test := range []struct {
		name string
		err  error
		want string
	}{
		{"one conflict", conflict(kubectl, ".spec.replicas"), `"kubectl" owns .spec.replicas` + remedy},
		{"fields of one manager", conflict(kubectl, ".spec.replicas", kubectl, ".metadata.labels.a", kubectl, ".spec.replicas"), `"kubectl" owns .metadata.labels.a, .spec.replicas` + remedy},
		{"managers", conflict(kubectl, ".spec.b", controller, ".spec.replicas", kubectl, ".spec.a"), `"kube-controller-manager" owns .spec.replicas; "kubectl" owns .spec.a, .spec.b` + remedy},
		{"other words", conflict("conflict with somebody", ".spec.replicas"), `"conflict with somebody" owns .spec.replicas` + remedy},
		{"terminal escapes", conflict("conflict with \"\x1b[2J\"", ".spec.replicas"), `"\x1b[2J" owns .spec.replicas` + remedy},
		// Not one of fields, but of versions.
		{"conflict without fields", conflict(), "Apply failed with 2 conflicts: - .spec.replicas"},
		{"several lines", apierrors.NewBadRequest("strict decoding error:\n\tunknown field"), "strict decoding error: unknown field"},
		{"no status", errors.New("connection refused"), "connection refused"},
	} {
		t.Run(test.name, func(t *testing.T) {
			const prefix = "demo.yaml, document 1 (line 1): deployment istio-system/a: "
			// Often, because the order of a map is another one each time.
			for range 20 {
				if err := (&Engine{}).refusal(deployment("a"), test.err); err.Error() != prefix+test.want {
					t.Fatalf("the error is\n%s, want\n%s%s", err, prefix, test.want)
				}
			}
		})
	}
}

// TestRefusalFields gives everything apart that the line says: what callers make
// of a refusal must not depend on its words.
func TestRefusalFields(t *testing.T) {
	cause := conflict(`conflict with "kubectl"`, ".spec.b", `conflict with "argo; cd"`, ".spec.replicas", `conflict with "kubectl"`, ".spec.a")
	target := deployment("a")
	target.Source = "a; b.yaml"
	var refused *RefusalError
	if err := (&Engine{}).refusal(target, cause); !errors.As(err, &refused) || !errors.Is(err, cause) {
		t.Fatalf("%v does not wrap its cause", err)
	}
	want := &RefusalError{
		Source: "a; b.yaml", Ref: target.Ref, Err: cause,
		Message:   `"argo; cd" owns .spec.replicas; "kubectl" owns .spec.a, .spec.b`,
		Remedy:    "remove these fields, or take them over with --force-conflicts",
		Conflicts: []Conflict{{"argo; cd", []string{".spec.replicas"}}, {"kubectl", []string{".spec.a", ".spec.b"}}},
	}
	if !reflect.DeepEqual(refused, want) {
		t.Errorf("the refusal is\n%+v, want\n%+v", refused, want)
	}
	// Nobody can leave a field out of what is built in.
	if err := (&Engine{BuiltIn: true}).refusal(target, cause); !errors.As(err, &refused) ||
		refused.Remedy != "reset .spec.a, .spec.b, .spec.replicas to the built-in value with --force-conflicts" {
		t.Errorf("the refusal is %v", err)
	}
}

// TestRefusals finds those that were joined, in their order.
func TestRefusals(t *testing.T) {
	one, two := &RefusalError{Message: "one"}, &RefusalError{Message: "two"}
	err := errors.Join(errors.New("ended"), errors.Join(one, nil, two))
	if got := Refusals(err); !slices.Equal(got, []*RefusalError{one, two}) {
		t.Errorf("the refusals are %v", got)
	}
	if got := Refusals(nil); got != nil {
		t.Errorf("nothing is refused, but %v", got)
	}
}

// TestRefusalKeepsReason lets callers ask what kind of refusal it was.
func TestRefusalKeepsReason(t *testing.T) {
	cause := apierrors.NewBadRequest("no")
	if err := (&Engine{}).refusal(deployment("a"), cause); !errors.Is(err, cause) || !apierrors.IsBadRequest(err) {
		t.Errorf("%v does not wrap its cause", err)
	}
}

func TestConflictsOf(t *testing.T) {
	invalid := conflict(`conflict with "kubectl" using apps/v1`, ".spec")
	invalid.(*apierrors.StatusError).ErrStatus.Reason = metav1.StatusReasonInvalid
	invalid.(*apierrors.StatusError).ErrStatus.Code = http.StatusUnprocessableEntity
	foreign := conflict("the UID differs", "metadata.uid")
	foreign.(*apierrors.StatusError).ErrStatus.Details.Causes[0].Type = metav1.CauseTypeFieldValueInvalid
	withoutDetails := &apierrors.StatusError{ErrStatus: fakeapi.Failure(http.StatusConflict, metav1.StatusReasonConflict, "no")}
	for name, err := range map[string]error{
		"no error of the server":   errors.New("no"),
		"no conflict":              invalid,
		"conflict of another kind": foreign,
		"no details":               withoutDetails,
	} {
		if got := conflictsOf(err); got != nil {
			t.Errorf("%s: %v", name, got)
		}
	}
}
