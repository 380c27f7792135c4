package file

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode"

	"sigs.k8s.io/kustomize/api/resmap"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest/decode"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/redact"
)

// objects reads objects as kustomize does.
func (t *tree) objects(data []byte) (resmap.ResMap, error) {
	if _, err := decode.Expansion("text", data); errors.Is(err, decode.ErrExpansion) {
		return nil, err
	}
	return t.resources.NewResMapFromBytes(data)
}

// checkPlugin refuses a URL in the configuration of a generator or the like:
// which of its texts are paths each of them has its own mind about.
func (t *tree) checkPlugin(data []byte) error {
	found, err := t.objects(data)
	if err != nil {
		return err
	}
	for _, one := range found.Resources() {
		content, err := one.Map()
		if err != nil {
			return err
		}
		if err := checkTexts(content); err != nil {
			return err
		}
	}
	return nil
}

// checkTexts looks at every text of a configuration. One without a line's end
// that kustomize could take for a URL, alone or behind a key, is an error, and so
// is one with aliases that stand for too much: it may be a patch.
func checkTexts(value any) error {
	switch value := value.(type) {
	case string:
		return checkText(value)
	case []any:
		for _, item := range value {
			if err := checkTexts(item); err != nil {
				return err
			}
		}
	case map[string]any:
		for _, item := range value {
			if err := checkTexts(item); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkText(text string) error {
	if _, err := decode.Expansion("text", []byte(text)); errors.Is(err, decode.ErrExpansion) {
		return err
	}
	if strings.ContainsFunc(text, unicode.IsControl) {
		return nil
	}
	for _, part := range append(strings.Split(text, "="), text) {
		if parsed, err := url.Parse(part); err == nil && (parsed.Scheme == "http" || parsed.Scheme == "https") {
			return fmt.Errorf("%q is a URL, which its configuration does not support; download the file, or use the field of the kustomization", redact.URL(part))
		}
	}
	return nil
}
