package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericclioptions"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/builtin"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest/addon"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest/chart"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest/file"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/progress"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/suggest"
)

// source is what the flags say about where the manifest comes from: the
// embedded charts and their values, or the user's own files.
type source struct {
	files     []string
	kustomize string
	recursive bool
	allowHTTP bool
	strict    bool
	values    userValues
	hub, tag  string
	addons    []string
	// reuse and reset say what becomes of the settings of the last install.
	reuse, reset bool
	// addonsGiven reports whether the user has chosen them.
	addonsGiven func() bool
}

// noAddons is the one word of --addons that is no addon.
const noAddons = "none"

func (s *source) addFlags(command *cobra.Command) {
	names := genericclioptions.FileNameFlags{
		Usage:     "Manifest to use instead of the built-in demo: files, directories, URLs, or - for stdin",
		Filenames: &s.files,
		Kustomize: &s.kustomize,
		Recursive: &s.recursive,
	}
	names.AddFlags(command.Flags())
	flags := command.Flags()
	flags.BoolVar(&s.allowHTTP, "allow-http", false, "Accept unencrypted http:// URLs for -f, -k, the resources of kustomizations, and --values")
	flags.BoolVar(&s.strict, "strict", true, "Reject two objects in one document (missing ---) and two different definitions of an object; false splits the former, uses the last of the latter, and warns")
	s.values.addFlags(flags)
	flags.StringVar(&s.hub, "hub", "", "Pull images from this registry instead of "+chart.Hub)
	flags.StringSliceVar(&s.addons, "addons", addon.Names(), "Addons to install with the demo, or "+noAddons+"; with -f or -k, the default is "+noAddons)
	s.addonsGiven = func() bool { return flags.Changed("addons") }
	flags.StringVar(&s.tag, "tag", "", "Use images of this version instead of "+chart.Version)
}

// addReuseFlags adds the flags for what the last install was told.
func (s *source) addReuseFlags(flags *pflag.FlagSet) {
	flags.BoolVar(&s.reuse, "reuse-values", false, "Reuse --set, --values, --hub, --tag and --addons of the last install, with those given now above them; --addons adds to them")
	flags.BoolVar(&s.reset, "reset-values", false, "Drop --set, --values, --hub, --tag and --addons of the last install without a warning")
}

// validate refuses combinations that have no meaning.
func (s *source) validate() error {
	s.hub = strings.TrimRight(s.hub, "/")
	own := s.own()
	if err := s.validateAddons(); err != nil {
		return err
	}
	switch {
	case s.reuse && s.reset:
		return &usageError{errors.New("--reuse-values and --reset-values cannot be used together")}
	case own && (s.reuse || s.reset):
		return &usageError{errors.New("--reuse-values and --reset-values are for the built-in demo and cannot be used with -f or -k")}
	case len(s.files) > 0 && s.kustomize != "":
		return &usageError{errors.New("-f and -k cannot be used together")}
	case s.recursive && s.kustomize != "":
		return &usageError{errors.New("-R and -k cannot be used together")}
	case s.recursive && !own:
		return &usageError{errors.New("-R requires a directory given with -f")}
	case own && (s.values.given() || s.hub != "" && !s.addonsGiven() || s.tag != ""):
		return &usageError{errors.New("--set, --values, --hub and --tag are for the built-in demo and its addons and cannot be used with -f or -k alone")}
	}
	return nil
}

// own reports whether the manifest is the user's.
func (s *source) own() bool { return len(s.files) > 0 || s.kustomize != "" }

// releaseSignals is for commands that write nothing that would have to be brought
// to an end. What -k fetches has to be: git is ended, and its files deleted.
func (s *source) releaseSignals(cluster *connection) {
	if s.kustomize == "" {
		cluster.releaseSignals()
	}
}

