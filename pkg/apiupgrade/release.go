package apiupgrade

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/version"
)

const (
	// oldest is the release from which on the old versions have the defaults
	// that are written out here.
	oldest = 9
	// newest is as far as the library can see: what is deprecated in one
	// release goes three releases later.
	newest = libraryRelease + 3
	// libraryRelease is that of k8s.io/api.
	libraryRelease = 37
	// betaOff is the release from which on new versions in beta are served
	// only if asked for (KEP-3136).
	betaOff = 24
)

// Latest is the newest release of Kubernetes that is known for certain: that of
// the k8s.io/api that this is built with. What later releases take away is
// announced three releases before, and so is known, too; what they add is not.
const Latest = "1.37"

// Releases returns the oldest and the newest release that Release knows, as the
// second part of their versions: 37 for 1.37.
func Releases() (first, last int) { return oldest, newest }

// Release returns which kinds of its own a release of Kubernetes serves, such as
// "1.37" or "v1.37.2", unless it was told to serve others. Alpha versions count
// as not served, and so do beta versions from 1.24 on (KEP-3136). It serves no
// custom resources. The error says that the text is no release, or one outside
// of Releases. What it gives can be used by many goroutines.
func Release(release string) (Served, error) {
	parsed, err := version.ParseGeneric(strings.TrimSpace(release))
	if err != nil {
		return nil, fmt.Errorf("invalid Kubernetes release %q; use one such as 1.%d", release, libraryRelease)
	}
	if parsed.Major() != 1 || parsed.Minor() < oldest || parsed.Minor() > newest {
		return nil, fmt.Errorf("unknown Kubernetes release %s; use a release from 1.%d to 1.%d", release, oldest, newest)
	}
	minor := int(parsed.Minor())
	return func(kind schema.GroupVersionKind) bool {
		_, supplemented := supplements[kind]
		if !supplemented && known(kind) == nil || strings.Contains(kind.Version, "alpha") {
			return false
		}
		first, last := lifetime(kind)
		if strings.Contains(kind.Version, "beta") && first >= betaOff && !betaOn[kind.GroupVersion()] {
			return false
		}
		return minor >= first && (last == 0 || minor < last)
	}, nil
}

// betaOn are versions that came after betaOff to groups that were served in
// beta before.
var betaOn = map[schema.GroupVersion]bool{
	{Group: "flowcontrol.apiserver.k8s.io", Version: "v1beta3"}: true,
}
