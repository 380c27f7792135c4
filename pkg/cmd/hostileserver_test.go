package cmd

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/applyset"
)

// escapes clear a terminal, set its title, colour it, turn the direction of
// writing, and begin a line of their own.
const escapes = "evil\x1b[2J\x1b]0;x\a\u009b31m\u202e\r\nFORGED: yes"

// hostileServer is an API server that says escapes wherever it says anything. It
// refuses everything, or has one of everything that it is asked for.
type hostileServer struct {
	refuses bool
}

// hostileCluster starts one and gives a kubeconfig for it.
func hostileCluster(t *testing.T, refuses bool) string {
	t.Helper()
	server := httptest.NewServer(&hostileServer{refuses})
	t.Cleanup(server.Close)
	return kubeconfigFor(t, server.URL, "")
}

// kubeconfigFor writes a kubeconfig for an address, with fields of its cluster.
func kubeconfigFor(t *testing.T, address, fields string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "kubeconfig")
	text := "apiVersion: v1\nkind: Config\ncurrent-context: c\nclusters: [{name: c, cluster: {server: \"" + address + "\"" + fields + "}}]\n" +
		"contexts: [{name: c, context: {cluster: c, user: u}}]\nusers: [{name: u, user: {token: t}}]\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// kindsOf are those of the resources that commands ask for by name.
var kindsOf = map[string]string{
	"pods": "Pod", "services": "Service", "deployments": "Deployment", "daemonsets": "DaemonSet", "configmaps": "ConfigMap", "namespaces": "Namespace",
	"nodes": "Node", "events": "Event", "mutatingwebhookconfigurations": "MutatingWebhookConfiguration", "endpointslices": "EndpointSlice",
	"customresourcedefinitions": "CustomResourceDefinition", "virtualservices": "VirtualService", "replicasets": "ReplicaSet", "secrets": "Secret",
}

func (s *hostileServer) ServeHTTP(out http.ResponseWriter, request *http.Request) {
	out.Header().Set("Content-Type", "application/json")
	// What a header may have of it.
	out.Header().Add("Warning", "299 - \"evil\u009b31m\u202e\"")
	group, rest := resourcePath(request.URL.Path)
	switch {
	case request.URL.Path == "/version" && !s.refuses:
		reply(out, map[string]any{"major": "1", "minor": "37", "gitVersion": "v1.37.2" + escapes, "gitCommit": escapes, "platform": escapes})
	case s.refuses || request.Method != http.MethodGet || len(rest) == 0 || kindsOf[rest[0]] == "":
		if strings.HasSuffix(request.URL.Path, "reviews") && !s.refuses {
			out.WriteHeader(http.StatusCreated)
			rule := map[string]any{"verbs": []any{"*"}, "apiGroups": []any{"*"}, "resources": []any{"*"}}
			kind := map[bool]string{true: "SelfSubjectRulesReview", false: "SelfSubjectAccessReview"}[rest[0] == "selfsubjectrulesreviews"]
			reply(out, map[string]any{"apiVersion": group, "kind": kind, "status": map[string]any{
				"allowed": true, "resourceRules": []any{rule}, "nonResourceRules": []any{}, "incomplete": false,
			}})
			return
		}
		out.WriteHeader(http.StatusForbidden)
		reply(out, map[string]any{
			"apiVersion": "v1", "kind": "Status", "status": "Failure", "code": http.StatusForbidden, "reason": "Forbidden", "message": escapes,
			"details": map[string]any{"name": escapes, "kind": escapes, "causes": []any{map[string]any{"field": escapes, "message": escapes, "reason": escapes}}},
		})
	case len(rest) > 2 && rest[2] == "log":
		_, _ = out.Write([]byte(escapes + "\n"))
	case len(rest) > 1:
		reply(out, hostileObject(group, kindsOf[rest[0]], rest[1]))
	case strings.Contains(request.Header.Get("Accept"), "as=Table"):
		reply(out, map[string]any{
			"apiVersion": "meta.k8s.io/v1", "kind": "Table",
			"columnDefinitions": []any{map[string]any{"name": "Name", "type": "string", "format": "name"}, map[string]any{"name": escapes, "type": "string"}},
			"rows":              []any{map[string]any{"cells": []any{escapes, escapes}, "object": hostileObject(group, kindsOf[rest[0]], escapes)}},
		})
	default:
		kind := kindsOf[rest[0]] + "List"
		if strings.Contains(request.Header.Get("Accept"), "as=PartialObjectMetadataList") {
			group, kind = "meta.k8s.io/v1", "PartialObjectMetadataList"
		}
		items := []any{hostileObject(group, kindsOf[rest[0]], escapes)}
		if rest[0] == "configmaps" {
			elsewhere := hostileObject(group, "ConfigMap", "istio-demo-sample-bookinfo")
			metadata := elsewhere["metadata"].(map[string]any)
			metadata["namespace"] = escapes
			metadata["labels"] = map[string]any{applyset.IDLabel: applyset.ID("istio-demo-sample-bookinfo", escapes)}
			items = append(items, elsewhere)
		}
		reply(out, map[string]any{"apiVersion": group, "kind": kind, "metadata": map[string]any{"resourceVersion": "1"}, "items": items})
	}
}

