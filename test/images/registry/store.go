package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// digests are those that name a file; no other path gets to the disk.
var digests = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

// descriptor is what an index says of a manifest.
type descriptor struct {
	MediaType   string            `json:"mediaType"`
	Digest      string            `json:"digest"`
	Annotations map[string]string `json:"annotations"`
}

// store is a folder of images. What it holds in memory is the index only.
type store struct {
	folder string
	// manifests are found by repository:tag, the repository without its host.
	manifests map[string]descriptor
	// types are those of the manifests, by digest.
	types map[string]string
}

// open reads the index of an OCI layout.
func open(folder string) (*store, error) {
	data, err := os.ReadFile(filepath.Join(folder, "index.json"))
	if err != nil {
		return nil, err
	}
	var index struct {
		Manifests []descriptor `json:"manifests"`
	}
	if err := json.Unmarshal(data, &index); err != nil {
		return nil, fmt.Errorf("index.json: %w", err)
	}
	known := &store{folder: folder, manifests: map[string]descriptor{}, types: map[string]string{}}
	for _, manifest := range index.Manifests {
		name := manifest.Annotations["org.opencontainers.image.ref.name"]
		_, path, hosted := strings.Cut(name, "/")
		if !hosted || !digests.MatchString(manifest.Digest) {
			return nil, fmt.Errorf("index.json: %q is no image with a host and a digest", name)
		}
		if other, taken := known.manifests[path]; taken {
			return nil, fmt.Errorf("index.json: %s and %s differ in the host only", name, other.Annotations["org.opencontainers.image.ref.name"])
		}
		known.manifests[path] = manifest
		known.types[manifest.Digest] = manifest.MediaType
	}
	return known, nil
}

// serve answers a request for what is at a path below /v2/.
func (s *store) serve(w http.ResponseWriter, r *http.Request, path string) {
	if _, digest, found := strings.Cut(path, "/blobs/"); found {
		s.file(w, r, digest, "application/octet-stream", "BLOB_UNKNOWN")
		return
	}
	repository, reference, found := strings.Cut(path, "/manifests/")
	if !found {
		refuse(w, http.StatusNotFound, "UNSUPPORTED", "this registry has manifests and blobs only")
		return
	}
	if strings.Contains(reference, ":") {
		mediaType, known := s.types[reference]
		if !known {
			refuse(w, http.StatusNotFound, "MANIFEST_UNKNOWN", "manifest unknown")
			return
		}
		s.file(w, r, reference, mediaType, "MANIFEST_UNKNOWN")
		return
	}
	manifest, known := s.manifests[repository+":"+reference]
	if !known {
		refuse(w, http.StatusNotFound, "MANIFEST_UNKNOWN", "manifest unknown")
		return
	}
	s.file(w, r, manifest.Digest, manifest.MediaType, "MANIFEST_UNKNOWN")
}

// file answers with the file of a digest, or with a part of it: a client goes
// on where a connection broke.
func (s *store) file(w http.ResponseWriter, r *http.Request, digest, mediaType, unknown string) {
	if !digests.MatchString(digest) {
		refuse(w, http.StatusBadRequest, "DIGEST_INVALID", "invalid digest")
		return
	}
	file, err := os.Open(filepath.Join(s.folder, "blobs", "sha256", strings.TrimPrefix(digest, "sha256:")))
	if err != nil {
		refuse(w, http.StatusNotFound, unknown, "unknown to registry")
		return
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		refuse(w, http.StatusInternalServerError, "UNKNOWN", err.Error())
		return
	}
	w.Header().Set("Content-Type", mediaType)
	w.Header().Set("Docker-Content-Digest", digest)
	w.Header().Set("Etag", `"`+digest+`"`)
	http.ServeContent(w, r, "", info.ModTime(), file)
}
