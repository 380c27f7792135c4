package suggest

import "testing"

func TestNearest(t *testing.T) {
	commands := []string{"address", "check", "completion", "dashboard", "diff", "images", "install", "logs", "manifest", "pods", "rbac", "sample", "services", "status", "uninstall", "version"}
	for _, test := range []struct {
		name, want string
	}{
		{"instal", "install"},
		{"isntall", "install"}, // swapped
		{"INSTALL", "install"},
		{"uninstal", "uninstall"},
		{"pod", "pods"},
		{"dash", "dashboard"}, // begins with it
		{"dashbord", "dashboard"},
		{"stauts", "status"},
		{"s", ""}, // the beginning of several
		{"sta", "status"},
		{"upgrade", ""},
		{"apply", ""},
		{"", ""},
	} {
		if got := Nearest(test.name, commands); got != test.want {
			t.Errorf("%q: got %q, want %q", test.name, got, test.want)
		}
	}
}

func TestRemedy(t *testing.T) {
	known := []string{"grafana", "jaeger", "kiali"}
	for name, want := range map[string]string{
		"grafna": `did you mean "grafana"?`,
		"loki":   "use one of grafana, jaeger, kiali",
	} {
		if got := Remedy(name, known); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"abc", "abc", 0},
		{"abc", "acb", 1}, {"abc", "abd", 1}, {"ac", "abc", 1}, {"kitten", "sitting", 3}, {"ä", "a", 1},
	} {
		if got := distance(test.a, test.b); got != test.want {
			t.Errorf("%q, %q: got %d, want %d", test.a, test.b, got, test.want)
		}
	}
}
