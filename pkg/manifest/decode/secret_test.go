package decode

import (
	"fmt"
	"strings"
	"testing"
)

// TestDecodeKeepsSecrets has a password written in every way that is wrong.
func TestDecodeKeepsSecrets(t *testing.T) {
	const secret = "hunter2424242"
	const head = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\ndata:\n  password: "
	for _, value := range []string{
		"*" + secret, "!!float " + secret, "!!int " + secret, "!!binary " + secret, "!!timestamp " + secret, "!" + secret + " x", "!<tag:" + secret + "> x", "%" + secret, "@" + secret,
		"`" + secret, "&" + secret + " *" + secret, "\"" + secret, "'" + secret, secret + ": " + secret, "[" + secret, "{" + secret, "|" + secret, "\"\\" + secret + "\"",
		secret + "\n" + secret, secret + "\n\t" + secret, "x\n  password: " + secret, "!!float `" + secret + "`", "!!bool " + secret, "!!null " + secret, "<<: *" + secret, "\x01" + secret,
	} {
		for _, text := range []string{head + value + "\n", head + value + "\n---\n" + configMap("b"), `{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "data": ` + value + "}"} {
			for _, strict := range []bool{true, false} {
				content, err := Decode("demo.yaml", []byte(text), strict)
				if told := fmt.Sprint(err) + strings.Join(content.Warnings, "\n"); strings.Contains(told, secret) || strings.Contains(told, secret[:7]) {
					t.Errorf("of\n%s\nis said: %s", text, told)
				}
			}
		}
	}
}