// validateAddons refuses what is no addon.
func (s *source) validateAddons() error {
	for _, name := range s.addons {
		switch {
		case name == noAddons && len(s.addons) > 1:
			return &usageError{fmt.Errorf("--addons=%s cannot be used with other addons", noAddons)}
		case name != noAddons && !slices.Contains(addon.Names(), name):
			return &usageError{fmt.Errorf("unknown addon %q in --addons; %s", name, suggest.Remedy(name, append(addon.Names(), noAddons)))}
		}
	}
	return nil
}

// givenAddons returns those that the user has chosen, or nil.
func (s *source) givenAddons() []string {
	switch {
	case !s.addonsGiven():
		return nil
	case slices.Contains(s.addons, noAddons):
		return []string{}
	}
	return slices.Compact(slices.Sorted(slices.Values(s.addons)))
}

// chosenAddons returns those to install.
func (s *source) chosenAddons() []string {
	if slices.Contains(s.addons, noAddons) || s.own() && !s.addonsGiven() {
		return nil
	}
	return s.addons
}

// complete reads the values, whose faults are to be told before anything is asked
// of a cluster.
func (s *source) complete(ctx context.Context, in io.Reader) error {
	if s.own() {
		return nil
	}
	return s.values.read(ctx, file.Options{AllowHTTP: s.allowHTTP, In: in})
}

// read returns the manifest, with the addons behind it. It comes after complete.
func (s *source) read(ctx context.Context, in io.Reader, namespace string) (manifest.Manifest, error) {
	if !s.own() {
		return s.readDemo(namespace, manifest.Settings{})
	}
	read, err := s.readFiles(ctx, in)
	if err != nil {
		return read, err
	}
	addons, err := addon.Render(addon.Options{Namespace: namespace, Hub: s.hub, Names: s.chosenAddons()})
	read.Objects = append(read.Objects, addons...)
	return read, err
}

// readDemo returns the built-in manifest, with what the last install was told
// below what the flags say.
func (s *source) readDemo(namespace string, last manifest.Settings) (manifest.Manifest, error) {
	settings := manifest.Settings{Hub: cmp.Or(s.hub, last.Hub), Tag: cmp.Or(s.tag, last.Tag), Addons: s.givenAddons()}
	switch {
	case settings.Addons == nil:
		settings.Addons = last.Addons
	case s.reuse && len(settings.Addons) > 0:
		settings.Addons = slices.Compact(slices.Sorted(slices.Values(slices.Concat(settings.Addons, last.Addons))))
	}
	settings.Values = chart.Overlay(last.Values, s.values.merged)
	addons := settings.Addons
	if addons == nil {
		addons = addon.Names()
	}
	read, err := builtin.Demo(builtin.Options{Namespace: namespace, Hub: settings.Hub, Tag: settings.Tag, Values: settings.Values, Addons: addons})
	if err != nil {
		return manifest.Manifest{}, err
	}
	clean, secret := settings.WithoutSecrets()
	for _, path := range secret {
		read.Warnings = append(read.Warnings, fmt.Sprintf("%s looks like a credential and is not remembered; set it in each install", path))
	}
	read.Settings, read.Reset = &clean, s.reset
	return read, nil
}

func (s *source) readFiles(ctx context.Context, in io.Reader) (manifest.Manifest, error) {
	content, err := file.Read(ctx, file.Options{
		Filenames: s.files,
		Kustomize: s.kustomize,
		Recursive: s.recursive,
		AllowHTTP: s.allowHTTP,
		Strict:    s.strict,
		In:        in,
	})
	names := make([]string, len(s.files))
	for i, argument := range s.files {
		names[i] = file.Name(argument)
	}
	what := strings.Join(names, ", ")
	if s.kustomize != "" {
		what = "the kustomization " + file.Name(s.kustomize)
	}
	// The inventory keeps it for people to read.
	return manifest.Manifest{What: progress.Printable(what), Objects: content.Objects, Warnings: content.Warnings, LastWins: !s.strict}, err
}
