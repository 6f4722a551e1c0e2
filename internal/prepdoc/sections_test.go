package prepdoc_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"holdfast/internal/prepdoc"
	"holdfast/internal/provider"
	"holdfast/internal/provider/google/googletest"
)

const firstSection = `# Tue 8 Dec 2026
## Raj Patel's points

## Updates

## Goals

## Actions
[ ] 

`

// before calls f before each try to write a section.
func (w *world) typing(f func(try int)) {
	try := 0
	w.before = func(r *http.Request) {
		if strings.HasSuffix(r.URL.Path, ":batchUpdate") {
			try++
			f(try)
		}
	}
}

func (w *world) says(want string) {
	w.Helper()
	if d := cmp.Diff(want, w.Doc(w.state.File)); d != "" {
		w.Error(d)
	}
}

// Each meeting gets its section once, on top; open actions come along.
func TestSectionForEachMeeting(t *testing.T) {
	w := open(t)
	w.tend()
	w.next("2026-12-08")
	if got := w.tend(); got != "files.get permissions.list documents.get documents.batchUpdate files.update" {
		t.Errorf("called %s", got)
	}
	below := "What we want from these meetings.\n"
	w.says("= Our 1:1\n" + firstSection + below)
	if got := w.tend(); got != "" {
		t.Errorf("again called %s", got)
	}
	typed := strings.Replace(firstSection, "[ ] ", "[ ] Raj: send the draft 😀\n[x] Mia: book the room", 1)
	w.SetDoc(w.state.File, "= Our 1:1\n"+typed+below)
	w.next("2026-12-15")
	w.tend()
	second := strings.Replace(strings.Replace(firstSection, "8 Dec", "15 Dec", 1), "[ ] ", "[ ] Raj: send the draft 😀\n[ ] ", 1)
	w.says("= Our 1:1\n" + second + typed + below)
	if m := w.Mails(); len(m) != 0 {
		t.Errorf("mails: %v", m)
	}
}

// A section that is there is not written again: not when the journal is lost, nor when the mark of it on the file is.
func TestSectionOnce(t *testing.T) {
	w := open(t)
	w.next("2026-12-08")
	w.tend()
	text := w.Doc(w.state.File)
	w.state = prepdoc.State{}
	if w.tend(); w.wrote() != "" {
		t.Errorf("journal lost: wrote %s", w.wrote())
	}
	w.SetDoc(w.state.File, templateText)
	w.state = prepdoc.State{}
	if w.tend(); w.wrote() != "" {
		t.Errorf("somebody took it out: wrote %s", w.wrote())
	}
	w.says(templateText)

	w = open(t)
	w.tend()
	w.next("2026-12-08")
	w.FailNth("drive.files.update", 1, googletest.Fault{Status: 500})
	if w.try() == nil {
		t.Fatal("the section was noted on the file all the same")
	}
	w.state = prepdoc.State{}
	w.pass(time.Hour)
	if w.tend(); w.wrote() != "files.update" {
		t.Errorf("written but not noted: wrote %s", w.wrote())
	}
	w.says(text)
}

// Who types while the section is composed loses nothing: it is composed anew. Who goes on typing is left in peace for
// a while.
func TestTypingMeanwhile(t *testing.T) {
	w := open(t)
	w.tend()
	w.next("2026-12-08")
	w.typing(func(try int) {
		if try < 3 {
			w.TypeAt(w.state.File, 1, fmt.Sprint("typed ", try, " "))
		}
	})
	w.tend()
	w.says("= typed 2 typed 1 Our 1:1\n" + firstSection + "What we want from these meetings.\n")

	w = open(t)
	w.tend()
	w.next("2026-12-08")
	w.typing(func(int) { w.Type(w.state.File, "x") })
	err := w.try()
	if provider.KindOf(err) != provider.Conflict {
		t.Fatalf("%v of kind %v", err, provider.KindOf(err))
	}
	w.says(strings.TrimSuffix(templateText, "\n") + "xxx\n")
	w.pass(time.Minute)
	if got := w.tend(); got != "" {
		t.Errorf("a minute later called %s", got)
	}
	w.pass(9 * time.Minute)
	w.before = func(*http.Request) {}
	w.tend()
	w.says("= Our 1:1\n" + firstSection + "What we want from these meetings.xxx\n")
}

// No section without a document in order: in the trash, or not to be edited by the manager.
func TestNoSection(t *testing.T) {
	w := open(t)
	w.tend()
	w.Trash(w.state.File, true)
	w.next("2026-12-08")
	if w.tend(); w.wrote() != "" {
		t.Errorf("wrote %s", w.wrote())
	}
}

