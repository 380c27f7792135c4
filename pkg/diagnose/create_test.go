package diagnose

import (
	"strings"
	"testing"
	"time"
)

// refusedFor gives a Deployment whose pods cannot be created.
func refusedFor(message string) string {
	return "workload: {apiVersion: apps/v1, kind: Deployment, status: {conditions: [{type: Available, status: 'False'}, {type: ReplicaFailure, status: 'True', reason: FailedCreate, message: '" + message + "'}]}}\n"
}

func TestRefusals(t *testing.T) {
	call := `Internal error occurred: failed calling webhook "inject.example.com": failed to call webhook: Post "https://`
	istiod := call + `istiod.istio-system.svc:443/inject?timeout=10s": `
	unreachable := func(where, cause string) string {
		return "FailedCreate: webhook inject.example.com (" + where + ") is unreachable: " + cause
	}
	configurations := ": kubectl get mutatingwebhookconfigurations,validatingwebhookconfigurations"
	for _, test := range []explained{
		{"a quota", refusedFor(`pods "web-1-" is forbidden: exceeded quota: small, requested: pods=1, used: pods=0, limited: pods=0`),
			"FailedCreate: exceeded quota: small, requested: pods=1, used: pods=0, limited: pods=0", "",
			"raise the quota, or free resources: kubectl describe resourcequota small -n mesh", time.Minute},
		{"a quota that counts", refusedFor(`pods "web-1-" is forbidden: failed quota: small: must specify limits.cpu for: web`),
			"FailedCreate: failed quota: small: must specify limits.cpu for: web", "",
			"set the requests and limits that the quota requires: kubectl describe resourcequota small -n mesh", time.Minute},
		{"a policy of pods", refusedFor(`pods "web-1-" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false`),
			`FailedCreate: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false`, "",
			`relax the Pod Security level "restricted" of the namespace: kubectl label namespace mesh pod-security.kubernetes.io/enforce=privileged --overwrite`, time.Minute},
		{"an account", refusedFor(`pods "web-1-" is forbidden: error looking up service account mesh/web: serviceaccount "web" not found`),
			`FailedCreate: error looking up service account mesh/web: serviceaccount "web" not found`, "",
			"create the ServiceAccount: kubectl get serviceaccount web -n mesh", time.Minute},
		{"limits", refusedFor(`pods "web-1-" is forbidden: maximum cpu usage per Container is 1, but limit is 2`),
			"FailedCreate: maximum cpu usage per Container is 1, but limit is 2", "", "change the requests and limits: kubectl describe limitrange -n mesh", time.Minute},
		{"a denial", refusedFor(`admission webhook "policy.example.com" denied the request: no label team`),
			`FailedCreate: admission webhook "policy.example.com" denied the request: no label team`, "", "comply with the policy of webhook policy.example.com", time.Minute},
		{"something else", refusedFor(`Pod "web-1-x" is invalid: spec.containers: Required value`),
			`FailedCreate: Pod "web-1-x" is invalid: spec.containers: Required value`, "", "kubectl describe deployment web -n mesh", time.Minute},
		{"something that passes", refusedFor("the server is currently unable to handle the request"),
			"FailedCreate: the server is currently unable to handle the request", "", "kubectl describe deployment web -n mesh", 0},
		{"without a message", refusedFor(""), "FailedCreate", "", "", 0},

		{"a firewall before istiod", refusedFor(istiod + "context deadline exceeded"), unreachable("istiod.istio-system.svc:443", "context deadline exceeded"), "",
			"the API server cannot reach port 15017 of istiod: open it in the firewall", time.Minute},
		{"an istiod that is down", refusedFor(istiod + "dial tcp 10.0.0.1:443: connect: connection refused"),
			unreachable("istiod.istio-system.svc:443", "dial tcp 10.0.0.1:443: connect: connection refused"), "",
			"istiod does not answer; check its pods: kubectl get pods -n istio-system -l app=istiod", time.Minute},
		{"a webhook without a service", refusedFor(istiod + `service "istiod" not found`), unreachable("istiod.istio-system.svc:443", `service "istiod" not found`), "",
			"its service is gone; delete the webhook configuration" + configurations, time.Minute},
		{"a webhook without pods", refusedFor(istiod + `no endpoints available for service "istiod"`), unreachable("istiod.istio-system.svc:443", `no endpoints available for service "istiod"`), "",
			"none of its pods is ready: kubectl get pods,services -n istio-system", time.Minute},
		{"a webhook of another authority", refusedFor(istiod + "tls: failed to verify certificate: x509: certificate signed by unknown authority"),
			unreachable("istiod.istio-system.svc:443", "tls: failed to verify certificate: x509: certificate signed by unknown authority"), "",
			"its caBundle does not match its certificate; fix it" + configurations, time.Minute},
		{"another webhook", refusedFor(call + `policy.guard.svc:8443/?timeout=10s": dial tcp 10.0.0.1:8443: connect: connection refused`),
			unreachable("policy.guard.svc:8443", "dial tcp 10.0.0.1:8443: connect: connection refused"), "",
			"the API server must reach the pods of service policy: kubectl get pods,services -n guard", time.Minute},
		{"a webhook elsewhere", refusedFor(call + `hooks.example.com/v1": EOF`), unreachable("hooks.example.com", "EOF"), "", "check the webhook" + configurations, time.Minute},
		{"a webhook without an address", refusedFor(`Internal error occurred: failed calling webhook "inject.example.com": the server said no`),
			"FailedCreate: webhook inject.example.com is unreachable: the server said no", "", "check the webhook" + configurations, time.Minute},
	} {
		test.check(t)
	}
}

