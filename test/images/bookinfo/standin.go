package main

import (
	"fmt"
	"html"
	"math"
	"net/http"
	"os"
	"strconv"
	"time"
)

func ratings(w http.ResponseWriter, r *http.Request) {
	product, err := strconv.Atoi(r.PathValue("product"))
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		answer(w, map[string]string{"error": "please provide numeric product ID"})
		return
	}
	answer(w, map[string]any{"id": product, "ratings": map[string]int{"Reviewer1": 5, "Reviewer2": 4}})
}

func details(w http.ResponseWriter, r *http.Request) {
	product, err := strconv.Atoi(r.PathValue("product"))
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		answer(w, map[string]string{"error": "please provide numeric product id"})
		return
	}
	answer(w, map[string]any{
		"id": product, "author": "William Shakespeare", "year": 1595, "type": "paperback", "pages": 200,
		"publisher": "PublisherA", "language": "English", "ISBN-10": "1234567890", "ISBN-13": "123-1234567890",
	})
}

// productpage has the title of the real page, and what the other services say
// as it comes.
func productpage(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	fmt.Fprint(w, "<!DOCTYPE html>\n<title>Simple Bookstore App</title>\n<h1>The Comedy of Errors</h1>\n<p>This page is played.</p>\n")
	for _, name := range []string{"details", "reviews"} {
		var content any
		if err := ask(r, "http://"+name+":9080/"+name+"/0", 3*time.Second, &content); err != nil {
			fmt.Fprintf(w, "<p>Error fetching product %s! %s</p>\n", name, html.EscapeString(err.Error()))
			continue
		}
		fmt.Fprintf(w, "<h2>%s</h2>\n<pre>%s</pre>\n", name, html.EscapeString(fmt.Sprint(content)))
	}
}

// hello takes as much work as the real service does, since autoscaling is what
// it is there to show.
func hello(w http.ResponseWriter, _ *http.Request) {
	x := 0.0001
	for range 1000000 {
		x += math.Sqrt(x)
	}
	if math.IsNaN(x) {
		return
	}
	fmt.Fprintf(w, "Hello version: %s, instance: %s\n", setting("SERVICE_VERSION", "None"), os.Getenv("HOSTNAME"))
}
