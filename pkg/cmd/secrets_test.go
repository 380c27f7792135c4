package cmd

import (
	"encoding/json"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func TestMask(t *testing.T) {
	secret := func(content string) *unstructured.Unstructured {
		if content == "" {
			return nil
		}
		object := &unstructured.Unstructured{}
		if err := json.Unmarshal([]byte(`{"apiVersion":"v1","kind":"Secret","metadata":{"name":"keys"},`+content+`}`), &object.Object); err != nil {
			t.Fatal(err)
		}
		return object
	}
	for _, test := range []struct {
		name, live, merged, wantLive, wantMerged string
	}{
		{"equal", `"data":{"a":"aA=="}`, `"data":{"a":"aA=="}`, `"data":{"a":"***"}`, `"data":{"a":"***"}`},
		{"changed", `"data":{"a":"aA=="}`, `"data":{"a":"aQ=="}`, `"data":{"a":"*** (before)"}`, `"data":{"a":"*** (after)"}`},
		{"new", ``, `"data":{"a":"aA=="}`, ``, `"data":{"a":"***"}`},
		{"new and not seen by a server", ``, `"stringData":{"a":"h","b":"i"},"data":{"a":"eA=="}`, ``, `"data":{"a":"***","b":"***"}`},
		{"pruned", `"data":{"a":"aA=="}`, ``, `"data":{"a":"***"}`, ``},
		{"without data", ``, `"type":"Opaque"`, ``, `"type":"Opaque"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			live, merged := secret(test.live), secret(test.merged)
			if err := mask(live, merged); err != nil {
				t.Fatal(err)
			}
			for _, side := range []struct {
				got  *unstructured.Unstructured
				want string
			}{{live, test.wantLive}, {merged, test.wantMerged}} {
				if side.got == nil {
					continue
				}
				got, err := json.Marshal(side.got.Object)
				if err != nil {
					t.Fatal(err)
				}
				want, err := json.Marshal(secret(side.want).Object)
				if err != nil || string(got) != string(want) {
					t.Errorf("got %s, want %s", got, want)
				}
			}
		})
	}
	applied := secret(`"data":{"a":"aA=="}`)
	applied.SetAnnotations(map[string]string{"kubectl.kubernetes.io/last-applied-configuration": `{"data":{"a":"aA=="}}`})
	if err := mask(applied, nil); err != nil {
		t.Fatal(err)
	}
	if got, _ := json.Marshal(applied.Object); strings.Contains(string(got), "aA==") {
		t.Errorf("what kubectl noted is shown: %s", got)
	}
	if err := mask(nil, secret(`"stringData":{"a":1}`)); err == nil {
		t.Error("stringData that is no text is shown")
	}
}
