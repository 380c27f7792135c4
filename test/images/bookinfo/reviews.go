package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"time"
)

// forwarded are the headers that tie the requests of one page together, and
// those by which Istio's examples route.
var forwarded = []string{
	"x-request-id", "x-ot-span-context",
	"x-datadog-trace-id", "x-datadog-parent-id", "x-datadog-sampling-priority",
	"traceparent", "tracestate", "x-cloud-trace-context", "grpc-trace-bin",
	"x-b3-traceid", "x-b3-spanid", "x-b3-parentspanid", "x-b3-sampled", "x-b3-flags",
	"sw8", "end-user", "user-agent", "cookie", "authorization", "jwt",
}

// review is what one reader thinks.
type review struct {
	Reviewer string         `json:"reviewer"`
	Text     string         `json:"text"`
	Rating   map[string]any `json:"rating,omitempty"`
}

// reviews answers with two reviews, with stars if this is a version with them.
func reviews(w http.ResponseWriter, r *http.Request) {
	product, err := strconv.Atoi(r.PathValue("product"))
	if err != nil {
		http.NotFound(w, r)
		return
	}
	list := []review{
		{Reviewer: "Reviewer1", Text: "An extremely entertaining play by Shakespeare. The slapstick humour is refreshing!"},
		{Reviewer: "Reviewer2", Text: "Absolutely fun and entertaining. The play lacks thematic depth when compared to other plays by Shakespeare."},
	}
	if setting("ENABLE_RATINGS", "false") == "true" {
		color := setting("STAR_COLOR", "black")
		stars := ratingsOf(r, product, color)
		for i := range list {
			list[i].Rating = map[string]any{"error": "Ratings service is currently unavailable"}
			if given, rated := stars[list[i].Reviewer]; rated {
				list[i].Rating = map[string]any{"stars": given, "color": color}
			}
		}
	}
	answer(w, struct {
		ID      string   `json:"id"`
		Pod     string   `json:"podname"`
		Cluster string   `json:"clustername"`
		Reviews []review `json:"reviews"`
	}{strconv.Itoa(product), os.Getenv("HOSTNAME"), setting("CLUSTER_NAME", "null"), list})
}

// ratingsOf asks the ratings service. The version with black stars is the
// patient one, which Istio's task of timeouts counts on.
func ratingsOf(r *http.Request, product int, color string) map[string]int {
	patience := 2500 * time.Millisecond
	if color == "black" {
		patience = 10 * time.Second
	}
	var content struct {
		Ratings map[string]int `json:"ratings"`
	}
	url := "http://" + setting("RATINGS_HOSTNAME", "ratings") + ":" + setting("RATINGS_SERVICE_PORT", "9080") + "/ratings/" + strconv.Itoa(product)
	if err := ask(r, url, patience, &content); err != nil {
		fmt.Fprintln(os.Stderr, "Error: unable to contact", url, err)
		return nil
	}
	return content.Ratings
}

// ask gets JSON from another service, as a part of a request.
func ask(part *http.Request, url string, patience time.Duration, into any) error {
	request, err := http.NewRequestWithContext(part.Context(), http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	for _, name := range forwarded {
		if value := part.Header.Get(name); value != "" {
			request.Header.Set(name, value)
		}
	}
	response, err := (&http.Client{Timeout: patience}).Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("got status of %s", response.Status)
	}
	return json.NewDecoder(response.Body).Decode(into)
}
