// Package arch holds the layout of Holdfast as a test: who may import whom, what is pure, who may ask for the time,
// where wire formats may be named.
package arch

import (
	"cmp"
	"errors"
	"fmt"
	"go/ast"
	"go/build/constraint"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const root = "../.."

// levels are the packages from bottom to top, by folder. A package imports only packages of lower levels. Tools of
// tests are at the top, so that only tests can have them.
var levels = [][]string{
	{"internal/tzdata"},
	{"internal/series", "internal/clock", "internal/yamlpos", "internal/textfile", "internal/outage"},
	{"internal/holidays", "internal/ical/recur", "internal/ical/vtimezone", "internal/provider", "internal/lineage",
		"internal/plan", "internal/drift", "internal/slotting",
		"internal/deed"},
	{"internal/notify",
		"internal/access",
		"internal/web/draw"},
	{"internal/ical", "internal/reconcile", "internal/settings", "internal/say", "internal/slotting/instance",
		"internal/provider/google/googletest", "internal/provider/google/signin", "internal/channel"},
	{"internal/link", "internal/outbox/ledger"},
	{"internal/roster", "internal/store", "internal/prepdoc", "internal/wire", "internal/act",
		"internal/outbox",
		"internal/provider/caldav", "internal/provider/caldav/caldavtest", "internal/provider/google", "config",
		"internal/channel/mail", "internal/channel/slack", "internal/channel/googlechat", "internal/channel/shout",
		"internal/channel/webhook", "internal/channel/memory",
		"internal/live"},
	{"internal/channel/setup",
		"internal/metrics",
		"internal/signin",
		"internal/see"},
	{"internal/feed", "internal/api", "internal/web"},
	{"internal/daemon"},
	{"internal/demo"},
	{"internal/cli"},
	{"cmd/holdfast"},
	{"internal/provider/memory", "internal/provider/providertest", "internal/provider/caldav/caldavtest/hands",
		"internal/channel/channeltest",
		"internal/web/browser"},
	{"internal/series/seriestest"},
}

// only are the packages of ours that some may import, narrower than levels says. Tests may import more.
var only = map[string][]string{
	"internal/lineage":           {"internal/series"},
	"internal/plan":              {"internal/series"},
	"internal/drift":             {"internal/series"},
	"internal/slotting":          {"internal/series"},
	"internal/notify":            {"internal/series", "internal/drift"},
	"internal/provider":          {"internal/series"},
	"internal/slotting/instance": {"internal/slotting"},
	// Days off may stand in an .ics file.
	"internal/roster": {"internal/series", "internal/textfile", "internal/yamlpos", "internal/holidays",
		"internal/ical"},
	"internal/holidays": {"internal/series", "internal/yamlpos"},
	"internal/outage":   nil,
	"internal/web/draw": nil,
	// A channel knows nothing of what it carries, nor of the settings.
	"internal/channel":       {"internal/provider"},
	"internal/channel/mail":  {"internal/channel", "internal/clock", "internal/provider"},
	"internal/channel/slack": {"internal/channel", "internal/clock"},
	"internal/channel/googlechat": {"internal/channel", "internal/clock", "internal/provider", "internal/series",
		"internal/provider/google/signin"},
	"internal/channel/shout":   {"internal/channel", "internal/clock"},
	"internal/channel/webhook": {"internal/channel", "internal/clock"},
	"internal/channel/memory":  {"internal/channel"},
	"internal/deed":            {"internal/series"},
	"internal/say": {"internal/series", "internal/plan", "internal/drift", "internal/slotting",
		"internal/deed"},
	"internal/act": {"internal/series", "internal/plan", "internal/drift", "internal/clock", "internal/reconcile",
		"internal/say",
		"internal/deed", "internal/notify"},
	"internal/see": {"internal/series", "internal/plan", "internal/drift", "internal/notify", "internal/reconcile",
		"internal/outbox", "internal/outbox/ledger", "internal/act", "internal/access", "internal/clock",
		"internal/deed"},
	"internal/wire": {"internal/series", "internal/plan", "internal/drift", "internal/slotting", "internal/notify",
		"internal/access",
		"internal/reconcile",
		"internal/deed"},
	"internal/settings": {"internal/series", "internal/plan", "internal/textfile", "internal/yamlpos"},
	// The journal is handed to it, and so is how its pages look.
	"internal/signin": {"internal/series", "internal/clock", "internal/act", "internal/say", "internal/access"},
	// It shares no code with what it is there to test.
	"internal/provider/caldav/caldavtest": {"internal/clock"},
	// What changed is told without what became of it.
	"internal/live":        {"internal/series"},
	"config":               nil,
	"internal/web/browser": nil,
	"internal/metrics": {"internal/series", "internal/plan", "internal/drift", "internal/provider", "internal/channel",
		"internal/reconcile", "internal/outbox"},
	"cmd/holdfast": {"internal/cli"},
}

// forTests may be imported by the tests of any package.
var forTests = []string{"internal/provider/providertest", "internal/provider/memory", "internal/provider/caldav",
	"internal/provider/caldav/caldavtest", "internal/provider/caldav/caldavtest/hands",
	"internal/provider/google", "internal/provider/google/googletest", "internal/series/seriestest",
	"internal/slotting/instance", "internal/channel/channeltest", "internal/channel/memory",
	"internal/web/browser"}

// pure are the packages whose results depend on nothing but their arguments.
var pure = []string{"internal/series", "internal/lineage", "internal/plan", "internal/drift", "internal/slotting",
	"internal/outage", "internal/notify", "internal/say",
	"internal/web/draw",
	"internal/deed"}

// impure are imports that a pure package may not have, with all below them. Nor may it import anybody else's module,
// but for rules.
var impure = []string{"os", "net", "log", "io", "database", "syscall", "runtime", "context", "math/rand", "crypto/rand", "testing",
	"unsafe", "plugin", "C"}

// rules are others' packages that a pure one may have: tables of how languages count, and no more.
var rules = []string{"golang.org/x/text/feature/plural", "golang.org/x/text/language"}

var (
	// clocks may read the machine's clock.
	clocks = []string{"internal/clock"}
	// waiters may wait for real time to pass.
	waiters = []string{"internal/channel/mail", "internal/daemon", "internal/cli", "internal/provider/caldav",
		"internal/provider/google", "internal/web", "internal/demo", "internal/reconcile",
		"internal/live",
		"internal/signin"}
	// loggers may write the log.
	loggers = []string{"internal/reconcile", "internal/outbox", "internal/store", "internal/web", "internal/prepdoc",
		"internal/daemon", "internal/demo", "internal/cli", "internal/provider/caldav", "internal/provider/google",
		"internal/signin",
		"internal/feed",
		"internal/api"}
	// wire are the packages whose types may be named for a wire or disk format.
	wire = []string{"internal/signin", "internal/provider/", "internal/channel/", "internal/store", "internal/web",
		"internal/wire", "internal/roster", "internal/settings", "internal/slotting/instance"}
	// wireExcept are single tags elsewhere.
	wireExcept = map[string]string{"internal/series/snapshot.go": "`json:\",omitzero\"`"}
)

// top are the entries of the repository's top folder, beside dot-files.
var top = []string{"Dockerfile", "README.md", "cmd", "config", "go.mod", "go.sum", "internal"}

func levelOf(pkg string) int {
	return slices.IndexFunc(levels, func(l []string) bool { return slices.Contains(l, pkg) })
}

// under reports whether name is one of the paths or below one.
func under(name string, paths []string) bool {
	return slices.ContainsFunc(paths, func(p string) bool { return name == p || strings.HasPrefix(name, strings.TrimSuffix(p, "/")+"/") })
}

// mayImport tells why a file of pkg may not import imp; "" if it may.
func mayImport(pkg, imp string, test bool) string {
	ours, isOurs := strings.CutPrefix(imp, "holdfast/")
	allowed, narrow := only[pkg]
	switch {
	case !isOurs && test:
		return ""
	case !isOurs && imp == "github.com/rs/zerolog" && !slices.Contains(loggers, pkg):
		return "has no log"
	case !isOurs && slices.Contains(rules, imp):
		return ""
	case !isOurs && slices.Contains(pure, pkg) && (under(imp, impure) || strings.Contains(strings.Split(imp, "/")[0], ".")):
		return "is pure"
	case !isOurs:
		return ""
	case levelOf(ours) < 0:
		return "is above nothing of that name"
	case test && (ours == pkg || slices.Contains(forTests, ours) || levelOf(ours) <= levelOf(pkg)):
		return ""
	case test || levelOf(ours) >= levelOf(pkg):
		return "is not above it"
	case narrow && !slices.Contains(allowed, ours):
		return "imports only " + cmp.Or(strings.Join(allowed, ", "), "others' packages")
	}
	return ""
}

// check finds what is against the layout in the text of one Go file.
func check(name string, src []byte) ([]string, error) {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, name, src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	for _, c := range file.Comments {
		for _, line := range c.List {
			if x, err := constraint.Parse(line.Text); err == nil && !x.Eval(func(tag string) bool { return tag != "ignore" }) {
				return nil, nil // a generator, part of no package
			}
		}
	}
	var bad []string
	pkg, test := path.Dir(name), strings.HasSuffix(name, "_test.go")
	report := func(pos token.Pos, format string, args ...any) {
		bad = append(bad, fmt.Sprintf("%s: %s", set.Position(pos), fmt.Sprintf(format, args...)))
	}
	if pkg != "internal/arch" && levelOf(pkg) < 0 {
		report(file.Package, "package %s has no place in the layout: give it a level", pkg)
	}
	clock := "" // what the file calls package time
	for _, i := range file.Imports {
		imp := strings.Trim(i.Path.Value, `"`)
		if why := mayImport(pkg, imp, test); why != "" {
			report(i.Pos(), "%s may not import %s: it %s", pkg, imp, why)
		}
		if imp == "time" {
			clock = "time"
			if i.Name != nil {
				clock = i.Name.Name
			}
		}
	}
	if test {
		return bad, nil
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok && clock != "" && x.Name == clock {
				switch n.Sel.Name {
				case "Now", "Since", "Until":
					if !slices.Contains(clocks, pkg) {
						report(n.Pos(), "time.%s: the time is handed in, only internal/clock reads it", n.Sel.Name)
					}
				case "After", "AfterFunc", "Tick", "NewTicker", "NewTimer", "Sleep":
					if !slices.Contains(waiters, pkg) {
						report(n.Pos(), "time.%s: %s waits for nothing", n.Sel.Name, pkg)
					}
				}
			}
		case *ast.Field:
			if n.Tag != nil && (strings.Contains(n.Tag.Value, `json:"`) || strings.Contains(n.Tag.Value, `xml:"`)) &&
				!under(pkg, wire) && wireExcept[name] != n.Tag.Value {
				report(n.Pos(), "%s: wire formats are no business of %s", n.Tag.Value, pkg)
			}
		}
		return true
	})
	return bad, nil
}

