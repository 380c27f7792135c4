//go:build !linux

package node

import (
	"context"
	"errors"
	"os/exec"
)

type link struct{ name string }

func (link) node() string { return "" }

// Missing is an error that names what a real node needs and this machine lacks.
func Missing() error { return errors.New("a real node needs Linux") }

// Keep does nothing here.
func Keep() {}

// Pull pulls all images, so that pods find them on the node.
func (n *Node) Pull(context.Context) error { return Missing() }

// Command makes a command that is run in the node's network, with its mounts.
func (n *Node) Command(ctx context.Context, command ...string) *exec.Cmd {
	return exec.CommandContext(ctx, command[0], command[1:]...)
}

// Kill ends a process of the node at once, as if it had crashed: a service, or
// the program of a container.
func (n *Node) Kill(string) error { return Missing() }

func (n *Node) enterNamespaces(context.CancelCauseFunc) error { return Missing() }

func (n *Node) end() error { return nil }
