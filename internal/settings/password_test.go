package settings

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"holdfast/internal/series"
)

// A password that is changed, in its file or by another file in its place, is the one that is used from then on.
func TestPasswordOf(t *testing.T) {
	file := filepath.Join(t.TempDir(), "mia")
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	password := CalDAV{Name: "office", passwordFile: file, read: &sync.Map{}}.PasswordOf(series.Person{ID: "mia"})
	for _, step := range []struct {
		what   string
		change func()
		want   string
	}{
		{"no file", func() {}, ""},
		{"the first", func() { write(file, "one\n") }, "one"},
		{"as it was", func() {}, "one"},
		{"another length", func() { write(file, "three\n") }, "three"},
		{"another file", func() {
			write(file+".new", "seven\n")
			if err := os.Rename(file+".new", file); err != nil {
				t.Fatal(err)
			}
		}, "seven"},
		{"removed", func() { os.Remove(file) }, ""},
		{"there again", func() { write(file, "eight\n") }, "eight"},
	} {
		step.change()
		if got, err := password(); got != step.want || (err == nil) != (step.want != "") {
			t.Errorf("%s: %q, %v", step.what, got, err)
		}
	}
}
