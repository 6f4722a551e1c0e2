//go:build unix

package providertest

import (
	"cmp"
	"fmt"
	"net"
	"syscall"
	"testing"
)

// Listen returns a listener at a port of this machine that stays the test's own until it ends: once the listener is
// closed, connections are refused there, and no server of a test beside it gets the port.
func Listen(t testing.TB) net.Listener {
	t.Helper()
	// A second socket is bound to the port and never listens. It must be there first: what is bound after a server has
	// closed comes too late, and finds its last connections in the way.
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(fd) })
	syscall.CloseOnExec(fd)
	err = cmp.Or(syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1),
		syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	at, errName := syscall.Getsockname(fd)
	if err = cmp.Or(err, errName); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", at.(*syscall.SockaddrInet4).Port))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// Refused returns the URL of a server that refuses connections until the test ends.
func Refused(t testing.TB) string {
	t.Helper()
	l := Listen(t)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return "http://" + l.Addr().String()
}
