package progress

import (
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/charmbracelet/x/vt"
)

// screen is a terminal, with what it shows.
type screen struct {
	t     testing.TB
	mutex sync.Mutex
	shown *vt.Emulator
	// away is set while the terminal is another program's.
	away bool
	// raw is all that was written.
	raw     strings.Builder
	resumed chan os.Signal
}

func newScreen(t testing.TB, columns, rows int) *screen {
	return &screen{t: t, shown: vt.NewEmulator(columns, rows), resumed: make(chan os.Signal, 1)}
}

// Write does what the kernel does to lines, and lets the terminal act on them.
func (s *screen) Write(data []byte) (int, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.raw.Write(data)
	if _, err := s.shown.WriteString(strings.ReplaceAll(string(data), "\n", "\r\n")); err != nil {
		s.t.Error(err)
	}
	return len(data), nil
}

// terminal returns the screen as Live sees it.
func (s *screen) terminal() Terminal {
	return Terminal{
		Out: s,
		Size: func() (columns, rows int) {
			s.mutex.Lock()
			defer s.mutex.Unlock()
			return s.shown.Width(), s.shown.Height()
		},
		Foreground: func() bool {
			s.mutex.Lock()
			defer s.mutex.Unlock()
			return !s.away
		},
		Resumed: s.resumed,
	}
}

// resize cuts the lines, as xterm does.
func (s *screen) resize(columns, rows int) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.shown.Resize(columns, rows)
}

// reflow breaks the lines anew, as most terminals do.
func (s *screen) reflow(columns, rows int) {
	before := s.text()
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.shown = vt.NewEmulator(columns, rows)
	_, _ = s.shown.WriteString(strings.ReplaceAll(before, "\n", "\r\n"))
}

func (s *screen) leave(away bool) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.away = away
}

// text returns the lines on the screen, without the empty ones at its end.
func (s *screen) text() string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	var lines []string
	for line := range strings.Lines(s.shown.String()) {
		lines = append(lines, strings.TrimRight(line, " \n"))
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n") + "\n"
}

// shows compares the screen with what it should show.
func (s *screen) shows(what, want string) {
	s.t.Helper()
	if got := s.text(); got != want {
		s.t.Errorf("%s: the screen shows\n%s\nand not\n%s", what, got, want)
	}
}

// written returns all that was written.
func (s *screen) written() string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.raw.String()
}

// row returns the cursor's.
func (s *screen) row() int {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.shown.CursorPosition().Y
}
