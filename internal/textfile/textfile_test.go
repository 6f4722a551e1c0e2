package textfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// What is no small file is refused at once: none of these may hang or fill the memory.
func TestRead(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	for name, n := range map[string]int{"small": 2048, "large": 2049} {
		if err := os.WriteFile(path(name), []byte(strings.Repeat("x", n)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(path("pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/dev/zero", path("link")); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{
		path("small"):       "",
		path("large"):       "has more than 2 KiB",
		path("pipe"):        "is not a regular file",
		path("link"):        "is not a regular file",
		"/dev/zero":         "is not a regular file",
		dir:                 "is a directory",
		"/proc/self/status": "",
	} {
		data, err := Read(file, 2048)
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != want || (len(data) > 0) != (want == "") {
			t.Errorf("%s: %d bytes, %q, want %q", file, len(data), got, want)
		}
	}
	if _, err := Read(path("none"), 1); !errors.Is(err, fs.ErrNotExist) || strings.Contains(err.Error(), dir) {
		t.Errorf("a file that is not there: %v", err)
	}
}
