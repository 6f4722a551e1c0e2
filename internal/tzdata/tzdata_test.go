package tzdata

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// machine is a folder as a machine has it: file name and content in turn.
func machine(t *testing.T, files ...string) string {
	dir := t.TempDir()
	for i := 0; i < len(files); i += 2 {
		name := filepath.Join(dir, files[i])
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(files[i+1]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestNewestIsUsed(t *testing.T) {
	compiled := strings.TrimSpace(compiledInVersion)
	for _, c := range []struct {
		name, file, content string
		version             string // of the machine, "" for unknown
		used                bool
	}{
		{"newer", "tzdata.zi", "# version 2099a\n# ddeps\n", "2099a", true},
		{"the same", "tzdata.zi", "# version " + compiled + "\n", compiled, true},
		{"older", "tzdata.zi", "# version 2020a\n", "2020a", false},
		{"of a year with many", "tzdata.zi", "# version 2098zb\n", "2098zb", true},
		{"between releases", "tzdata.zi", "# version 2099a-12-gabcdef\n", "2099a", true},
		{"as BSD says it", "+VERSION", "2099a\n", "2099a", true},
		{"without a line end", "+VERSION", "2099a", "2099a", true},
		{"of an unknown version", "tzdata.zi", "# version unknown\n", "", false},
		{"of no release", "tzdata.zi", "# version 2099abc\n", "", false},
		{"that is something else", "tzdata.zi", strings.Repeat("x", 1<<20), "", false},
		{"that says nothing", "Europe/Berlin", "", "", false},
	} {
		dir := machine(t, c.file, c.content)
		got := choose([]string{t.TempDir(), dir})
		is := got.other
		if c.used {
			is = got.used
			if got.other.Version != compiled || got.other.From != "compiled in" {
				t.Errorf("%s: the other is %s, %s", c.name, got.other.Version, got.other.From)
			}
		} else if got.used.Version != compiled || got.used.From != "compiled in" {
			t.Errorf("%s: %s, %s is used", c.name, got.used.Version, got.used.From)
		}
		if is.Version != c.version || c.version != "" && is.From != dir {
			t.Errorf("%s: the machine has %q, %s; want %q", c.name, is.Version, is.From, c.version)
		}
	}
}

func TestNewer(t *testing.T) {
	in := []string{"1999z", "2024b", "2025a", "2025b", "2025z", "2025za", "2025zb", "2026a"}
	for i, a := range in {
		for j, b := range in {
			if newer(a, b) != (i > j) {
				t.Errorf("newer(%s, %s) is %t", a, b, newer(a, b))
			}
		}
	}
}

func TestTZDIRNamesTheFolder(t *testing.T) {
	if got := folders("/opt/zones"); len(got) != 1 || got[0] != "/opt/zones" {
		t.Error(got)
	}
	if got := folders(""); len(got) < 2 || got[0] != "/usr/share/zoneinfo" {
		t.Error(got)
	}
}

// What the chosen folder has counts; what it lacks is compiled in.
func TestLocation(t *testing.T) {
	old := chosen
	defer func() { chosen = old }()
	tokyo, err := choose(nil).used.files.Open("Asia/Tokyo")
	if err != nil {
		t.Fatal(err)
	}
	data := make([]byte, 4096)
	n, err := tokyo.Read(data)
	if err != nil {
		t.Fatal(err)
	}
	dir := machine(t, "tzdata.zi", "# version 2099a\n", "Europe/Berlin", string(data[:n]),
		"Europe/Paris", "TZif2")
	chosen = func() choice { return choose([]string{dir}) }
	for name, want := range map[string]int{
		"Europe/Berlin":  9,
		"US/Eastern":     -5,
		"Europe/Paris":   1,
		"UTC":            0,
		"Asia/Kathmandu": 5,
	} {
		l, err := Location(name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if _, off := time.Unix(0, 0).In(l).Zone(); off/3600 != want || l.String() != name {
			t.Errorf("%s is %d hours from UTC, under the name %s", name, off/3600, l)
		}
	}
	for _, name := range []string{
		"",
		"Europe",
		"Europe/Pari",
		"../zoneinfo.go",
		"/etc/passwd",
		`Europe\Berlin`,
		"tzdata.zi",
	} {
		if l, err := Location(name); err == nil {
			t.Errorf("%q is %v", name, l)
		}
	}
}

// The database that is compiled in is of the version that is said, and as new as the toolchain's.
func TestCompiledInIsCurrent(t *testing.T) {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	lib := filepath.Join(strings.TrimSpace(string(root)), "lib", "time")
	script, err := os.ReadFile(filepath.Join(lib, "update.bash"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(script), "\nDATA=")
	theirs, _, _ := strings.Cut(rest, "\n")
	files, err := os.ReadFile(filepath.Join(lib, "zoneinfo.zip"))
	if err != nil {
		t.Fatal(err)
	}
	ours := strings.TrimSpace(compiledInVersion)
	if newer(theirs, ours) || theirs == ours && string(files) != compiledIn {
		t.Errorf("Go has %s, compiled in is %s: go generate ./internal/tzdata", theirs, ours)
	}
}
