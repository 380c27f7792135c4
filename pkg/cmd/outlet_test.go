package cmd

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"k8s.io/cli-runtime/pkg/genericiooptions"
)

// TestOutlet writes a text in pieces of every size.
func TestOutlet(t *testing.T) {
	const text = "größer\t日本\n" + escapes + "\xff\xe6"
	for form, want := range map[outputForm]string{
		forPeople: "größer\t日本\nevil [2J ]0;x  31m  \nFORGED: yes\ufffd\ufffd",
		forJSON:   "größer\t日本\nevil\\u001b[2J\\u001b]0;x\\u0007\\u009b31m\\u202e\\u000d\nFORGED: yes\ufffd\ufffd",
		exact:     text,
	} {
		for size := 1; size <= len(text); size++ {
			var out bytes.Buffer
			o := &outlet{to: &out, form: form}
			for rest := text; rest != ""; {
				piece := rest[:min(size, len(rest))]
				rest = rest[len(piece):]
				if n, err := o.Write([]byte(piece)); n != len(piece) || err != nil {
					t.Fatalf("%d, %v", n, err)
				}
			}
			o.flush()
			if out.String() != want {
				t.Errorf("form %d in pieces of %d prints %q, want %q", form, size, out.String(), want)
			}
		}
	}
}

// TestOutletKeepsJSON: what is escaped means the same.
func TestOutletKeepsJSON(t *testing.T) {
	var out bytes.Buffer
	o := &outlet{to: &out, form: forJSON}
	data, err := json.Marshal(map[string]string{escapes: escapes})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.Write(data); err != nil {
		t.Fatal(err)
	}
	harmless(t, "JSON", out.String())
	var read map[string]string
	if err := json.Unmarshal(out.Bytes(), &read); err != nil || read[escapes] != escapes {
		t.Errorf("it reads %q, %v", read, err)
	}
}

func TestFormOf(t *testing.T) {
	for arguments, want := range map[string]outputForm{
		"pods": forPeople, "pods -o wide": forPeople, "pods -o json": forJSON, "pods -o jsonpath={.a}": exact, "pods -o custom-columns=A:.a": forPeople,
		"install -o go-template --template={{.a}}": exact, "manifest": exact, "manifest -o json": forJSON, "manifest -o report": forPeople,
		"status -o yaml": exact, "logs a": exact, "diff": exact, "version": forPeople, "sample list -o json": forJSON,
	} {
		root := newRoot(newConnection(genericiooptions.NewTestIOStreamsDiscard()), genericiooptions.NewTestIOStreamsDiscard(), "test")
		command, rest, err := root.Find(strings.Fields(arguments))
		if err == nil {
			err = command.ParseFlags(rest)
		}
		if err != nil {
			t.Fatal(err)
		}
		if got := formOf(command); got != want {
			t.Errorf("%s has form %d, want %d", arguments, got, want)
		}
	}
}
