package file

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"regexp"
	"strings"
	"time"
)

// repository is where in a git repository a kustomization lies.
type repository struct {
	// address is what git is given; it begins with no dash.
	address string
	// folder leads from the repository's root to the kustomization.
	folder string
	// ref is a branch, a tag or a commit; empty means the default branch.
	ref string
	// timeout is how long git may take.
	timeout time.Duration
	// marked tells that the address itself says where the repository ends, so
	// that it can be no file.
	marked bool
}

// cloneTimeout is how long git may take where a URL does not say.
const cloneTimeout = time.Minute

// remotely matches everything that kustomize, git or net/http could take for an
// address that is not a path: schemes, go-getter's git::, github.com/org/repo and
// user@host. What is matched and no local name must be one of the forms that
// parseRepository or a download knows.
var remotely = regexp.MustCompile(`(?i)^([a-z][a-z0-9+.-]+:|github\.com/|[a-z0-9_.-]+@)`)

// The parts of an address that git is given, each without a character that it
// could misunderstand: it takes what begins with a dash for an option, and in a
// ref + and : have a meaning. A % would be something that is encoded twice.
var (
	hostName  = regexp.MustCompile(`^([A-Za-z0-9][A-Za-z0-9._-]*|\[[0-9A-Fa-f:.]+\])(:[0-9]+)?$`)
	userName  = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]*$`)
	pathName  = regexp.MustCompile(`^[A-Za-z0-9_~.][A-Za-z0-9._~/@+,:=-]*$`)
	refName   = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._/@#+-]*$`)
	shortForm = regexp.MustCompile(`^(?:([^@/:]*)@)?([^@/:]+):([^-/].*)$`)
)

// errOnlyFile wraps what is no address of a repository, but may be one of a file.
var errOnlyFile = errors.New("not a repository")

// parseRepository reads the address of a repository as kustomize does, as far
// as it is one of the forms that README documents, and refuses all others:
//
//	https://host/org/repo[.git][/folder][?ref=…], ssh://[user@]host/…, and http:// where it is allowed
//	user@host:org/repo[.git][/folder][?ref=…], github.com:org/repo, github.com/org/repo
//
// Where //, .git or _git/ do not mark it, the repository ends after two names.
// The address is checked, not asked for.
func parseRepository(entry string, allowHTTP bool) (repository, error) {
	entry = strings.TrimPrefix(entry, "git::")
	where, query, _ := strings.Cut(entry, "?")
	var host, names string
	switch {
	case strings.Contains(where, "://"):
		parsed, err := url.Parse(where)
		if err != nil || parsed.Opaque != "" {
			return repository{}, errors.New("invalid URL")
		}
		if err := checkServer(parsed, allowHTTP); err != nil {
			return repository{}, err
		}
		names = strings.TrimPrefix(parsed.EscapedPath(), "/")
		if parsed.Fragment != "" {
			names += "#"
		}
		host = (&url.URL{Scheme: parsed.Scheme, User: parsed.User, Host: parsed.Host, Path: "/"}).String()
	case strings.HasPrefix(strings.ToLower(where), "github.com/"):
		host, names = "https://github.com/", where[len("github.com/"):]
	default:
		match := shortForm.FindStringSubmatch(where)
		if match == nil || !hostName.MatchString(match[2]) || match[1] == "" && !strings.EqualFold(match[2], "github.com") ||
			match[1] != "" && !userName.MatchString(match[1]) {
			return repository{}, errors.New("neither a path nor a URL with https:// or ssh://; put ./ in front of a path")
		}
		host, names = where[:len(where)-len(match[3])], match[3]
	}
	found, err := parseQuery(query)
	if err != nil {
		return repository{}, err
	}
	found.address, found.folder, found.marked = divide(names)
	switch {
	case strings.Contains("/"+names+"/", "/../"):
		return repository{}, errors.New("outside the repository")
	case found.address == "" || !pathName.MatchString(names):
		return repository{}, fmt.Errorf("%w; expected the repository and the directory after the host", errOnlyFile)
	}
	found.address = host + found.address
	return found, nil
}

// checkServer refuses schemes that are local, that are not encrypted, or that
// would run a program, and servers whose name could be an option.
func checkServer(parsed *url.URL, allowHTTP bool) error {
	switch {
	case parsed.Scheme == "http" && !allowHTTP:
		return errors.New("not encrypted; use https, or allow it with --allow-http")
	case parsed.Scheme != "https" && parsed.Scheme != "ssh" && parsed.Scheme != "http":
		return fmt.Errorf("%s:// is not allowed; use https://, ssh:// or a path", parsed.Scheme)
	case !hostName.MatchString(parsed.Host):
		return errors.New("invalid host")
	case parsed.Scheme == "ssh" && parsed.User != nil && !userName.MatchString(parsed.User.Username()):
		return errors.New("invalid user")
	}
	return nil
}

// parseQuery reads what kustomize reads from a query and refuses the rest.
func parseQuery(query string) (repository, error) {
	found := repository{timeout: cloneTimeout}
	values, err := url.ParseQuery(query)
	if err != nil {
		return found, errors.New("invalid query")
	}
	var only error
	for key := range values {
		value := values.Get(key)
		switch key {
		case "ref", "version":
			if !refName.MatchString(value) {
				return found, fmt.Errorf("invalid %s: not a branch, tag or commit", key)
			}
		case "timeout":
			found.timeout, err = time.ParseDuration(value)
			if err != nil {
				found.timeout, err = time.ParseDuration(value + "s")
			}
			if err != nil || found.timeout <= 0 {
				return found, errors.New("invalid timeout")
			}
		case "submodules":
			if value != "false" && value != "0" {
				return found, errors.New("submodules are not fetched")
			}
		default:
			only = fmt.Errorf("%w: its query supports only ref, version, timeout and submodules", errOnlyFile)
		}
	}
	found.ref = values.Get("ref")
	if found.ref == "" {
		found.ref = values.Get("version")
	}
	return found, only
}

// divide parts the names behind a host into those of the repository and those
// of the folder in it, by the rules of kustomize.
func divide(names string) (repository, folder string, marked bool) {
	if before, after, found := strings.Cut(names, "_git/"); found {
		name, folder, _ := strings.Cut(after, "/")
		return before + "_git/" + name, clean(folder), true
	}
	if before, after, found := strings.Cut(names, "//"); found {
		return before, clean(after), true
	}
	if before, after, found := strings.Cut(names, ".git"); found {
		return before + ".git", clean(after), true
	}
	parts := strings.SplitN(names, "/", 3)
	if len(parts) < 2 || parts[0] == "" || parts[1] == "" {
		return "", "", false
	}
	return parts[0] + "/" + parts[1], clean(strings.Join(parts[2:], "")), false
}

func clean(folder string) string { return strings.TrimPrefix(path.Clean("/"+folder), "/") }