// resourcePath returns the group and version, and the parts behind the namespace.
func resourcePath(path string) (group string, rest []string) {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	switch {
	case len(parts) > 2 && parts[0] == "api":
		group, rest = parts[1], parts[2:]
	case len(parts) > 3 && parts[0] == "apis":
		group, rest = parts[1]+"/"+parts[2], parts[3:]
	}
	if len(rest) > 2 && rest[0] == "namespaces" {
		rest = rest[2:]
	}
	return group, rest
}

func reply(out http.ResponseWriter, body any) { _ = json.NewEncoder(out).Encode(body) }

// hostileObject has what any kind has; nobody asks for a field of another one.
func hostileObject(version, kind, name string) map[string]any {
	container := map[string]any{"name": escapes, "image": escapes}
	condition := map[string]any{"type": "Ready", "status": "False", "reason": escapes, "message": escapes}
	object := map[string]any{
		"apiVersion": version, "kind": kind,
		"metadata": map[string]any{
			"name": name, "namespace": "istio-system", "uid": "u" + name, "resourceVersion": "1", "creationTimestamp": "2020-01-01T00:00:00Z",
			"labels":      map[string]any{applyset.IDLabel: applyset.ID(name, "istio-system"), applyset.PartOf: applyset.ID("istio-demo", "istio-system"), "istio.io/rev": escapes, "app": escapes},
			"annotations": map[string]any{applyset.ToolingAnnotation: applyset.ToolName + "/v1", "applyset.kubernetes.io/contains-group-kinds": "Deployment.apps,Pod", "a": escapes},
			"finalizers":  []any{escapes},
			"managedFields": []any{map[string]any{
				"manager": applyset.ToolName, "operation": "Apply", "apiVersion": version, "time": "2020-01-01T00:00:00Z", "fieldsType": "FieldsV1", "fieldsV1": map[string]any{"f:metadata": map[string]any{"f:labels": map[string]any{"f:" + applyset.PartOf: map[string]any{}}}},
			}},
		},
	}
	switch kind {
	case "ConfigMap", "Secret":
		object["data"] = map[string]any{"source": escapes}
	case "Event":
		object["message"], object["reason"], object["type"] = escapes, escapes, "Warning"
	case "Node":
		object["status"] = map[string]any{"nodeInfo": map[string]any{"architecture": escapes}}
	case "Service":
		object["spec"] = map[string]any{"type": "LoadBalancer", "selector": map[string]any{"a": escapes}, "ports": []any{map[string]any{"name": "http2", "port": 80}}}
		object["status"] = map[string]any{"loadBalancer": map[string]any{"ingress": []any{map[string]any{"hostname": escapes}}}}
	case "Deployment", "DaemonSet", "ReplicaSet":
		object["spec"] = map[string]any{
			"replicas": 1, "selector": map[string]any{"matchLabels": map[string]any{"a": "b"}},
			"template": map[string]any{"spec": map[string]any{"containers": []any{container}}},
		}
		object["status"] = map[string]any{"conditions": []any{condition}}
	case "Pod":
		object["spec"] = map[string]any{"containers": []any{container}, "nodeName": escapes}
		object["status"] = map[string]any{"phase": "Pending", "conditions": []any{condition}, "containerStatuses": []any{map[string]any{
			"name": escapes, "image": escapes, "state": map[string]any{"waiting": map[string]any{"reason": "ImagePullBackOff", "message": escapes}},
		}}}
	}
	return object
}

// manifestServer answers with a text.
type manifestServer string

func (s manifestServer) ServeHTTP(out http.ResponseWriter, _ *http.Request) {
	_, _ = out.Write([]byte(s))
}
