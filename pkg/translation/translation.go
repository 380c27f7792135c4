// Package translation spares programs that use kubectl's packages the time that
// these take to unpack their translations when they are set up, 12 ms, where the
// user reads English: the English translations say what the code says. It is
// imported for that alone, before anything else of kubectl's is set up: Go sets up
// packages that are ready in the order of their import paths
// (https://go.dev/ref/spec#Program_initialization).
package translation

import (
	"cmp"
	"os"
	"strings"

	"k8s.io/kubectl/pkg/util/i18n"
)

func init() {
	if isEnglish(cmp.Or(os.Getenv("LC_ALL"), os.Getenv("LC_MESSAGES"), os.Getenv("LANG"))) {
		// The error says that translations are loaded already, which does no harm.
		_ = i18n.SetLoadTranslationsFunc(func() error { return nil })
	}
}

// isEnglish tells whether kubectl speaks English for a locale such as
// "de_DE.UTF-8": also for one without an encoding, which it does not take for a
// language (k8s.io/kubectl/pkg/util/i18n, loadSystemLanguage).
func isEnglish(locale string) bool {
	language, encoding, found := strings.Cut(locale, ".")
	return !found || strings.Contains(encoding, ".") || language == "C" || strings.HasPrefix(language, "en_")
}
