package cmd

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/kubectl/pkg/cmd/diff"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/install"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/progress"
)

// printSide writes an object into a file of one side's directory, which is
// empty where there is no object. It makes the file itself: kubectl's would
// write into one that is there, and wherever the name leads.
func printSide(side *diff.DiffVersion, name string, object *unstructured.Unstructured) error {
	file, err := os.OpenFile(filepath.Join(side.Dir.Name, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if object != nil {
		var text bytes.Buffer
		if err = printYAML(object.Object, &text); err == nil {
			_, err = io.WriteString(file, progress.Escaped(text.String()))
		}
	}
	return errors.Join(err, file.Close())
}

// What stands in a file's name as it is. Upper case is escaped in names, of
// which some differ in nothing else, as not all file systems tell them apart.
const (
	lowerCase = "abcdefghijklmnopqrstuvwxyz0123456789-_."
	bothCases = lowerCase + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	// longestFile is what every file system has room for, with its folder.
	longestFile = 150
)

// device is how the names of Windows' devices begin, which are no files
// whatever comes after the dot
// (https://learn.microsoft.com/windows/win32/fileio/naming-a-file).
var device = regexp.MustCompile(`(?i)^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)`)

// fileName returns the name of the file that is compared, in kubectl's form:
// [GROUP.]VERSION.KIND.NAMESPACE.NAME. It is one that every system takes for a
// file, for no other object, and in the folder where it is made.
func fileName(difference install.Difference) string {
	of := difference.Ref
	parts := []string{
		escaped(difference.Version, lowerCase),
		escaped(of.Kind, bothCases),
		escaped(of.Namespace, lowerCase),
		escaped(of.Name, lowerCase),
	}
	if of.Group != "" {
		parts = append([]string{escaped(of.Group, lowerCase)}, parts...)
	}
	name := strings.Join(parts, ".")
	if device.MatchString(name) || strings.HasPrefix(name, ".") {
		name = "%" + strings.ToUpper(hex.EncodeToString([]byte{name[0]})) + name[1:]
	}
	if body, dot := strings.CutSuffix(name, "."); dot { // which Windows leaves out
		name = body + "%2E"
	}
	if len(name) > longestFile {
		sum := sha256.Sum256([]byte(name))
		short := hex.EncodeToString(sum[:16])
		name = name[:longestFile-len(short)-1] + "~" + short
	}
	return name
}

// escaped writes each byte that is not plain as URLs do.
func escaped(text, plain string) string {
	var name strings.Builder
	for i := range len(text) {
		if strings.IndexByte(plain, text[i]) >= 0 {
			name.WriteByte(text[i])
		} else {
			name.WriteString("%" + strings.ToUpper(hex.EncodeToString([]byte{text[i]})))
		}
	}
	return name.String()
}
