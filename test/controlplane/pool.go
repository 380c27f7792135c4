package controlplane

import (
	"sync"
	"testing"
)

// pool lends things to tests, one to each.
type pool[T any] struct {
	all   []T
	free  chan T
	mutex sync.Mutex
	lent  map[string]T
}

func newPool[T any](all ...T) *pool[T] {
	p := &pool[T]{all: all, free: make(chan T, len(all)), lent: map[string]T{}}
	for _, one := range all {
		p.free <- one
	}
	return p
}

// has reports whether a test has something of the pool.
func (p *pool[T]) has(test string) bool {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	_, has := p.lent[test]
	return has
}

// borrow gives a test what it has, or waits for something that the test has
// until it ends.
func (p *pool[T]) borrow(t *testing.T, test string) T {
	t.Helper()
	if p.has(test) {
		p.mutex.Lock()
		defer p.mutex.Unlock()
		return p.lent[test]
	}
	one := <-p.free
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.lent[test] = one
	t.Cleanup(func() {
		p.mutex.Lock()
		defer p.mutex.Unlock()
		delete(p.lent, test)
		p.free <- one
	})
	return one
}
