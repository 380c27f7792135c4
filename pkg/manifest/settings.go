package manifest

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"

	utiljson "k8s.io/apimachinery/pkg/util/json"
)

// Settings are what the user has said of the built-in demo. The zero value
// says nothing.
type Settings struct {
	// Values are those of Istio's charts, as --set and --values give them.
	Values map[string]any `json:"values,omitempty"`
	// Hub and Tag are those of the images.
	Hub string `json:"hub,omitempty"`
	Tag string `json:"tag,omitempty"`
	// Addons are nil where the user has not chosen them, and empty for none.
	Addons []string `json:"addons,omitzero"`
}

// ParseSettings reads what Encode has written. Without anything, or from
// something else, there are no settings, and known is false.
func ParseSettings(text string) (settings Settings, known bool) {
	if json.Unmarshal([]byte(text), &settings) != nil {
		return Settings{}, false
	}
	// Whole numbers stay whole, as --set gives them.
	var fields map[string]any
	if utiljson.Unmarshal([]byte(text), &fields) == nil {
		settings.Values, _ = fields["values"].(map[string]any)
	}
	return settings, true
}

// Encode returns the settings in one line of JSON, the same for the same
// settings.
func (s Settings) Encode() string {
	text, err := json.Marshal(s)
	if err != nil { // values that no YAML file can hold
		return "{}"
	}
	return string(text)
}

// Assignments returns the settings in the form of --set, sorted, with hub, tag
// and addons behind the values.
func (s Settings) Assignments() []string {
	var all []string
	flat := s.flat()
	for _, path := range slices.Sorted(maps.Keys(flat)) {
		all = append(all, assignment(path, flat[path]))
	}
	return append(all, s.flags()...)
}

// flags returns those that are no values, as flags.
func (s Settings) flags() []string {
	var all []string
	if s.Hub != "" {
		all = append(all, "--hub="+s.Hub)
	}
	if s.Tag != "" {
		all = append(all, "--tag="+s.Tag)
	}
	switch {
	case s.Addons == nil:
	case len(s.Addons) == 0:
		all = append(all, "--addons=none")
	default:
		all = append(all, "--addons="+strings.Join(s.Addons, ","))
	}
	return all
}

// Dropped returns the settings that were made before, and of which now says
// nothing: one that was changed is not among them.
func (s Settings) Dropped(now Settings) []string {
	dropped := s
	if now.Hub != "" {
		dropped.Hub = ""
	}
	if now.Tag != "" {
		dropped.Tag = ""
	}
	if now.Addons != nil {
		dropped.Addons = nil
	}
	given := now.flat()
	var lines []string
	before := s.flat()
	for _, path := range slices.Sorted(maps.Keys(before)) {
		covered := func(other string) bool {
			return other == path || strings.HasPrefix(path, other+".") || strings.HasPrefix(other, path+".")
		}
		if !slices.ContainsFunc(slices.Collect(maps.Keys(given)), covered) {
			lines = append(lines, assignment(path, before[path]))
		}
	}
	return append(lines, dropped.flags()...)
}

// flat returns the values by their paths.
func (s Settings) flat() map[string]any {
	all := map[string]any{}
	flatten("", s.Values, all)
	return all
}

func flatten(prefix string, values map[string]any, all map[string]any) {
	for key, value := range values {
		path := strings.ReplaceAll(key, ".", `\.`)
		if prefix != "" {
			path = prefix + "." + path
		}
		if below, is := value.(map[string]any); is && len(below) > 0 {
			flatten(path, below, all)
			continue
		}
		all[path] = value
	}
}

// longestValue is how much of a value is shown.
const longestValue = 60

func assignment(path string, value any) string {
	text, is := value.(string)
	if !is {
		encoded, _ := json.Marshal(value)
		text = string(encoded)
	}
	if letters := []rune(text); len(letters) > longestValue {
		text = string(letters[:longestValue]) + "…"
	}
	return fmt.Sprintf("%s=%s", path, text)
}

// credential matches the last words of keys whose values nobody should find in an
// inventory, and withLogin URLs with a user.
var (
	credential = regexp.MustCompile(`(?i)(passw(or)?d|passphrase|token|secret|credentials?|(private|api|access)[-_]?key)$`)
	withLogin  = regexp.MustCompile(`://[^/\s]*@`)
)

// WithoutSecrets returns the settings without values that look like credentials,
// and the paths of these, sorted.
func (s Settings) WithoutSecrets() (clean Settings, secret []string) {
	clean = s
	kept, secret := withoutSecrets("", s.Values)
	clean.Values, _ = kept.(map[string]any)
	slices.Sort(secret)
	return clean, secret
}

// withoutSecrets returns a value without what looks like a credential in it.
func withoutSecrets(path string, value any) (kept any, secret []string) {
	switch value := value.(type) {
	case map[string]any:
		clean := map[string]any{}
		for key, below := range value {
			at := strings.TrimPrefix(path+"."+key, ".")
			if _, isMap := below.(map[string]any); !isMap && credential.MatchString(key) {
				secret = append(secret, at)
				continue
			}
			kept, found := withoutSecrets(at, below)
			secret = append(secret, found...)
			nothing := kept == nil
			if rest, isMap := kept.(map[string]any); isMap {
				nothing = len(rest) == 0
			}
			if !nothing || len(found) == 0 {
				clean[key] = kept
			}
		}
		return clean, secret
	case []any:
		for _, one := range value { // a list is set as a whole, or not at all
			if kept, found := withoutSecrets(path, one); len(found) > 0 || !reflect.DeepEqual(kept, one) {
				return nil, []string{path}
			}
		}
	case string:
		if withLogin.MatchString(value) {
			return nil, []string{path}
		}
	}
	return value, nil
}
