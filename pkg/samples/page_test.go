package samples

import (
	"testing"
)

func TestInURL(t *testing.T) {
	for host, want := range map[string]string{
		"192.0.2.7":      "192.0.2.7",
		"2001:db8::7":    "[2001:db8::7]",
		"lb.example.com": "lb.example.com",
	} {
		if got := inURL(host); got != want {
			t.Errorf("%s becomes %s", host, got)
		}
	}
}
