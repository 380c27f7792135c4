package translation

import "testing"

func TestIsEnglish(t *testing.T) {
	for locale, want := range map[string]bool{
		"": true, "C": true, "C.UTF-8": true, "en_US.UTF-8": true, "POSIX": true,
		"de_DE":       true, // kubectl wants an encoding
		"de_DE.UTF-8": false, "zh_CN.UTF-8": false, "en_GB.UTF-8": true,
	} {
		if isEnglish(locale) != want {
			t.Errorf("%q is English: %t", locale, !want)
		}
	}
}
