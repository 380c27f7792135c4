package main

import (
	"slices"
	"strings"
	"testing"
)

// TestPrepare encodes a manifest of the kinds that are sent otherwise.
func TestPrepare(t *testing.T) {
	manifest := []byte(`# nothing but this
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: shop}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: shop}}
---
{apiVersion: v1, kind: Service, metadata: {name: web, namespace: shop}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: db, namespace: shop}}
---
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: web, namespace: shop}}
`)
	got, err := prepare(manifest, []string{"Deployment"})
	if err != nil {
		t.Fatal(err)
	}
	paths := []string{got.Home.Path}
	for _, one := range got.Rest {
		paths = append(paths, one.Path)
	}
	if want := []string{
		"/api/v1/namespaces/shop",
		"/apis/apps/v1/namespaces/shop/deployments/web",
		"/api/v1/namespaces/shop/services/web",
		"/apis/apps/v1/namespaces/shop/deployments/db",
		"/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies/web",
	}; !slices.Equal(paths, want) {
		t.Errorf("%q, want %q", paths, want)
	}
	if body := string(got.Rest[1].Body); strings.TrimSpace(body) != `{"apiVersion":"v1","kind":"Service","metadata":{"name":"web","namespace":"shop"}}` {
		t.Errorf("the Service is sent as %s", body)
	}
	if want := []awaited{{"/apis/apps/v1/namespaces/shop/deployments", "Available", 2}}; !slices.Equal(got.Awaited, want) {
		t.Errorf("%+v is awaited, want %+v", got.Awaited, want)
	}
	if _, err := prepare(manifest, []string{"CustomResourceDefinition"}); err == nil {
		t.Error("what is not there is awaited")
	}
}

// TestMeet counts each object once, and only when it has the condition.
func TestMeet(t *testing.T) {
	event := func(name, condition, status string) string {
		return `{"type":"MODIFIED","object":{"metadata":{"name":"` + name + `"},"status":{"conditions":[{"type":"` + condition + `","status":"` + status + `"}]}}}` + "\n"
	}
	two := awaited{"/deployments", "Available", 2}
	once := event("web", "Available", "True") + event("web", "Available", "True") + event("db", "Available", "False") + event("db", "Progressing", "True")
	if err := two.meet(strings.NewReader(once)); err == nil || !strings.Contains(err.Error(), "1 of 2 are Available: EOF") {
		t.Errorf("one of two: %v", err)
	}
	if err := two.meet(strings.NewReader(once + event("db", "Available", "True"))); err != nil {
		t.Error(err)
	}
}
