package main

import (
	"net/http"
	"sync"
	"time"
)

// piece is how much is written at once: at 1 MB a second, 60 ms. An answer that
// is late by less than slack makes up for it, since sleeps on a busy machine are
// longer than they are meant to be.
const (
	piece = 64 << 10
	slack = 50 * time.Millisecond
)

// bandwidth is how fast all answers together are. Each piece is given a time on
// one line, so that answers that are written at once get about equal shares.
type bandwidth struct {
	rate float64 // bytes a second; 0 is without bound

	mutex sync.Mutex
	free  time.Time // when the line has no piece left
}

// wait returns when so many bytes would have arrived.
func (b *bandwidth) wait(bytes int) {
	if b.rate <= 0 {
		return
	}
	b.mutex.Lock()
	if earliest := time.Now().Add(-slack); b.free.Before(earliest) {
		b.free = earliest
	}
	b.free = b.free.Add(time.Duration(float64(bytes) / b.rate * float64(time.Second)))
	arrival := b.free
	b.mutex.Unlock()
	time.Sleep(time.Until(arrival))
}

// slow is an answer that arrives no faster than the bandwidth has it.
type slow struct {
	http.ResponseWriter
	shared *bandwidth
}

func (s slow) Write(data []byte) (int, error) {
	written := 0
	for len(data) > 0 {
		next := data[:min(len(data), piece)]
		s.shared.wait(len(next))
		n, err := s.ResponseWriter.Write(next)
		written += n
		if err != nil {
			return written, err
		}
		data = data[len(next):]
	}
	return written, nil
}
