package release

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"debug/buildinfo"
	"debug/elf"
	"debug/macho"
	"debug/pe"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// entry is a file of an archive.
type entry struct {
	data  []byte
	mode  fs.FileMode
	time  time.Time
	owner string
}

// unpack reads an archive.
func unpack(t *testing.T, file string) map[string]entry {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	read := unpackTar
	if strings.HasSuffix(file, ".zip") {
		read = unpackZip
	}
	found, err := read(data)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return found
}

func unpackTar(data []byte) (map[string]entry, error) {
	unzipped, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	found := map[string]entry{}
	for reader := tar.NewReader(unzipped); ; {
		header, err := reader.Next()
		if err == io.EOF {
			return found, nil
		}
		if err != nil {
			return nil, err
		}
		content, err := io.ReadAll(reader)
		if err != nil {
			return nil, err
		}
		found[header.Name] = entry{content, header.FileInfo().Mode(), header.ModTime, header.Uname + ":" + header.Gname}
	}
}

func unpackZip(data []byte) (map[string]entry, error) {
	reader, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, err
	}
	found := map[string]entry{}
	for _, file := range reader.File {
		opened, err := file.Open()
		if err != nil {
			return nil, err
		}
		content, err := io.ReadAll(opened)
		if err != nil {
			return nil, err
		}
		// Archives of this form name no owner.
		found[file.Name] = entry{content, file.Mode(), file.Modified, "root:root"}
	}
	return found, nil
}

// TestArchives has everything in each archive, for the right machine.
func TestArchives(t *testing.T) {
	folder := built(t)
	sums := measured(t, folder)
	if len(sums) != 6 {
		t.Errorf("there are the archives %v", sums)
	}
	manifest := ours(t)
	for _, system := range []string{"linux", "darwin", "windows"} {
		for _, processor := range []string{"amd64", "arm64"} {
			t.Run(system+"-"+processor, func(t *testing.T) {
				form, binary := ".tar.gz", "kubectl-istio_demo"
				if system == "windows" {
					form, binary = ".zip", binary+".exe"
				}
				name := "kubectl-istio_demo_" + system + "_" + processor + form
				files := unpack(t, filepath.Join(folder, name))
				checkFiles(t, files, binary)
				checkBinary(t, files[binary].data, system, processor, manifest.Spec.Version)
				if !slices.ContainsFunc(manifest.Spec.Platforms, func(p platform) bool {
					labels := p.Selector.MatchLabels
					return labels.OS == system && labels.Arch == processor && filepath.Base(p.URI) == name && p.Bin == binary
				}) {
					t.Errorf("plugin.yaml does not lead to %s in %s", binary, name)
				}
			})
		}
	}
}

// checkFiles looks at the names, what comes with each, and some contents.
func checkFiles(t *testing.T, files map[string]entry, binary string) {
	t.Helper()
	for _, name := range []string{
		binary, "LICENSE", "README.md", "README.zh-CN.md",
		"man/kubectl-istio-demo.1", "man/kubectl-istio-demo-install.1", "man/kubectl-istio-demo-sample-route.1",
		"completions/kubectl-istio_demo.bash", "completions/_kubectl-istio_demo", "completions/kubectl-istio_demo.fish", "completions/kubectl-istio_demo.ps1",
	} {
		if len(files[name].data) == 0 {
			t.Errorf("%s is not there", name)
		}
	}
	day := regexp.MustCompile(`(?m)^- RELEASE_DATE=(.*)$`).FindStringSubmatch(git(t, "show", "HEAD:.goreleaser.yaml"))[1]
	for name, file := range files {
		mode := fs.FileMode(0o644)
		if name == binary {
			mode = 0o755
		}
		if file.mode != mode || file.owner != "root:root" || file.time.UTC().Format(time.DateTime) != day+" 00:00:00" {
			t.Errorf("%s has the mode %v, the owner %s and the time %v", name, file.mode, file.owner, file.time)
		}
	}
	for _, name := range []string{"LICENSE", "README.md"} {
		if got, want := strings.TrimSpace(string(files[name].data)), git(t, "show", "HEAD:"+name); got != want {
			t.Errorf("%s is not the repository's", name)
		}
	}
	version := ours(t).Spec.Version
	if page := string(files["man/kubectl-istio-demo-install.1"].data); !strings.Contains(page, `"kubectl istio-demo `+version+`"`) || !strings.Contains(page, `--set\fP`) {
		t.Errorf("the page of install is\n%.300s", page)
	}
	if page := string(files["man/kubectl-istio-demo.1"].data); !strings.Contains(page, `="$HOME/.kube/cache"`) {
		t.Error("the home of who built it is in the manual")
	}
}

// checkBinary looks for whom a program was built, and with what.
func checkBinary(t *testing.T, data []byte, system, processor, version string) {
	t.Helper()
	if got := machine(data); got != system+"/"+processor {
		t.Errorf("it is a program for %s", got)
	}
	info, err := buildinfo.Read(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	settings := map[string]string{}
	for _, setting := range info.Settings {
		settings[setting.Key] = setting.Value
		if strings.HasPrefix(setting.Key, "vcs") {
			t.Errorf("%s=%s comes from the commit", setting.Key, setting.Value)
		}
	}
	toolchain := regexp.MustCompile(`(?m)^toolchain (.*)$`).FindStringSubmatch(git(t, "show", "HEAD:go.mod"))[1]
	if info.GoVersion != toolchain || settings["GOOS"] != system || settings["GOARCH"] != processor || settings["CGO_ENABLED"] != "0" || settings["-trimpath"] != "true" {
		t.Errorf("it was built by %s with %v", info.GoVersion, settings)
	}
	if !bytes.Contains(data, []byte(version)) {
		t.Errorf("it does not know that it is %s", version)
	}
	if bytes.Contains(data, []byte(scratch)) || bytes.Contains(data, []byte(os.Getenv("HOME")+"/go/")) {
		t.Error("paths of this machine are in it")
	}
}

// machine tells from its headers what a program runs on.
func machine(data []byte) string {
	file := bytes.NewReader(data)
	if program, err := elf.NewFile(file); err == nil {
		return "linux/" + map[elf.Machine]string{elf.EM_X86_64: "amd64", elf.EM_AARCH64: "arm64"}[program.Machine]
	}
	if program, err := macho.NewFile(file); err == nil {
		return "darwin/" + map[macho.Cpu]string{macho.CpuAmd64: "amd64", macho.CpuArm64: "arm64"}[program.Cpu]
	}
	if program, err := pe.NewFile(file); err == nil {
		return "windows/" + map[uint16]string{pe.IMAGE_FILE_MACHINE_AMD64: "amd64", pe.IMAGE_FILE_MACHINE_ARM64: "arm64"}[program.Machine]
	}
	return fmt.Sprintf("nothing that is known, %.4q", data)
}
