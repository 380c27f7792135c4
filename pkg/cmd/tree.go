package cmd

import (
	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"
)

// Tree returns the commands and their flags, for documentation. They
// are not meant to be run: they have no streams.
func Tree(version string) *cobra.Command {
	streams := genericiooptions.NewTestIOStreamsDiscard()
	root := newRoot(newConnection(streams), streams, version)
	// Its default is in the home directory of the user who generates the pages.
	root.PersistentFlags().Lookup("cache-dir").DefValue = "$HOME/.kube/cache"
	return root
}
