package forward

import (
	"net"
	"strings"
	"testing"
)

func TestFree(t *testing.T) {
	local, err := Free(t.Context(), "localhost", 0)
	if err != nil || local.Port == 0 {
		t.Fatal(local, err)
	}
	taken, err := net.Listen("tcp", local.Host())
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	if again, err := Free(t.Context(), "localhost", local.Port); err == nil || !strings.HasSuffix(err.Error(), ": address already in use; choose another --port, or omit it for a free one") {
		t.Errorf("it is %v, %v", again, err)
	}
	const elsewhere = "cannot assign requested address; choose an --address of this machine, or omit it for localhost"
	if got, err := Free(t.Context(), "192.0.2.1", 0); err == nil || !strings.HasSuffix(err.Error(), elsewhere) {
		t.Errorf("another machine's address is %v, %v", got, err)
	}
	all, err := Free(t.Context(), "0.0.0.0", 0)
	if err != nil || !strings.HasPrefix(all.Host(), "localhost:") {
		t.Errorf("programs would connect to %s, %v", all.Host(), err)
	}
}
