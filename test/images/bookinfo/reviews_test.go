package main

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// reviewed asks for reviews, as a part of a request of a user, whose headers
// the ratings saw.
func reviewed(t *testing.T, status int) (body string, seen http.Header) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = r.Header
		w.WriteHeader(status)
		answer(w, map[string]any{"id": 0, "ratings": map[string]int{"Reviewer1": 5, "Reviewer2": 4}})
	}))
	defer server.Close()
	address, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("RATINGS_HOSTNAME", address.Hostname())
	t.Setenv("RATINGS_SERVICE_PORT", address.Port())
	t.Setenv("HOSTNAME", "reviews-1")
	request := httptest.NewRequest(http.MethodGet, "/reviews/0", nil)
	request.SetPathValue("product", "0")
	request.Header.Set("x-request-id", "r1")
	request.Header.Set("end-user", "jason")
	response := httptest.NewRecorder()
	reviews(response, request)
	return response.Body.String(), seen
}

// TestReviewsWithoutRatings is version 1.
func TestReviewsWithoutRatings(t *testing.T) {
	t.Setenv("ENABLE_RATINGS", "false")
	body, seen := reviewed(t, http.StatusOK)
	if strings.Contains(body, `"rating"`) || seen != nil || !strings.HasPrefix(body, `{"id":"0","podname":"reviews-1","clustername":"null","reviews":[{"reviewer":"Reviewer1",`) {
		t.Errorf("%s, ratings were asked with %v", body, seen)
	}
}

// TestReviewsWithRatings is version 3.
func TestReviewsWithRatings(t *testing.T) {
	t.Setenv("ENABLE_RATINGS", "true")
	t.Setenv("STAR_COLOR", "red")
	body, seen := reviewed(t, http.StatusOK)
	if !strings.Contains(body, `"rating":{"color":"red","stars":5}`) || !strings.Contains(body, `"rating":{"color":"red","stars":4}`) {
		t.Error(body)
	}
	if seen.Get("x-request-id") != "r1" || seen.Get("end-user") != "jason" {
		t.Errorf("ratings were asked with %v", seen)
	}
}

// TestReviewsWhenRatingsFail is what a page then says.
func TestReviewsWhenRatingsFail(t *testing.T) {
	t.Setenv("ENABLE_RATINGS", "true")
	if body, _ := reviewed(t, http.StatusServiceUnavailable); strings.Count(body, `"rating":{"error":"Ratings service is currently unavailable"}`) != 2 {
		t.Error(body)
	}
}
