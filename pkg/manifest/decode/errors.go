package decode

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
)

// shorter leaves out what encoding/json says about Go types.
func shorter(err error) error {
	var mismatch *json.UnmarshalTypeError
	if !errors.As(err, &mismatch) {
		return err
	}
	if mismatch.Field == "" {
		return fmt.Errorf("expected a mapping, not %s", article(mismatch.Value))
	}
	return fmt.Errorf("%s must not be %s", mismatch.Field, article(mismatch.Value))
}

var yamlLine = regexp.MustCompile(`line (\d+)`)

// syntaxError turns the parser's line, counted from the document's start,
// into the file's.
func syntaxError(source manifest.Source, doc document, err error) error {
	message := Cause(err)
	found := yamlLine.FindStringSubmatch(message)
	if found == nil {
		return fmt.Errorf("%s: not valid YAML: %s", source, message)
	}
	n, _ := strconv.Atoi(found[1])
	source.Line = doc.start + n - 1
	message = strings.TrimPrefix(message, found[0]+": ")
	return fmt.Errorf("%s: not valid YAML: %s", source, message)
}

// quotedValue is what the YAML parser repeats, which may be a password, also
// where it takes that for an alias.
var quotedValue = regexp.MustCompile("(?s) `.*`|(anchor) '[^']*'")

// Cause returns what the YAML parser says in one line, without the names of the
// layers around it and without values.
func Cause(err error) string {
	err = shorter(err)
	message := strings.TrimPrefix(err.Error(), "error converting YAML to JSON: ")
	message = strings.TrimPrefix(message, "error unmarshaling JSON: while decoding JSON: ")
	message = quotedValue.ReplaceAllString(strings.TrimPrefix(message, "yaml: "), "$1")
	return strings.Join(strings.Fields(message), " ")
}

// article returns "an array", "a string".
func article(noun string) string {
	if strings.ContainsRune("aeiou", rune(noun[0])) {
		return "an " + noun
	}
	return "a " + noun
}
