// Package values knows which values Istio's charts and its mesh configuration
// take, and of which types, and finds what somebody sets in vain.
package values

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/suggest"
)

// schema has the type of each value: of a map those of its keys, of a list that
// of its elements, or one of the words below; "A|B" is one of these words.
// `make values` writes it.
//
//go:embed schema.json
var schema []byte

const (
	anything = "any"
	truth    = "bool"
	number   = "number"
)

var types = sync.OnceValues(func() (map[string]any, error) {
	var parsed map[string]any
	err := json.Unmarshal(schema, &parsed)
	return parsed, err
})

// Check returns a line for each value that no chart of Istio's takes, or not
// with this type, in the order of the keys: "pilot.traceSamplng: no such value;
// did you mean pilot.traceSampling?". What Kubernetes defines or users name is
// not looked at.
func Check(values map[string]any) ([]string, error) {
	all, err := types()
	if err != nil {
		return nil, fmt.Errorf("types of the values: %w", err)
	}
	if values["kind"] == "IstioOperator" {
		return []string{"an IstioOperator is for istioctl; give what is below its spec.values, and its spec.meshConfig as meshConfig"}, nil
	}
	c := &check{all: all}
	c.look(nil, all, values)
	return c.wrong, nil
}

// check is one look at values.
type check struct {
	all   map[string]any
	wrong []string
}

// look compares what is at a path with its type.
func (c *check) look(path []string, want, got any) {
	if got == nil || got == "" || want == anything {
		return // both unset a value
	}
	switch want := want.(type) {
	case map[string]any:
		table, is := got.(map[string]any)
		if !is {
			c.mistyped(path, "a map")
			return
		}
		for _, key := range slices.Sorted(maps.Keys(table)) {
			if below, known := field(path, want, key); known {
				c.look(append(path[:len(path):len(path)], key), below, table[key])
			} else {
				c.unknown(path, want, key, table[key])
			}
		}
	case []any:
		list, is := got.([]any)
		if !is {
			c.mistyped(path, "a list")
			return
		}
		for n, element := range list {
			at := fmt.Sprintf("%s[%d]", path[len(path)-1], n)
			c.look(append(path[:len(path)-1:len(path)-1], at), want[0], element)
		}
	case string:
		c.lookAtWord(path, want, got)
	}
}

// field returns the type of a key. istiod takes the names of the mesh
// configuration's fields with underscores as well.
func field(path []string, of map[string]any, key string) (any, bool) {
	below, known := of[key]
	if known || len(path) == 0 || path[0] != "meshConfig" {
		return below, known
	}
	first, rest, _ := strings.Cut(key, "_")
	for word := range strings.SplitSeq(rest, "_") {
		if word != "" {
			first += strings.ToUpper(word[:1]) + word[1:]
		}
	}
	below, known = of[first]
	return below, known
}

// lookAtWord compares a value with a type that is neither a map nor a list. The
// templates take text for numbers, and anything for text.
func (c *check) lookAtWord(path []string, want string, got any) {
	text, isText := got.(string)
	switch got.(type) {
	case map[string]any, []any:
		c.mistyped(path, map[string]string{truth: "true or false", number: "a number"}[want])
		return
	}
	_, isTruth := got.(bool)
	switch {
	case want == truth && !isTruth && text != "true" && text != "false":
		c.mistyped(path, "true or false")
	case want == number && isTruth:
		c.mistyped(path, "a number")
	case want == number && isText:
		if _, err := strconv.ParseFloat(text, 64); err != nil {
			c.mistyped(path, "a number")
		}
	case strings.Contains(want, "|") && isText:
		if words := strings.Split(want, "|"); !slices.Contains(words, text) {
			c.add(path, "no such choice; "+suggest.Remedy(text, words))
		}
	}
}

// mistyped says what is wanted, and not what is there: it may be a secret.
func (c *check) mistyped(path []string, wanted string) {
	if wanted == "" {
		wanted = "a string"
	}
	c.add(path, "must be "+wanted)
}

// unknown says what may be meant by a key that a map does not have.
func (c *check) unknown(path []string, of map[string]any, key string, value any) {
	at := append(path[:len(path):len(path)], key)
	if below := leaf(value); len(path) == 0 && key == "values" && below != nil {
		c.add(append(at, below...), "'values.' is istioctl's prefix; use "+join(below))
		return
	}
	meant := append(path[:len(path):len(path)], suggest.Nearest(key, slices.Sorted(maps.Keys(of))))
	if meant[len(path)] == "" {
		meant = c.elsewhere(key)
	}
	if meant == nil {
		c.add(at, "no such value in Istio's charts; --skip-schema-validation sets it all the same")
		return
	}
	c.add(at, "no such value; did you mean "+join(meant)+"?")
}

// leaf returns the path to the first value that is no map.
func leaf(value any) []string {
	table, _ := value.(map[string]any)
	for _, key := range slices.Sorted(maps.Keys(table)) {
		return append([]string{key}, leaf(table[key])...)
	}
	return nil
}

// elsewhere returns the shortest path that ends with a key, or nil.
func (c *check) elsewhere(key string) []string {
	level := [][]string{nil}
	for len(level) > 0 {
		var next [][]string
		for _, path := range level {
			below, _ := at(c.all, path).(map[string]any)
			for _, one := range slices.Sorted(maps.Keys(below)) {
				longer := append(path[:len(path):len(path)], one)
				if strings.EqualFold(one, key) {
					return longer
				}
				next = append(next, longer)
			}
		}
		level = next
	}
	return nil
}

func at(types any, path []string) any {
	for _, key := range path {
		below, _ := types.(map[string]any)
		types = below[key]
	}
	return types
}

func (c *check) add(path []string, message string) {
	c.wrong = append(c.wrong, join(path)+": "+message)
}

// join writes a path as --set takes it.
func join(path []string) string {
	escaped := make([]string, len(path))
	for n, key := range path {
		escaped[n] = strings.NewReplacer(".", `\.`, ",", `\,`, "=", `\=`).Replace(key)
	}
	return strings.Join(escaped, ".")
}