// goFiles are all Go files of the repository, testdata and dot-folders left out.
func goFiles(t *testing.T) map[string][]byte {
	files := map[string][]byte{}
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") && d.Name() != ".." && p != root):
			return filepath.SkipDir
		case d.IsDir() || filepath.Ext(p) != ".go":
			return nil
		}
		name, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		files[filepath.ToSlash(name)], err = os.ReadFile(p)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestLayout(t *testing.T) {
	for name, src := range goFiles(t) {
		bad, err := check(name, src)
		if err != nil {
			t.Error(err)
		}
		for _, b := range bad {
			t.Error(b)
		}
	}
}

func TestEveryPackageSaysWhatItIs(t *testing.T) {
	documented := map[string]bool{}
	for name, src := range goFiles(t) {
		f, err := parser.ParseFile(token.NewFileSet(), name, src, parser.PackageClauseOnly|parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		documented[path.Dir(name)] = documented[path.Dir(name)] || f.Doc != nil
	}
	for pkg, ok := range documented {
		if !ok {
			t.Errorf("%s has no package comment", pkg)
		}
	}
}

func TestTop(t *testing.T) {
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	ignored, err := os.ReadFile(filepath.Join(root, ".gitignore"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	var have []string
	for _, e := range entries {
		built := slices.ContainsFunc(strings.Fields(string(ignored)), func(pattern string) bool {
			ok, _ := path.Match(strings.Trim(pattern, "/"), e.Name())
			return ok
		})
		if !strings.HasPrefix(e.Name(), ".") && !built {
			have = append(have, e.Name())
		}
	}
	if !slices.Equal(have, top) {
		t.Errorf("the top folder has %v, want %v", have, top)
	}
}

// One Go builds everywhere: the container's is the one that go.mod asks for.
func TestDockerfileGo(t *testing.T) {
	find := func(name, before string) string {
		b, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		_, after, ok := strings.Cut("\n"+string(b), "\n"+before)
		if !ok {
			t.Fatalf("%s has no line %q", name, before)
		}
		return after[:strings.IndexAny(after, "- \n")]
	}
	want, got := find("go.mod", "go "), find("Dockerfile", "FROM golang:")
	if want != got && !strings.HasPrefix(want, got+".") {
		t.Errorf("the Dockerfile builds with Go %s, go.mod asks for %s", got, want)
	}
}

func TestCheckSeesViolations(t *testing.T) {
	for _, c := range []struct{ name, src, want string }{
		{"internal/series/x.go", `import "holdfast/internal/plan"`, "is not above it"},
		{"internal/plan/x.go", `import "holdfast/internal/drift"`, "is not above it"},
		{"internal/plan/x.go", `import "holdfast/internal/clock"`, "imports only internal/series"},
		{"internal/plan/x.go", `import "net/http"`, "is pure"},
		{"internal/drift/x.go", `import "github.com/google/go-cmp/cmp"`, "is pure"},
		{"internal/drift/x_test.go", `import "github.com/google/go-cmp/cmp"`, ""},
		{"internal/drift/x_test.go", `import "holdfast/internal/store"`, "is not above it"},
		{"internal/ical/x.go", `import "github.com/rs/zerolog"`, "has no log"},
		{"internal/provider/caldav/caldavtest/x.go", `import "holdfast/internal/ical"`, "imports only internal/clock"},
		{"internal/provider/caldav/x_test.go", `import "holdfast/internal/provider/caldav/caldavtest"`, ""},
		{"cmd/holdfast/main.go", `import "holdfast/internal/store"`, "imports only internal/cli"},
		{"internal/daemon/x.go", `import "holdfast/internal/provider/memory"`, "is not above it"},
		{"internal/helpers/x.go", ``, "no place in the layout"},
		{"internal/store/x.go", `import "holdfast/internal/helpers"`, "nothing of that name"},
		{"internal/store/x.go", `import "time"; var now = time.Now`, "time.Now"},
		{"internal/daemon/x.go", `import t "time"; var now = t.Since(t.Time{})`, "time.Since"},
		{"internal/daemon/x.go", `import "time"; var c = time.After(1)`, ""},
		{"internal/store/x.go", `import "time"; var c = time.After(1)`, "waits for nothing"},
		{"internal/clock/x.go", `import "time"; var now = time.Now`, ""},
		{"internal/series/x.go", "type x struct{ y int `json:\"y\"` }", "wire formats"},
		{"internal/provider/caldav/x.go", "type x struct{ y int `xml:\"y\"` }", ""},
		{"internal/series/snapshot.go", "type x struct{ y int `json:\",omitzero\"` }", ""},
	} {
		bad, err := check(c.name, []byte("package x; "+c.src))
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(bad, "\n"); (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s with %q: got %q, want %q", c.name, c.src, got, c.want)
		}
	}
}
