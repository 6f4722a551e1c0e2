package roster

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"holdfast/internal/series"
	"holdfast/internal/yamlpos"
)

const people = `people:
  mia: {name: Mia Chen, email: mia@example.com, calendar: office, zone: Europe/Berlin}
  raj: {name: Raj Patel, email: raj@example.com}
`

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// patterns are those of a holdfast.yaml that lists them from its second line on.
func patterns(names ...string) (out []yamlpos.Text) {
	for i, n := range names {
		out = append(out, yamlpos.Text{Pos: yamlpos.Pos{File: "holdfast.yaml", Line: 2 + i, Column: 5}, V: n})
	}
	return out
}

func TestSourceKeepsTheLastGoodRoster(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "roster.yaml")
	s := NewSource(dir, patterns("roster.yaml"), calendars)
	load := func(wantPairs int, wantProblem string) {
		t.Helper()
		r, err := s.Load()
		if len(r.Pairs) != wantPairs {
			t.Errorf("%d pairs, want %d", len(r.Pairs), wantPairs)
		}
		switch {
		case wantProblem == "" && err != nil:
			t.Errorf("problem: %v", err)
		case wantProblem != "" && (err == nil || !strings.Contains(err.Error(), wantProblem)):
			t.Errorf("problem %v, want %s", err, wantProblem)
		}
		if s.Changed() {
			t.Error("changed right after it was loaded")
		}
	}
	changed := func(want bool) {
		t.Helper()
		if s.Changed() != want {
			t.Errorf("changed: %v, want %v", !want, want)
		}
	}

	changed(true)
	load(0, "holdfast.yaml:2:5: roster: no file "+file)

	good := people + "one_on_ones: [{manager: mia, reports: [raj]}]\n"
	write(t, file, good)
	changed(true)
	load(1, "")
	load(1, "")
	write(t, file, good) // same text, other time
	changed(false)

	write(t, file, good+"oops")
	changed(true)
	load(1, file+":6:1: not YAML")
	load(1, file+":6:1: not YAML")

	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	changed(true)
	load(1, "no file")

	write(t, file, people+"  lee: {name: Lee Park, email: lee@example.com, zone: UTC}\none_on_ones: [{manager: mia, reports: [raj, lee]}]\n")
	changed(true)
	load(2, "")
}

func TestSourceMergesGlobs(t *testing.T) {
	dir := t.TempDir()
	elsewhere := filepath.Join(t.TempDir(), "people.yaml")
	write(t, elsewhere, people)
	write(t, filepath.Join(dir, "teams/a.yaml"), "one_on_ones: [{manager: mia, reports: [raj]}]")
	write(t, filepath.Join(dir, "teams/b.yaml"), "people: {lee: {name: Lee Park, email: lee@example.com, zone: UTC}}")
	write(t, filepath.Join(dir, "teams/notes.txt"), "not a roster")

	r, err := NewSource(dir, patterns("teams/*.yaml", elsewhere, "teams/a.yaml"), calendars).Load()
	if err != nil {
		t.Fatal(err)
	}
	if len(r.People) != 3 || len(r.Pairs) != 1 {
		t.Errorf("%d people, %d pairs", len(r.People), len(r.Pairs))
	}
	if p, ok := r.Person("lee"); !ok || p.Name != "Lee Park" {
		t.Errorf("lee is %+v", p)
	}
	if _, ok := r.Person("nobody"); ok {
		t.Error("found nobody")
	}

	_, err = NewSource(dir, patterns("teams/*.yml", "teams", "[.yaml"), calendars).Load()
	want := "holdfast.yaml:2:5: roster: no file " + filepath.Join(dir, "teams/*.yml") +
		"\nholdfast.yaml:3:5: roster: cannot read " + filepath.Join(dir, "teams") + ": is a directory" +
		"\nholdfast.yaml:4:5: roster: no file " + filepath.Join(dir, "[.yaml")
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

// A file caught half-written is not obeyed: only what stands for a while is.
func TestSteady(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "roster.yaml")
	half := strings.Replace(people, "raj@example.com", "raj@example.com, zone: Asia/Kolkata", 1)
	full := half + "one_on_ones: [{manager: mia, reports: [raj]}]\n"
	write(t, file, full)
	s := NewSource(dir, patterns("roster.yaml"), calendars)
	now := time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)
	pairs := func(after time.Duration, want int) {
		t.Helper()
		r, err := s.Steady(now.Add(after))
		if err != nil || len(r.Pairs) != want {
			t.Errorf("after %s: %d pairs, %v, want %d", after, len(r.Pairs), err, want)
		}
	}
	pairs(0, 1)
	write(t, file, half) // as an editor's first half
	pairs(time.Second, 1)
	pairs(2*time.Second, 1)
	write(t, file, full)
	pairs(3*time.Second, 1)
	write(t, file, half)
	pairs(4*time.Second, 1)
	pairs(6*time.Second, 0)
}

