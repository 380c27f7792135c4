// page requests a page, and prints the status and the title of the answer, for
// make demo. It fails unless the page is there.
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"time"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: page URL")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(url string) error {
	client := &http.Client{Timeout: 30 * time.Second}
	response, err := client.Get(url)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	const enough = 1 << 20
	body, err := io.ReadAll(io.LimitReader(response.Body, enough))
	if err != nil {
		return err
	}
	title := regexp.MustCompile(`(?s)<title>\s*(.*?)\s*</title>`).FindSubmatch(body)
	if response.StatusCode != http.StatusOK || title == nil {
		return fmt.Errorf("GET %s: %s\n%s", url, response.Status, body)
	}
	fmt.Printf("GET %s: %s, %q\n", url, response.Status, title[1])
	return nil
}