// TestFailure looks where the words of the controllers are found.
func TestFailure(t *testing.T) {
	failed := func(kind, name, at string) string {
		return "events: [{type: Warning, reason: FailedCreate, message: 'Error creating: pods \"x\" is forbidden: exceeded quota: small', lastTimestamp: '2026-01-01T00:00:" + at + "Z', involvedObject: {kind: " + kind + ", name: " + name + "}}]\n"
	}
	created := func(at string) string {
		return "pods: [{metadata: {name: a, creationTimestamp: '2026-01-01T00:00:" + at + "Z'}}]\n"
	}
	const found, none = "FailedCreate: exceeded quota: small", ""
	set := "workload: {apiVersion: apps/v1, kind: StatefulSet, spec: {replicas: 2}}\n"
	for _, test := range []explained{
		{"of a replica set", failed("ReplicaSet", "web-5d9c", "00"), found, "", "", time.Minute},
		{"of the replica set of another", failed("ReplicaSet", "web-proxy-5d9c", "00"), none, "", "", 0},
		{"of a stateful set", set + failed("StatefulSet", "web", "00"), found, "", "kubectl", time.Minute},
		{"of a stateful set, in its own words", set + strings.Replace(failed("StatefulSet", "web", "00"), "Error creating:", "create Pod web-0 in StatefulSet web failed error:", 1), found, "", "", time.Minute},
		{"of another stateful set", set + failed("StatefulSet", "db", "00"), none, "", "", 0},
		{"one pod is there", set + created("00") + failed("StatefulSet", "web", "01"), found, "", "", time.Minute},
		{"a pod came later", set + created("02") + failed("StatefulSet", "web", "01"), none, "", "", 0},
		{"all pods are there", "workload: {apiVersion: apps/v1, kind: StatefulSet}\n" + created("00") + failed("StatefulSet", "web", "01"), none, "", "", 0},
		{"of a daemon set", "workload: {apiVersion: apps/v1, kind: DaemonSet, status: {desiredNumberScheduled: 3}}\n" + created("00") + failed("DaemonSet", "web", "01"), found, "", "", time.Minute},
		{"a daemon set with all pods", "workload: {apiVersion: apps/v1, kind: DaemonSet, status: {desiredNumberScheduled: 1}}\n" + created("00") + failed("DaemonSet", "web", "01"), none, "", "", 0},
		{"of a job", "workload: {apiVersion: batch/v1, kind: Job}\n" + failed("Job", "web", "00"), found, "", "", time.Minute},
		{"a condition that is over", "workload: {apiVersion: apps/v1, kind: Deployment, status: {conditions: [{type: ReplicaFailure, status: 'False', message: none}]}}", none, "", "", 0},
		{"conditions of another form", "workload: {apiVersion: apps/v1, kind: Deployment, status: {conditions: [1, none]}}", none, "", "", 0},
		{"replicas of another form", "workload: {apiVersion: apps/v1, kind: Deployment, spec: {replicas: many}}\n" + failed("ReplicaSet", "web-5d9c", "00"), found, "", "", time.Minute},
	} {
		if test.next == "kubectl" {
			test.next = "raise the quota, or free resources: kubectl describe resourcequota small -n mesh"
		}
		test.check(t)
	}
}
