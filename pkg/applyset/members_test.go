package applyset

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
)

// TestMembers writes and reads them, with names that only roles may have.
func TestMembers(t *testing.T) {
	want := []event.Object{
		{Kind: "Namespace", Name: "mesh"},
		{Group: "rbac.authorization.k8s.io", Kind: "ClusterRole", Name: "system:a b\n\"c"},
		{Kind: "Service", Namespace: "mesh", Name: "a"},
		{Group: "apps", Kind: "Deployment", Namespace: "mesh", Name: "a"},
		{Group: "apps", Kind: "Deployment", Namespace: "mesh", Name: "b"},
	}
	if got := decodeMembers(encodeMembers(want)); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
}

// TestManyMembers has a manifest of 5,000 objects with names that cannot be
// compressed, which an inventory has to take.
func TestManyMembers(t *testing.T) {
	const configMap = 1 << 20
	random := rand.NewChaCha8([32]byte{})
	var objects []event.Object
	for n := range 5000 {
		name := make([]byte, 30)
		_, _ = random.Read(name)
		objects = append(objects, event.Object{Kind: "ConfigMap", Namespace: fmt.Sprintf("namespace-%d", n%50), Name: fmt.Sprintf("%x", name)})
	}
	set := normal(Record{Objects: objects})
	parent := (&Parent{Name: ParentName, Namespace: "mesh"}).object(set)
	if size := base64.StdEncoding.EncodedLen(len(parent.BinaryData[membersKey])); size > configMap/2 {
		t.Errorf("it takes %d bytes", size)
	}
	read, err := parse(parent)
	if err != nil || len(read.Objects) != 5000 || !reflect.DeepEqual(read.Objects, set.Objects) {
		t.Errorf("%d objects are read: %v", len(read.Objects), err)
	}
}

// TestNoMembers reads what is no list as none, and stops at one without end.
func TestNoMembers(t *testing.T) {
	pack := func(text []byte) []byte {
		var packed bytes.Buffer
		writer := gzip.NewWriter(&packed)
		_, _ = writer.Write(text)
		_ = writer.Close()
		return packed.Bytes()
	}
	for name, packed := range map[string][]byte{
		"nothing": nil, "no gzip": []byte("{}"), "no JSON": pack([]byte("x")), "cut": encodeMembers([]event.Object{{Kind: "A", Name: "b"}})[:20],
		"another form": pack([]byte(`["a"]`)), "too long": pack(append([]byte(`{"A":{"":["`), make([]byte, longestList)...)),
	} {
		if got := decodeMembers(packed); got != nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
	list := pack([]byte(`{"A":{"":["..","a/b",""],"X Y":["a"]},"":{"":["a"]},"B.c":{"":["b"]}}`))
	want := []event.Object{{Group: "c", Kind: "B", Name: "b"}}
	if got := normal(Record{Objects: decodeMembers(list)}).Objects; !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
}

// TestOlderParent reads the inventory of a version that did not list members,
// of which none is missing; an install adds the list.
func TestOlderParent(t *testing.T) {
	older := (&Parent{Name: ParentName, Namespace: "mesh"}).object(normal(Record{Source: "demo"}))
	if older.BinaryData != nil {
		t.Fatalf("it has %v", older.BinaryData)
	}
	read, err := parse(older)
	if err != nil || read.Objects != nil || read.Source != "demo" {
		t.Errorf("%+v, %v", read, err)
	}
	member := event.Object{Kind: "Service", Namespace: "mesh", Name: "a"}
	if both := (Record{Objects: []event.Object{member}}).Union(read); !reflect.DeepEqual(both.Objects, []event.Object{member}) {
		t.Errorf("together they have %+v", both.Objects)
	}
}
