package mesh

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"math/big"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

// authorizer are the settings that name a program which decides in place of the
// proxies.
var authorizer = []string{
	"--set=meshConfig.extensionProviders[0].name=sample-ext-authz-http",
	"--set=meshConfig.extensionProviders[0].envoyExtAuthzHttp.service=ext-authz.default.svc.cluster.local",
	"--set=meshConfig.extensionProviders[0].envoyExtAuthzHttp.port=8000",
	"--set=meshConfig.extensionProviders[0].envoyExtAuthzHttp.includeRequestHeadersInCheck={x-ext-authz}",
}

// policy is an AuthorizationPolicy for an application.
func policy(app, spec string) string {
	return fmt.Sprintf(`---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: %s}
spec: {selector: {matchLabels: {app: %s}}, %s}
`, app, app, spec)
}

// tokenRequired takes requests with a token of an issuer, and no others.
func tokenRequired(t *testing.T, m mesh) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	defer m.apply(t, fmt.Sprintf(`---
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: {name: httpbin}
spec: {selector: {matchLabels: {app: httpbin}}, jwtRules: [{issuer: issuer.example.com, jwks: '%s'}]}
`, keys(key))+policy("httpbin", `rules: [{from: [{source: {requestPrincipals: ["issuer.example.com/subject"]}}]}]`))()
	address := "http://httpbin:8000/get"
	m.wantFromMesh(t, "403", status(address)...)
	m.wantFromMesh(t, "401", status("-H", "Authorization: Bearer wrong", address)...)
	m.wantFromMesh(t, "403", status("-H", "Authorization: Bearer "+token(t, key, "another"), address)...)
	m.wantFromMesh(t, "200", status("-H", "Authorization: Bearer "+token(t, key, "subject"), address)...)
}

// keys is the public part of a key, as a set of JSON web keys.
func keys(key *rsa.PrivateKey) string {
	encode := base64.RawURLEncoding.EncodeToString
	return fmt.Sprintf(`{"keys":[{"kty":"RSA","alg":"RS256","kid":"1","n":"%s","e":"%s"}]}`, encode(key.N.Bytes()), encode(big.NewInt(int64(key.E)).Bytes()))
}

// token is signed by a key, for a subject.
func token(t *testing.T, key *rsa.PrivateKey, subject string) string {
	t.Helper()
	encode := base64.RawURLEncoding.EncodeToString
	signed := encode([]byte(`{"alg":"RS256","kid":"1","typ":"JWT"}`)) + "." +
		encode(fmt.Appendf(nil, `{"iss":"issuer.example.com","sub":"%s","exp":4102444800}`, subject))
	sum := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return signed + "." + encode(signature)
}

// tcpDenied allows connections to one port of two.
func tcpDenied(t *testing.T, m mesh) {
	defer m.apply(t, policy("tcp-echo", `action: ALLOW, rules: [{to: [{operation: {ports: ["9000"]}}]}]`))()
	echo := func(port string) []string {
		return []string{"bash", "-c", "exec 3<>/dev/tcp/tcp-echo/" + port + " && echo date >&3 && head -n1 <&3 || true; echo end"}
	}
	m.wantFromMesh(t, `^end\n$`, echo("9001")...)
	m.wantFromMesh(t, `^(one|two) date\nend\n$`, echo("9000")...)
}

// methodDenied denies what is named, and nothing else.
func methodDenied(t *testing.T, m mesh) {
	defer m.apply(t, policy("httpbin", `action: DENY, rules: [{to: [{operation: {methods: ["GET"]}}]}]`))()
	m.wantFromMesh(t, "403", status("http://httpbin:8000/get")...)
	m.wantFromMesh(t, "200", status("-X", "POST", "http://httpbin:8000/post")...)
}

// externalAuthorizer has a program of the user's decide.
func externalAuthorizer(t *testing.T, m mesh) {
	defer m.apply(t, policy("httpbin", `action: CUSTOM, provider: {name: sample-ext-authz-http}, rules: [{to: [{operation: {paths: ["/headers"]}}]}]`))()
	m.wantFromMesh(t, "403", status("-H", "x-ext-authz: deny", "http://httpbin:8000/headers")...)
	m.wantFromMesh(t, "200", status("-H", "x-ext-authz: allow", "http://httpbin:8000/headers")...)
	m.wantFromMesh(t, "200", status("-H", "x-ext-authz: deny", "http://httpbin:8000/ip")...)
}

const errorsOnly = `apiVersion: telemetry.istio.io/v1
kind: Telemetry
metadata: {name: errors-only, namespace: istio-system}
spec: {accessLogging: [{providers: [{name: envoy}], filter: {expression: response.code >= 400}}]}
`

// logsOnlyErrors has proxies log what failed only.
func logsOnlyErrors(t *testing.T, m mesh) {
	defer m.apply(t, errorsOnly)()
	page := m.gateway(t)
	for n := range 30 {
		good, bad := fmt.Sprintf("/productpage?good=%d ", n), fmt.Sprintf("/no-page?bad=%d ", n)
		wantPage(t, page+strings.TrimSpace(good), "", http.StatusOK, pageTitle)
		wantPage(t, page+strings.TrimSpace(bad), "", http.StatusNotFound, "")
		got := m.Until(t, user.Prints(regexp.QuoteMeta(bad)), "kubectl", "istio-demo", "logs", "istio-ingressgateway", "--tail=-1")
		if !strings.Contains(got.Stdout, good) {
			return
		}
	}
	t.Error("what succeeds is still logged")
}
