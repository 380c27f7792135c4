//go:build !linux

package cluster

import (
	"context"
	"errors"
)

// Isolatable tells why no network namespace can be had, if none can.
func Isolatable() error {
	return errors.New("network namespaces are Linux's")
}

// Keep does nothing here.
func Keep() {}

// HasIstiod tells whether the cluster was started to run istiod.
func (c *Cluster) HasIstiod() bool { return false }

func (c *Cluster) startApart(context.Context, int) error { return Isolatable() }

func (c *Cluster) stopApart() (bool, error) { return false, nil }

func (c *Cluster) reap() error { return nil }
