package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

// served is a registry with one image, docker.io/library/test:1. What it logs is
// complete once the server is closed.
type served struct {
	*httptest.Server
	host  string
	image v1.Image
	log   bytes.Buffer
}

// serving returns one whose image has so many bytes.
func serving(t *testing.T, size int64, rate float64) *served {
	t.Helper()
	serving := &served{}
	folder := t.TempDir()
	images, err := layout.Write(folder, empty.Index)
	if err != nil {
		t.Fatal(err)
	}
	if serving.image, err = random.Image(size, 1); err != nil {
		t.Fatal(err)
	}
	if err := images.AppendImage(serving.image, layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": "docker.io/library/test:1"})); err != nil {
		t.Fatal(err)
	}
	known, err := open(folder)
	if err != nil {
		t.Fatal(err)
	}
	serving.Server = httptest.NewServer(logged(handler(known, &bandwidth{rate: rate}), &serving.log))
	t.Cleanup(serving.Close)
	serving.host = strings.TrimPrefix(serving.URL, "http://")
	return serving
}

// layer returns where the image's only layer is.
func (s *served) layer(t *testing.T) string {
	t.Helper()
	layers, err := s.image.Layers()
	if err != nil {
		t.Fatal(err)
	}
	digest, err := layers[0].Digest()
	if err != nil {
		t.Fatal(err)
	}
	return s.URL + "/v2/library/test/blobs/" + digest.String()
}

func pull(t *testing.T, reference string) (v1.Image, error) {
	t.Helper()
	tag, err := name.ParseReference(reference, name.Insecure)
	if err != nil {
		t.Fatal(err)
	}
	return remote.Image(tag, remote.WithRetryStatusCodes(), remote.WithRetryBackoff(remote.Backoff{Steps: 1}))
}

// TestPull pulls by tag and by digest.
func TestPull(t *testing.T) {
	registry := serving(t, 1000, 0)
	digest, err := registry.image.Digest()
	if err != nil {
		t.Fatal(err)
	}
	for _, reference := range []string{"/library/test:1", "/library/test@" + digest.String()} {
		pulled, err := pull(t, registry.host+reference)
		if err != nil {
			t.Fatalf("%s: %v", reference, err)
		}
		if err := validate.Image(pulled); err != nil {
			t.Errorf("%s: %v", reference, err)
		}
	}
	if _, err := pull(t, registry.host+"/library/test:2"); err == nil || !strings.Contains(err.Error(), "MANIFEST_UNKNOWN") {
		t.Errorf("an unknown tag is %v", err)
	}
	registry.Close()
	if !strings.Contains(registry.log.String(), " GET library/test sha256:") {
		t.Errorf("no blob is in the log: %s", &registry.log)
	}
}

// TestRange gets the rest of a blob, as a client does after a connection broke.
func TestRange(t *testing.T) {
	request, err := http.NewRequest(http.MethodGet, serving(t, 1000, 0).layer(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Range", "bytes=100-199")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, err := io.ReadAll(response.Body); err != nil || response.StatusCode != http.StatusPartialContent || len(body) != 100 {
		t.Errorf("%s, %d bytes, %v", response.Status, len(body), err)
	}
}

// TestBandwidthIsShared has two clients pull at once, which takes as long as
// both would one after the other.
func TestBandwidthIsShared(t *testing.T) {
	url := serving(t, 1e6, 4e6).layer(t)
	began := time.Now()
	var clients sync.WaitGroup
	for range 2 {
		clients.Go(func() {
			response, err := http.Get(url)
			if err != nil {
				t.Error(err)
				return
			}
			defer response.Body.Close()
			if _, err := io.Copy(io.Discard, response.Body); err != nil {
				t.Error(err)
			}
		})
	}
	clients.Wait()
	if took := time.Since(began); took < 400*time.Millisecond || took > 5*time.Second {
		t.Errorf("2 MB at 4 MB a second took %s", took)
	}
}

// TestFaults sees each of them as a client does.
func TestFaults(t *testing.T) {
	registry := serving(t, 1000, 0)
	for name, message := range map[string]string{
		"401": "UNAUTHORIZED", "403": "DENIED", "404": "MANIFEST_UNKNOWN", "429": "TOOMANYREQUESTS", "500": "UNKNOWN", "break": "EOF",
	} {
		if _, err := pull(t, registry.host+"/faults/"+name+"/anything:1"); err == nil || !strings.Contains(err.Error(), message) {
			t.Errorf("%s is %v", name, err)
		}
	}
	impatient := http.Client{Timeout: 100 * time.Millisecond}
	if response, err := impatient.Get(registry.URL + "/v2/faults/hang/anything/manifests/1"); err == nil {
		response.Body.Close()
		t.Errorf("hang answers %s", response.Status)
	}
}

// TestPathsStayInside asks for a file that is no blob.
func TestPathsStayInside(t *testing.T) {
	registry := serving(t, 1000, 0)
	for _, digest := range []string{"sha256:..%2f..%2findex.json", "index.json", "sha256:" + strings.Repeat("0", 64)} {
		response, err := http.Get(registry.URL + "/v2/library/test/blobs/" + digest)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode < 400 {
			t.Errorf("%s is answered with %s", digest, response.Status)
		}
	}
}
