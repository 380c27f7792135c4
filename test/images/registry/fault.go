package main

import (
	"net/http"
	"strings"
)

// faults are what goes wrong with images below faults/: the manifest of
// faults/NAME/anything:tag is answered so, in the words of registries.
var faults = map[string]struct {
	status        int
	code, message string
	header        map[string]string
}{
	"401": {http.StatusUnauthorized, "UNAUTHORIZED", "authentication required", map[string]string{"Www-Authenticate": `Basic realm="registry"`}},
	"403": {http.StatusForbidden, "DENIED", "requested access to the resource is denied", nil},
	"404": {http.StatusNotFound, "MANIFEST_UNKNOWN", "manifest unknown", nil},
	"429": {
		http.StatusTooManyRequests, "TOOMANYREQUESTS",
		"You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit",
		map[string]string{"Retry-After": "21600"},
	},
	"500": {http.StatusInternalServerError, "UNKNOWN", "unknown error", nil},
}

// fault answers for what is at a path below /v2/ if that is to go wrong, and
// tells whether it was. Besides the answers above, faults/hang never answers,
// and faults/break ends the connection.
func fault(w http.ResponseWriter, r *http.Request, path string) bool {
	parts := strings.SplitN(path, "/", 3)
	if len(parts) < 3 || parts[0] != "faults" {
		return false
	}
	switch parts[1] {
	case "hang":
		<-r.Context().Done()
		return true
	case "break":
		panic(http.ErrAbortHandler)
	}
	wrong, known := faults[parts[1]]
	if !known {
		return false
	}
	for name, value := range wrong.header {
		w.Header().Set(name, value)
	}
	refuse(w, wrong.status, wrong.code, wrong.message)
	return true
}