// An .ics file of days off belongs to the roster: a change of it is one of the roster, also when it comes back.
func TestSourceWatchesCalendarFiles(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "company.ics")
	day := func(d string) string {
		return "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;VALUE=DATE:" + d + "\nEND:VEVENT\nEND:VCALENDAR\n"
	}
	write(t, filepath.Join(dir, "roster.yaml"),
		"defaults: {holidays: company.ics}\n"+people+"one_on_ones: [{manager: mia, reports: [raj]}]\n")
	s := NewSource(dir, patterns("roster.yaml"), calendars)
	load := func(want, problem string) {
		t.Helper()
		if !s.Changed() {
			t.Error("the change is not seen")
		}
		r, err := s.Load()
		if (err != nil) != (problem != "") || err != nil && !strings.Contains(err.Error(), problem) {
			t.Errorf("problem: %v, want %q", err, problem)
		}
		got := ""
		if mia, ok := r.Person("mia"); ok {
			got = mia.Free.Days[0].String()
		}
		if got != want {
			t.Errorf("day off: %q, want %q", got, want)
		}
		if s.Changed() {
			t.Error("changed right after it was loaded")
		}
	}
	load("", "cannot read "+file+": no such file")
	write(t, file, day("20261224"))
	load("2026-12-24", "")
	write(t, file, day("20261231"))
	load("2026-12-31", "")
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	load("2026-12-31", "no such file")
	write(t, file, day("20261231"))
	load("2026-12-31", "")

	now := time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)
	write(t, file, day("20261222"))
	for after, want := range []string{"2026-12-31", "2026-12-31", "2026-12-22"} {
		r, err := s.Steady(now.Add(time.Duration(after) * time.Second))
		if mia, ok := r.Person("mia"); err != nil || !ok || mia.Free.Days[0].String() != want {
			t.Errorf("after %d s: %v, %v, want %s", after, mia.Free, err, want)
		}
	}
}

// What is no roster is refused, and not waited for.
func TestSourceHasBounds(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, size := range map[string]int64{"large": 95 << 20, "half1": 17 << 20, "half2": 17 << 20} {
		write(t, filepath.Join(dir, name), "")
		if err := os.Truncate(filepath.Join(dir, name), size); err != nil {
			t.Fatal(err)
		}
	}
	for i := range maxFiles + 1 {
		write(t, filepath.Join(dir, "many", strconv.Itoa(i)), "people: {}")
	}
	for pattern, want := range map[string]string{
		"pipe":      "roster: cannot read " + dir + "/pipe: is not a regular file",
		"large":     "roster: cannot read " + dir + "/large: has more than 32 MiB",
		"/dev/zero": "roster: cannot read /dev/zero: is not a regular file",
		"half*":     "roster: cannot read " + dir + "/half2: has more than 15 MiB, for all files may have 32 MiB together",
		"pipe*/x":   "roster: no file " + dir + "/pipe*/x",
		"many/*":    "roster: " + dir + "/many/*: it matches more than 1000 files",
	} {
		_, err := NewSource(dir, patterns(pattern), calendars).Load()
		if err == nil || !strings.HasPrefix(err.Error(), "holdfast.yaml:2:5: "+want) {
			t.Errorf("%s: %.300v, want %s", pattern, err, want)
		}
	}
}

// A glob may lead through more folders than anybody would wait for.
func TestGlobHasBounds(t *testing.T) {
	dir := t.TempDir()
	for i := range 3 {
		write(t, filepath.Join(dir, strconv.Itoa(i), "a.yaml"), "")
	}
	for entries, want := range map[int]int{6: 3, 5: 0} {
		names, err := glob(filepath.Join(dir, "*", "*.yaml"), &entries)
		if len(names) != want || (err == nil) != (want > 0) {
			t.Errorf("%v, %v, want %d", names, err, want)
		}
	}
}

// The window moves once a year, not day by day, and never holds less than 13 months.
func TestWindow(t *testing.T) {
	day := series.Date{Year: 2026, Month: 1, Day: 1}
	var moved []string
	_, last := Window(day)
	for ; day.Year < 2028; day = day.AddDays(1) {
		from, to := Window(day)
		if to.DaysSince(day) < 396 || day.DaysSince(from) < 60 {
			t.Fatalf("%s: %s to %s", day, from, to)
		}
		if to != last {
			moved, last = append(moved, day.String()+" to "+to.String()), to
		}
	}
	if got, want := strings.Join(moved, ", "), "2026-11-27 to 2028-12-31, 2027-11-28 to 2029-12-31"; got != want {
		t.Errorf("moved on %s, want %s", got, want)
	}
}
