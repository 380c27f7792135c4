package redact

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestURL(t *testing.T) {
	for address, want := range map[string]string{
		"https://example.com/demo.yaml":             "https://example.com/demo.yaml",
		"https://user:secret@example.com/demo.yaml": "https://example.com/demo.yaml",
		"https://secret@example.com/x":              "https://example.com/x",
		"https://example.com/x?token=secret":        "https://example.com/x",
		"https://example.com/x?secret#secret":       "https://example.com/x",
		"https://example.com/x#secret":              "https://example.com/x",
		"https://example.com/x?":                    "https://example.com/x",
		"https://user:secret@[::1]:8443/x":          "https://[::1]:8443/x",
		"HTTPS://user:secret@example.com/x":         "https://example.com/x",
		"ssh://git:secret@example.com:22/org/repo":  "ssh://example.com:22/org/repo",
		"file://":                  "file://",
		"file:///tmp/x?ref=secret": "file:///tmp/x",
		"git::https://secret@example.com/x?ref=v1":   "git::https://example.com/x",
		"git@github.com:org/repo?ref=secret":         "github.com:org/repo",
		"user:secret@example.com:org/repo":           "example.com:org/repo",
		"https://user:sec/ret@example.com/x":         "https://...",
		"https://user:sec ret@example.com/x":         "https://...",
		"https://user:secret@[::1":                   "https://...",
		"key=https://user:secret@example.com/x":      "key=https://...",
		"dir/https://user:secret@example.com/x":      "dir/https://...",
		"https://example.com/a,https://u:secret@b/c": "https://example.com/a,https://...",
		"https://example.com/istio@1.31.0/demo.yaml": "https://example.com/istio@1.31.0/demo.yaml",
		"https://example.com/a%2Fb/%C3%BC?x=secret":  "https://example.com/a%2Fb/%C3%BC",
		"./overlay":             "./overlay",
		"overlay?v=1#2":         "overlay?v=1#2",
		"C:\\demo.yaml":         "C:\\demo.yaml",
		"people@work/demo.yaml": "people@work/demo.yaml",
		"socks5://admin:secret@proxy.example.com:108": "socks5://proxy.example.com:108",
	} {
		if got := URL(address); got != want {
			t.Errorf("%s becomes %s, want %s", address, got, want)
		}
	}
}

func TestText(t *testing.T) {
	for text, want := range map[string]string{
		"nothing to hide: a@b, c?d=e#f": "nothing to hide: a@b, c?d=e#f",
		`Get "https://u:secret@example.com/x?t=secret": dial tcp 192.0.2.1:443: i/o timeout`:      `Get "https://example.com/x": dial tcp 192.0.2.1:443: i/o timeout`,
		`fatal: unable to access 'https://u:secret@example.com/org/repo/': Could not resolve`:     `fatal: unable to access 'https://example.com/org/repo/': Could not resolve`,
		`fatal: unable to access 'https://us'er:sec ret@example.com/x': no`:                       `fatal: unable to access 'https://...': no`,
		`parse "https://user:sec ret@example.com": invalid character " " in host name`:            `parse "https://...": invalid character in host name`,
		`parse "https://user:sec\"ret@example.com/x": net/url: invalid userinfo`:                  `parse "https://...": net/url: invalid userinfo`,
		`parse "https://user:sec/ret@example.com/x": invalid port ":sec" after host`:              `parse "https://...": invalid port after host`,
		`parse "https://us%er:secret@example.com/x": invalid URL escape "%er"`:                    `parse "https://...": invalid URL escape`,
		`see https://example.com/x?a=secret.`:                                                     `see https://example.com/x.`,
		`(https://u:secret@example.com/x)`:                                                        `(https://example.com/x)`,
		`{"a":"https://u:secret@example.com/x","b":"https://v:secret@example.com/y"}`:             `{"a":"https://example.com/x","b":"https://example.com/y"}`,
		"proxyconnect tcp: socks5://u:secret@proxy:1080: refused\nhttps://u:secret@example.com/x": "proxyconnect tcp: socks5://proxy:1080: refused\nhttps://example.com/x",
	} {
		if got := Text(text); got != want {
			t.Errorf("%s\nbecomes\n%s, want\n%s", text, got, want)
		}
	}
}

func TestError(t *testing.T) {
	cause := errors.New(`Get "https://secret@example.com/x": no`)
	err := Error(fmt.Errorf("cannot download: %w", cause))
	if want := `cannot download: Get "https://example.com/x": no`; err.Error() != want || !errors.Is(err, cause) {
		t.Errorf("the error is %v, want %s", err, want)
	}
	if plain := errors.New("no"); Error(plain) != plain {
		t.Error("an error without a URL is another one")
	}
}

// FuzzURL puts a URL together of which some parts are secret, and looks for
// these in what is left of it, alone and within a text.
func FuzzURL(f *testing.F) {
	f.Add("https", "user", "pass", "example.com", "/demo.yaml", "token=x", "top")
	f.Add("git::ssh", "git", "", "example.com:22", "/org/repo", "ref=v1", "")
	f.Add("http", "a b", "c'd\"e", "[::1]:80", "", "http://x:y@z", "://")
	f.Add("https", "a/b", "c?d", "localhost", "/@/:", "&&", "#")
	f.Fuzz(func(t *testing.T, scheme, user, password, host, path, query, fragment string) {
		const mark = "S3CR3T"
		if strings.ContainsAny(scheme+host, "/?#@\\ \n") || strings.Contains(host+path+scheme, mark) {
			t.Skip()
		}
		if !strings.HasPrefix(path, "/") || strings.ContainsAny(path, "?#\n'\" ") {
			path = "/"
		}
		if strings.ContainsAny(user+password, "/?#\\\n") {
			user, password = "", "" // they would end the host
		}
		address := scheme + "://" + user + mark + ":" + password + mark + "@" + host + path + "?" + mark + query + mark + "#" + mark + fragment + mark
		plain := URL(address)
		if strings.Contains(plain, mark) {
			t.Errorf("%q becomes %q", address, plain)
		}
		// What ends a quotation would not be told apart from its end.
		if strings.ContainsAny(address, "\"'\\ \t\n\v\f\r\u0085\u00a0") {
			return
		}
		for _, text := range []string{address, `Get "` + address + `": no`, "unable to access '" + address + "': no", "<" + address + ">."} {
			if got := Text(text); strings.Contains(got, mark) {
				t.Errorf("%q becomes %q", text, got)
			}
		}
	})
}
