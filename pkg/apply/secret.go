package apply

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// withoutValues returns what the server said of a Secret without what it repeats of
// the Secret's values: fields, and what is wrong with them. Errors of other kinds
// and errors that are none of the server's are given as they are. What it gives
// is still a status with its code, reason and fields.
func withoutValues(target Target, err error) error {
	var status apierrors.APIStatus
	if target.Ref.Kind != "Secret" || target.Ref.Group != "" || !errors.As(err, &status) {
		return err
	}
	said := status.Status()
	if said.Details != nil {
		details := *said.Details
		details.Causes = slices.Clone(details.Causes)
		for i, cause := range details.Causes {
			if cause.Type == metav1.CauseTypeFieldManagerConflict {
				continue // it names a manager
			}
			if causes[cause.Type] == "" {
				details.Causes[i].Type = ""
			}
			details.Causes[i].Field = fieldPath.FindString(cause.Field)
			details.Causes[i].Message = strings.Join(harmless(cause.Message), "; ")
		}
		said.Details = &details
	}
	said.Reason = metav1.StatusReason(fieldPath.FindString(string(said.Reason)))
	said.Message = faults(said, status.Status().Message)
	return &apierrors.StatusError{ErrStatus: said}
}

// faults says which fields are wrong, and in what, or at least which answer it
// was.
func faults(said metav1.Status, message string) string {
	found := harmless(message)
	if said.Details != nil {
		for _, cause := range said.Details.Causes {
			fault := cause.Message
			if fault == "" {
				fault = causes[cause.Type]
			}
			if cause.Field != "" && fault != "" && !slices.ContainsFunc(found, func(one string) bool { return strings.Contains(one, cause.Field) }) {
				found = append(found, cause.Field+": "+fault)
			}
		}
	}
	if len(found) == 0 {
		return fmt.Sprintf("the API server answered %d %s; details are omitted because they may contain values of the Secret", said.Code, said.Reason)
	}
	return strings.Join(found, "; ")
}

// causes are the types of a cause in words
// (k8s.io/apimachinery/pkg/util/validation/field).
var causes = map[metav1.CauseType]string{
	metav1.CauseTypeFieldValueNotFound:     "not found",
	metav1.CauseTypeFieldValueRequired:     "required value",
	metav1.CauseTypeFieldValueDuplicate:    "duplicate value",
	metav1.CauseTypeFieldValueInvalid:      "invalid value",
	metav1.CauseTypeFieldValueNotSupported: "unsupported value",
	metav1.CauseTypeForbidden:              "forbidden",
	metav1.CauseTypeTooLong:                "too long",
	metav1.CauseTypeTooMany:                "too many",
	metav1.CauseTypeInternal:               "internal error",
	metav1.CauseTypeTypeInvalid:            "wrong type",
}

// fieldPath is the part of a text that can be a path to a field.
var fieldPath = regexp.MustCompile(`^\.?[A-Za-z][A-Za-z0-9_.\[\]/-]*`)

// knownFault matches sentences of the server, each without what it repeats of
// values: refusals by role and by admission, of types and of fields.
var knownFault = regexp.MustCompile(strings.Join([]string{
	`secrets(?: "[a-z0-9.-]*")? is forbidden: User "[^"]*" cannot [a-z]+ resource "secrets" in API group ""(?: in the namespace "[a-z0-9-]*"| at the cluster scope)?`,
	`admission webhook "[A-Za-z0-9.-]+" denied the request`,
	`failed calling webhook "[A-Za-z0-9.-]+"`,
	`ValidatingAdmissionPolicy '[A-Za-z0-9.-]+' with binding '[A-Za-z0-9.-]+' denied request`,
	`unable to create new content in namespace [a-z0-9-]+ because it is being terminated`,
	`namespaces "[a-z0-9-]*" not found`,
	`exceeded quota: [a-z0-9.-]+`,
	`\.[A-Za-z][A-Za-z0-9_.\[\]/-]*: (?:expected [a-z]+|field not declared in schema)`,
	`unknown field "[A-Za-z0-9_.\[\]/-]+"`,
	`illegal base64 data at input byte [0-9]+`,
	`cannot unmarshal (?:number|string|bool|array|object)`,
	`into Go struct field [A-Za-z.]+`,
	`field is immutable(?: when .immutable. is set)?`,
	`field cannot be changed`,
	`Too long: may not be more than [0-9]+ bytes`,
	`the object has been modified`,
}, "|"))

// harmless returns the sentences of a message that are known, each once.
func harmless(message string) []string {
	var found []string
	for _, sentence := range knownFault.FindAllString(message, -1) {
		if !slices.Contains(found, sentence) {
			found = append(found, sentence)
		}
	}
	return found
}
