package values

import (
	"io/fs"
	"path"
	"slices"
	"strings"
	"testing"

	"istio.io/istio/manifests"
	"sigs.k8s.io/yaml"
)

func parse(t *testing.T, text string) map[string]any {
	t.Helper()
	var values map[string]any
	if err := yaml.Unmarshal([]byte(text), &values); err != nil {
		t.Fatal(err)
	}
	return values
}

func wrong(t *testing.T, values map[string]any) []string {
	t.Helper()
	lines, err := Check(values)
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

func TestCheck(t *testing.T) {
	for _, test := range []struct {
		name, values string
		want         []string
	}{
		{"a typo", `pilot: {traceSamplng: 10}`, []string{"pilot.traceSamplng: no such value; did you mean pilot.traceSampling?"}},
		{"a typo in the mesh configuration", `meshConfig: {accesLogFile: /dev/stdout}`,
			[]string{"meshConfig.accesLogFile: no such value; did you mean meshConfig.accessLogFile?"}},
		{"a typo in a list", `meshConfig: {extensionProviders: [{name: a, zipkin: {service: b, prt: 1}}]}`,
			[]string{"meshConfig.extensionProviders[0].zipkin.prt: no such value; did you mean meshConfig.extensionProviders[0].zipkin.port?"}},
		{"a key in the wrong place", `accessLogFile: /dev/stdout`,
			[]string{"accessLogFile: no such value; did you mean meshConfig.accessLogFile?"}},
		{"a key of nothing", `pilot: {qqqq: 1}`,
			[]string{"pilot.qqqq: no such value in Istio's charts; --skip-schema-validation sets it all the same"}},
		{"istioctl's prefix", `values: {pilot: {traceSampling: 10}}`,
			[]string{"values.pilot.traceSampling: 'values.' is istioctl's prefix; use pilot.traceSampling"}},
		{"istioctl's file", "kind: IstioOperator\nspec: {values: {}}",
			[]string{"an IstioOperator is for istioctl; give what is below its spec.values, and its spec.meshConfig as meshConfig"}},
		{"several", `{pilot: {replicacount: x, traceSampling: abc}, meshConfig: {enableTracing: 1}}`, []string{
			"meshConfig.enableTracing: must be true or false",
			"pilot.replicacount: no such value; did you mean pilot.replicaCount?",
			"pilot.traceSampling: must be a number",
		}},
		{"a key with a dot", `gateways: {istio.ingress: {enabled: true}}`,
			[]string{`gateways.istio\.ingress: no such value in Istio's charts; --skip-schema-validation sets it all the same`}},
		{"a word for a map", `pilot: 5`, []string{"pilot: must be a map"}},
		{"a word for a list", `revisionTags: default`, []string{"revisionTags: must be a list"}},
		{"a list for a word", `meshConfig: {accessLogFile: [a]}`, []string{"meshConfig.accessLogFile: must be a string"}},
		{"a truth for a number", `pilot: {traceSampling: true}`, []string{"pilot.traceSampling: must be a number"}},
		{"no such choice", `meshConfig: {outboundTrafficPolicy: {mode: REGISTRY_ONY}}`,
			[]string{`meshConfig.outboundTrafficPolicy.mode: no such choice; did you mean "REGISTRY_ONLY"?`}},

		{"nothing", ``, nil},
		{"a number as text", `pilot: {traceSampling: "0.5"}`, nil},
		{"a number for text", `global: {tag: 1.31, proxy: {image: 5}}`, nil},
		{"a truth as text", `pilot: {autoscaleEnabled: "false"}`, nil},
		{"null and nothing", `{pilot: {autoscaleEnabled: null, traceSampling: ""}, meshConfig: null, revisionTags: ""}`, nil},
		{"what Kubernetes defines", `pilot: {env: {A: b}, resources: {limits: {example.com/gpu: 1}}, affinity: {nodeAffinity: {}}, tolerations: [{a: b}]}`, nil},
		{"what users name", `{meshConfig: {defaultConfig: {proxyMetadata: {A: b}}}, global: {meshNetworks: {n: {}}}, gatewayClasses: {istio: {}}}`, nil},
		{"a field with underscores", `meshConfig: {access_log_file: /dev/stdout}`, nil},
		{"what istiod takes without the prefix", `traceSampling: 10`, nil},
		{"a percentage", `{pilot: {rollingMaxSurge: 50%, rollingMaxUnavailable: 1}, pdb: {minAvailable: 50%}}`, nil},
		{"a deprecated one", `global: {proxy: {accessLogFile: /dev/stdout}, mtls: {auto: true}}`, nil},
		{"a choice as a number", `meshConfig: {outboundTrafficPolicy: {mode: 0}}`, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := wrong(t, parse(t, test.values)); !slices.Equal(got, test.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}

// TestCheckTakesDefaults gives every value that Istio itself sets: those of each
// chart, of each profile, and of istiod's chart below pilot.
func TestCheckTakesDefaults(t *testing.T) {
	files := 0
	take := func(file, where string, values map[string]any) {
		files++
		for _, line := range wrong(t, values) {
			t.Errorf("%s%s: %s", file, where, line)
		}
	}
	err := fs.WalkDir(manifests.FS, ".", func(file string, entry fs.DirEntry, err error) error {
		name := path.Base(file)
		profile, ofChart := strings.HasPrefix(file, "profiles/"), strings.HasPrefix(name, "profile-")
		if err != nil || entry.IsDir() || !profile && !ofChart && name != "values.yaml" {
			return err
		}
		data, err := fs.ReadFile(manifests.FS, file)
		if err != nil {
			return err
		}
		values := parse(t, string(data))
		if profile {
			spec, _ := values["spec"].(map[string]any)
			own, _ := spec["values"].(map[string]any)
			take(file, " values", own)
			take(file, " meshConfig", map[string]any{"meshConfig": spec["meshConfig"]})
			return nil
		}
		take(file, "", values)
		own, _ := values["_internal_defaults_do_not_set"].(map[string]any)
		take(file, " defaults", own)
		if strings.Contains(file, "istio-discovery/values.yaml") {
			for _, shared := range []string{"base", "gateways", "global", "meshConfig"} {
				delete(own, shared)
			}
			take(file, " below pilot", map[string]any{"pilot": own})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 50 {
		t.Errorf("only %d files with values were found", files)
	}
}

// TestCheckTakesDocumented gives what Istio's documentation has people set.
func TestCheckTakesDocumented(t *testing.T) {
	for _, documented := range []string{
		`meshConfig: {accessLogFile: /dev/stdout, accessLogEncoding: JSON, accessLogFormat: "%START_TIME%"}`,
		`meshConfig: {outboundTrafficPolicy: {mode: REGISTRY_ONLY}, enableAutoMtls: true, trustDomain: example.com, trustDomainAliases: [a]}`,
		`meshConfig: {defaultConfig: {tracing: {sampling: 10, zipkin: {address: "zipkin:9411"}}, holdApplicationUntilProxyStarts: true, concurrency: 2, gatewayTopology: {numTrustedProxies: 2}}}`,
		`meshConfig: {extensionProviders: [{name: otel, opentelemetry: {service: o.svc, port: 4317}}, {name: authz, envoyExtAuthzGrpc: {service: a, port: 9000}}, {name: http, envoyExtAuthzHttp: {service: a, port: 8000, includeRequestHeadersInCheck: [x]}}]}`,
		`meshConfig: {localityLbSetting: {enabled: true}, discoverySelectors: [{matchLabels: {a: b}}], serviceSettings: [{settings: {clusterLocal: true}, hosts: ["*"]}], caCertificates: [{pem: x}]}`,
		`meshConfig: {pathNormalization: {normalization: DECODE_AND_MERGE_SLASHES}, tcpKeepalive: {time: 10s}, h2UpgradePolicy: UPGRADE, meshMTLS: {minProtocolVersion: TLSV1_3}}`,
		`global: {multiCluster: {clusterName: c}, network: n, meshID: m, proxy: {holdApplicationUntilProxyStarts: true, lifecycle: {preStop: {}}, tracer: zipkin, privileged: true}, logging: {level: "all:debug"}}`,
		`global: {defaultPodDisruptionBudget: {enabled: false, minAvailable: 2}, imagePullSecrets: [a], podDNSSearchNamespaces: [a], platform: openshift, variant: distroless, caAddress: a, logAsJson: true}`,
		`pilot: {autoscaleMin: 2, autoscaleMax: 5, replicaCount: 2, resources: {requests: {cpu: 10m}}, env: {PILOT_ENABLE_AMBIENT: true}, cni: {enabled: false}, podLabels: {a: b}, volumes: [], podAnnotations: {a: b}}`,
		`gateways: {istio-ingressgateway: {type: NodePort, ports: [{port: 80, targetPort: http, appProtocol: http}], serviceAnnotations: {a: b}, externalTrafficPolicy: Local, autoscaleMin: 2}, istio-egressgateway: {enabled: false}, securityContext: {a: b}}`,
		`sidecarInjectorWebhook: {rewriteAppHTTPProbe: true, enableNamespacesByDefault: true, templates: {a: b}, defaultTemplates: [sidecar], injectedAnnotations: {a: b}}`,
		`{base: {enableCRDTemplates: true, excludedCRDs: [a], validationFailurePolicy: Fail}, telemetry: {v2: {prometheus: {enabled: false}}}, revision: canary, revisionTags: [prod], defaultRevision: canary, profile: demo, compatibilityVersion: "1.30", platform: gke}`,
		`{cni: {ambient: {enabled: true}, cniBinDir: a, excludeNamespaces: [a]}, ztunnel: {anything: 1}, istio_cni: {enabled: true}, experimental: {stableValidationPolicy: true}}`,
	} {
		for _, line := range wrong(t, parse(t, documented)) {
			t.Error(line)
		}
	}
}
