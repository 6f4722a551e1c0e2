// Package tzdata is the IANA zone database: the newer of the machine's and the one that is compiled in.
package tzdata

import (
	"archive/zip"
	_ "embed"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"
)

//go:generate cp $GOROOT/lib/time/zoneinfo.zip zoneinfo.zip
//go:generate sh -c "sed -n s/^DATA=//p $GOROOT/lib/time/update.bash >zoneinfo.version"

//go:embed zoneinfo.zip
var compiledIn string

//go:embed zoneinfo.version
var compiledInVersion string

// builtIn is the From of the release that the program has with it.
const builtIn = "compiled in"

// Release is one release of the database.
type Release struct {
	Version string // as IANA names it: "2025c"
	From    string // where it was found: a folder, or "compiled in"
	files   fs.FS  // TZif (RFC 8536), by name of the zone
}

// Releases are the one in use, and the other one that there is; with an empty Version where there is none, or it does
// not say which it is. They are found once: a newer release is used after a restart.
func Releases() (used, other Release) {
	c := chosen()
	return c.used, c.other
}

// Described is the release in use for a person, with the older one that the machine has.
func Described() string {
	switch used, other := Releases(); {
	case used.From != builtIn:
		return used.Version + ", in " + used.From
	case other.Version != "":
		return used.Version + ", compiled in (" + other.From + " has " + other.Version + ")"
	default:
		return used.Version + ", compiled in"
	}
}

// Location is the zone of that name by the release in use. What a machine leaves out, as some do with old names, or has
// in pieces is as it is compiled in. The error is of a name that neither has.
func Location(name string) (*time.Location, error) {
	if name == "UTC" {
		return time.UTC, nil
	}
	c := chosen()
	if l, err := c.used.location(name); err == nil {
		return l, nil
	}
	return c.compiled.location(name)
}

func (r Release) location(name string) (*time.Location, error) {
	data, err := fs.ReadFile(r.files, name)
	if err != nil {
		return nil, err
	}
	return SpelledOut(name, data)
}

type choice struct{ used, other, compiled Release }

var chosen = sync.OnceValue(func() choice { return choose(folders(os.Getenv("TZDIR"))) })

// folders are where machines keep the database; tzdir is $TZDIR, which names another.
func folders(tzdir string) []string {
	if tzdir != "" {
		return []string{tzdir}
	}
	return []string{"/usr/share/zoneinfo", "/usr/share/lib/zoneinfo", "/usr/lib/locale/TZ", "/etc/zoneinfo"}
}

// choose takes the first of the folders that says which release it has, unless what is compiled in is newer.
func choose(folders []string) choice {
	files, err := zip.NewReader(strings.NewReader(compiledIn), int64(len(compiledIn)))
	if err != nil {
		panic(err) // it is compiled in
	}
	compiled := Release{strings.TrimSpace(compiledInVersion), builtIn, files}
	for _, dir := range folders {
		if v := versionOf(dir); v != "" {
			machines := Release{v, dir, os.DirFS(dir)}
			if newer(compiled.Version, v) {
				return choice{compiled, machines, compiled}
			}
			return choice{machines, compiled, compiled}
		}
	}
	return choice{used: compiled, compiled: compiled}
}

// stated finds a version in the first line of tzdata.zi ("# version 2025b"), or in all of +VERSION ("2025b").
var stated = regexp.MustCompile(`^(?:# version )?(\d{4}[a-z]{1,2})(?:[^a-z\d].*)?$`)

// versionOf is the release that a folder has, "" where it does not say.
func versionOf(dir string) string {
	for _, name := range []string{"tzdata.zi", "+VERSION"} {
		f, err := os.Open(filepath.Join(dir, name))
		if err != nil {
			continue
		}
		head := make([]byte, 64)
		n, _ := f.Read(head)
		f.Close()
		line, _, _ := strings.Cut(string(head[:n]), "\n")
		if m := stated.FindStringSubmatch(strings.TrimSpace(line)); m != nil {
			return m[1]
		}
	}
	return ""
}

// newer reports whether release a is later than b: after 2025z comes 2025za.
func newer(a, b string) bool {
	if a[:4] != b[:4] || len(a) == len(b) {
		return a > b
	}
	return len(a) > len(b)
}