// Whatever stands in a document, and whoever types at whatever moment: each section is one piece of text put into it.
func TestSectionsOnlyInsert(t *testing.T) {
	lines := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) string {
		return rapid.SampledFrom([]string{"", "# ", "## ", "= ", "- ", "[ ] ", "[x] ", "## Actions\n[ ] "}).Draw(t, "begin") +
			rapid.StringOf(rapid.SampledFrom([]rune("ab é😀𝄞"))).Draw(t, "text")
	}), 1, 8)
	w := open(t)
	w.tend()
	date := time.Date(2026, 12, 8, 0, 0, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		date = date.AddDate(0, 0, 7)
		w.at.Store(date.AddDate(0, 0, -1).Unix())
		w.SetDoc(w.state.File, strings.Join(lines.Draw(t, "document"), "\n"))
		before := ""
		typed := rapid.SliceOfN(rapid.StringOfN(rapid.SampledFrom([]rune("xy\n😀")), 1, 5, -1), 0, 2).Draw(t, "typed")
		w.typing(func(try int) {
			if try <= len(typed) {
				w.TypeAt(w.state.File, 1, typed[try-1])
			}
			before = w.Doc(w.state.File)
		})
		w.next(date.Format(time.DateOnly))
		if err := w.try(); err != nil {
			t.Fatal(err)
		}
		after := w.Doc(w.state.File)
		// The text form has no mark for where a paragraph of the section took the place of another.
		at := 0
		for at < len(before) && before[at] == after[at] {
			at++
		}
		rest := len(before) - at
		if len(after) <= len(before) || after[len(after)-rest:] != before[at:] {
			t.Fatalf("of %q is left %q", before, after)
		}
		if !strings.Contains(after, "Raj Patel's points") {
			t.Fatal("no section")
		}
	})
}

// Over everything that happens to a document, nothing of its text is logged, told in an error, or remembered; nor is its
// link or anybody's address logged.
func TestNothingIsTold(t *testing.T) {
	const secret = "Kündigung"
	text := "= " + secret + "\n## Actions\n[ ] " + secret + " 😀\n" + secret + "\n"
	clean := open(t)
	clean.tend()
	clean.next("2026-12-08")
	requests := len(strings.Fields(clean.tend()))
	var said, logged, kept strings.Builder
	for _, fault := range []googletest.Fault{{}, {Status: 500}, {Status: 400, Reason: secret}, {Status: 403, Reason: "insufficientFilePermissions"}, {Status: 404, Reason: "notFound"},
		{DropAfterCommit: true}, {Drop: true}, {TruncateJSON: true}, {HTML: true}} {
		for n := 1; n <= requests; n++ {
			w := open(t)
			w.tend()
			w.SetDoc(w.state.File, text)
			w.next("2026-12-08")
			if n%2 == 0 {
				w.typing(func(int) { w.Type(w.state.File, secret) })
			}
			w.FailNth("", n, fault)
			for range 3 {
				_ = w.try() // whether it fails is others' to test; what it says is in said
				w.pass(time.Hour)
			}
			w.DeleteFile(w.state.File)
			w.pass(8 * day)
			_ = w.try()
			_ = w.try()
			said.WriteString(strings.Join(w.said, "\n"))
			logged.WriteString(w.log.String())
			fmt.Fprintf(&kept, "%+v\n", w.state)
			if strings.Contains(logged.String()+said.String(), w.state.File) {
				t.Errorf("the document's id is told in %s%s", &logged, &said)
			}
		}
	}
	if said.Len() == 0 || logged.Len() == 0 {
		t.Fatal("nothing was said at all")
	}
	for _, word := range []string{secret, "ündigung", "\\u00fc", "1:1", "http", "@", "Mia Chen", "Raj Patel"} {
		if strings.Contains(logged.String(), word) {
			t.Errorf("%q is logged: %s", word, logged.String())
		}
	}
	for _, word := range []string{secret, "ündigung", "\\u00fc", "@example.com", "docs.google.com"} {
		if strings.Contains(said.String(), word) {
			t.Errorf("%q is in an error: %s", word, said.String())
		}
	}
	if strings.Contains(kept.String(), "ündigung") {
		t.Errorf("remembered: %s", kept.String())
	}
}

// What cannot be written says so, once in a while.
func TestNoDocumentAtAll(t *testing.T) {
	w := open(t)
	w.template = w.AddFile(googletest.NewFile{Owner: admin, Name: "Sheet", MIME: "application/vnd.google-apps.spreadsheet", Apps: []string{"app"}})
	w.Grant(w.template, "domain", "example.com", "reader")
	w.want.Series.Doc.Template = w.template
	w.next("2026-12-08")
	err := w.try()
	var e *provider.Error
	if !errors.As(err, &e) || e.Kind != provider.Permanent {
		t.Fatal(err)
	}
	w.Reset()
	if w.try() != nil || w.called() != "" {
		t.Errorf("at once again: %s", w.called())
	}
}
