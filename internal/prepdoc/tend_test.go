package prepdoc_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"holdfast/internal/prepdoc"
	"holdfast/internal/provider"
	"holdfast/internal/provider/google/googletest"
	"holdfast/internal/series"
)

// The document of a pair is made once, is the two's and nobody else's, and costs nothing from then on but a look a week.
func TestMakesTheDocument(t *testing.T) {
	w := open(t)
	w.Configure(func(b *googletest.Behavior) { b.NewFilesSeenByDomain = true })
	if got, want := w.tend(), "files.list files.list files.copy files.get permissions.list files.update permissions.create files.update permissions.list"; got != want {
		t.Errorf("called %s,\nwant %s", got, want)
	}
	made := w.made()
	if len(made) != 1 || w.state.File != made[0] || w.state.Link != "https://docs.google.com/document/d/"+made[0]+"/edit" {
		t.Fatalf("made %v, remembered %+v", made, w.state)
	}
	w.finds("")
	if d := cmp.Diff([]string{"owner " + mia, "writer " + raj}, w.rows(made[0])); d != "" {
		t.Error(d)
	}
	f := w.file(made[0])
	if f["name"] != "1:1 Mia Chen / Raj Patel" || f["writersCanShare"] != false || !strings.HasPrefix(f["parents"].([]any)[0].(string), "root-") || f["appProperties"] != nil {
		t.Errorf("%v", f)
	}
	if got := w.Doc(made[0]); got != templateText {
		t.Errorf("it says %q", got)
	}
	if m := w.Mails(); len(m) != 0 {
		t.Errorf("mails: %v", m)
	}
	if got := w.tend(); got != "" {
		t.Errorf("a second time called %s", got)
	}
	w.pass(7 * day)
	if got := w.tend(); got != "files.get permissions.list" {
		t.Errorf("a week later called %s", got)
	}
	link := w.state.Link
	for name, known := range map[string]string{"by its mark": "", "by the calendar's link": link, "by its mark, with somebody else's link": "https://docs.google.com/document/d/" + w.template} {
		w.state, w.want.Known = prepdoc.State{}, known
		if w.tend(); w.state.Link != link || w.wrote() != "" {
			t.Errorf("not found again %s: %s, %+v", name, w.called(), w.state)
		}
	}
}

// Whichever request is lost, before or after it was done, and whether the state is kept or lost with it: in the end there
// is one document of the two, with one section.
func TestLostRequests(t *testing.T) {
	faults := map[string]googletest.Fault{"500": {Status: 500}, "500 after": {Status: 500, After: true}, "dropped": {Drop: true},
		"dropped after": {DropAfterCommit: true}, "cut off": {TruncateJSON: true}, "a page": {HTML: true}, "429": {Status: 429, Reason: "rateLimitExceeded", RetryAfter: 3}}
	for name, fault := range faults {
		for _, forget := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, forget %v", name, forget), func(t *testing.T) {
				clean := open(t)
				clean.next("2026-12-08")
				requests := len(strings.Fields(clean.tend()))
				if requests < 12 {
					t.Fatalf("only %d requests", requests)
				}
				for n := 1; n <= requests; n++ {
					w := open(t)
					w.next("2026-12-08")
					w.FailNth("", n, fault)
					before := len(w.Files())
					// Reading again after a dropped connection is done by the HTTP client.
					if err := w.try(); err != nil && provider.KindOf(err) != provider.Transient {
						t.Errorf("request %d: %v of kind %v", n, err, provider.KindOf(err))
					}
					if forget {
						w.state = prepdoc.State{}
					}
					for range 3 {
						w.pass(10 * time.Minute)
						w.tend()
					}
					if len(w.Files()) != before+1 {
						t.Fatalf("request %d: %d documents", n, len(w.Files())-before)
					}
					if d := cmp.Diff([]string{"owner " + mia, "writer " + raj}, w.rows(w.state.File)); d != "" || w.found() != "" {
						t.Fatalf("request %d: %s %s", n, d, w.found())
					}
					if text := w.Doc(w.state.File); strings.Count(text, "8 Dec 2026") != 1 {
						t.Fatalf("request %d: %s", n, text)
					}
					if w.tend(); w.wrote() != "" {
						t.Fatalf("request %d: not at rest: %s", n, w.wrote())
					}
				}
			})
		}
	}
}

// Drive's search may not yet show the copy whose answer was lost.
func TestSlowSearch(t *testing.T) {
	w := open(t)
	w.FailNth("drive.files.copy", 1, googletest.Fault{DropAfterCommit: true})
	if w.try() == nil {
		t.Fatal("no error")
	}
	w.SetFaults(googletest.Faults{Every: map[string]googletest.Fault{"drive.files.list": {EmptyList: true}}})
	for range 9 {
		w.pass(time.Minute)
		w.tend()
	}
	w.SetFaults(googletest.Faults{})
	w.pass(time.Minute)
	w.tend()
	if len(w.made()) != 1 || w.state.Link == "" {
		t.Errorf("%d documents, %+v", len(w.made()), w.state)
	}

	w = open(t) // the copy is answered, and still not to be seen
	w.SetFaults(googletest.Faults{Every: map[string]googletest.Fault{"drive.files.list": {EmptyList: true}, "drive.files.get": {Status: 404, Reason: "notFound"}}})
	w.tend()
	w.SetFaults(googletest.Faults{})
	w.tend()
	w.finds("")
	if d := cmp.Diff([]string{"owner " + mia, "writer " + raj}, w.rows(w.state.File)); len(w.made()) != 1 || d != "" {
		t.Errorf("%d documents, %s", len(w.made()), d)
	}
}

// Further documents of a pair, from searches that did not show the first: the oldest counts.
func TestOldestDocument(t *testing.T) {
	w := open(t)
	for _, org := range []string{"a", "b", "c"} { // Drive lists files in an order of its own
		w.want.Series.Org, w.state = org, prepdoc.State{}
		before := len(w.made())
		w.tend()
		first := w.state.Link
		w.SetFaults(googletest.Faults{Every: map[string]googletest.Fault{"drive.files.list": {EmptyList: true}}})
		for range 4 {
			w.state = prepdoc.State{}
			w.pass(time.Hour)
			w.tend()
		}
		w.SetFaults(googletest.Faults{})
		if len(w.made()) != before+5 {
			t.Fatal(len(w.made()), "documents")
		}
		w.state = prepdoc.State{}
		if w.tend(); w.state.Link != first || w.wrote() != "" {
			t.Errorf("%s, want %s; wrote %s", w.state.Link, first, w.wrote())
		}
	}
}

// Two daemons made a document each, as neither search showed the other's: both come to the one that the calendar links to.
func TestTwoDaemons(t *testing.T) {
	w := open(t)
	w.tend()
	first := w.state
	w.SetFaults(googletest.Faults{Every: map[string]googletest.Fault{"drive.files.list": {EmptyList: true}}})
	w.state = prepdoc.State{}
	w.tend()
	w.SetFaults(googletest.Faults{})
	if len(w.made()) != 2 || w.state.Link == first.Link {
		t.Fatal(len(w.made()), "documents")
	}
	w.want.Known = w.state.Link
	second := w.state
	w.tend()
	for _, st := range []prepdoc.State{second, first} {
		w.state = st
		if w.tend(); w.state.Link != second.Link || w.wrote() != "" {
			t.Errorf("%s, want %s; wrote %s", w.state.Link, second.Link, w.wrote())
		}
	}
	w.want.Known = first.Link // where the calendar leads to one that is gone, there is no use in following
	w.Trash(first.File, true)
	if w.tend(); w.state.Link != second.Link || w.wrote() != "" {
		t.Errorf("followed into the trash: %s, wrote %s", w.state.Link, w.wrote())
	}
}

// A pair's document as template makes another pair's document all the same.
func TestTemplateOfOurs(t *testing.T) {
	w := open(t)
	w.next("2026-12-08")
	w.tend()
	w.want.Series.Doc.Template, w.state = w.state.File, prepdoc.State{}
	w.want.Series.Pair.Report, w.want.Series.Report = "ada", series.Person{ID: "ada", Email: ada}
	w.next("2026-12-09")
	w.tend()
	if d := cmp.Diff([]string{"owner " + mia, "writer " + ada}, w.rows(w.state.File)); d != "" {
		t.Error(d)
	}
	if text := w.Doc(w.state.File); !strings.Contains(text, "9 Dec 2026") {
		t.Error(text)
	}
}

// The new manager gets a new document; the old one is what it was.
func TestManagerChanges(t *testing.T) {
	w := open(t)
	w.tend()
	old, rows, text := w.state.File, w.rows(w.state.File), w.Doc(w.state.File)
	w.want.Series.Pair.Manager, w.want.Series.Manager, w.state = "ada", series.Person{ID: "ada", Name: "Ada", Email: ada}, prepdoc.State{}
	w.tend()
	if w.state.File == old || len(w.made()) != 2 {
		t.Fatal("no document of their own")
	}
	if d := cmp.Diff([]string{"owner " + ada, "writer " + raj}, w.rows(w.state.File)); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(rows, w.rows(old)); d != "" || w.Doc(old) != text {
		t.Error("the old one has changed", d)
	}
}

// A person under a new id keeps the document.
func TestRenamed(t *testing.T) {
	w := open(t)
	w.tend()
	link := w.state.Link
	w.want.Series.Formerly, w.want.Series.Pair.Report = []series.Pair{w.want.Series.Pair}, "raj2"
	w.state = prepdoc.State{}
	if w.tend(); w.state.Link != link || w.wrote() != "files.update" {
		t.Fatalf("%s, wrote %s", w.state.Link, w.wrote())
	}
	w.want.Series.Formerly, w.state = nil, prepdoc.State{}
	if w.tend(); w.state.Link != link || w.wrote() != "" {
		t.Errorf("not under its new mark: %s", w.wrote())
	}
}

// What people do to the document is told and left as it is; what they put right is noticed within the hour.
func TestFindings(t *testing.T) {
	for _, c := range []struct {
		name     string
		do, undo func(w *world, id string)
		want     string
	}{
		{"anyone", func(w *world, id string) { w.Grant(id, "anyone", "", "reader") }, func(w *world, id string) { w.Grant(id, "anyone", "", "") },
			"doc-overshared: anyone with the link can see it"},
		{"domain", func(w *world, id string) { w.Grant(id, "domain", "example.com", "reader") }, func(w *world, id string) { w.Grant(id, "domain", "example.com", "") },
			"doc-overshared: a whole domain can see it"},
		{"a group", func(w *world, id string) { w.Grant(id, "group", "all@example.com", "reader") }, func(w *world, id string) { w.Grant(id, "group", "all@example.com", "") },
			"doc-overshared: a group can see it"},
		{"many", func(w *world, id string) { crowd(w, id, "commenter") }, func(w *world, id string) { crowd(w, id, "") },
			"doc-overshared: 150 other people can see it"},
		{"the report is out", func(w *world, id string) { w.Grant(id, "user", raj, "") }, func(w *world, id string) { w.Grant(id, "user", raj, "writer") },
			"doc-unreadable: the report cannot edit it"},
		{"the report only reads", func(w *world, id string) { w.Grant(id, "user", raj, "reader") }, func(w *world, id string) { w.Grant(id, "user", raj, "writer") },
			"doc-unreadable: the report cannot edit it"},
		{"in the trash", func(w *world, id string) { w.Trash(id, true) }, func(w *world, id string) { w.Trash(id, false) },
			"doc-missing: it is in the trash"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := open(t)
			w.tend()
			id, link := w.state.File, w.state.Link
			c.do(w, id)
			w.pass(7 * day)
			if w.tend(); w.wrote() != "" || w.state.Link != link {
				t.Errorf("wrote %s, link %s", w.wrote(), w.state.Link)
			}
			w.finds(c.want)
			w.state = prepdoc.State{} // the journal is lost: the same
			if w.tend(); w.wrote() != "" || w.state.Link != link {
				t.Errorf("without the journal wrote %s, link %s", w.wrote(), w.state.Link)
			}
			w.finds(c.want)
			c.undo(w, id)
			w.pass(time.Hour)
			w.tend()
			w.finds("")
		})
	}
}

func crowd(w *world, id, role string) {
	for i := range 150 {
		w.Grant(id, "user", fmt.Sprintf("p%d@example.com", i), role)
	}
}

// A document that is gone for good is told after the second look. Another is made when somebody asks.
func TestGone(t *testing.T) {
	w := open(t)
	w.tend()
	old := w.state.File
	w.DeleteFile(old)
	w.pass(7 * day)
	w.tend()
	w.finds("")
	w.pass(time.Minute)
	w.tend()
	w.finds("doc-missing: it is gone, or the manager may not see it any more")
	if len(w.made()) != 0 {
		t.Fatal("replaced unasked")
	}
	w.want.Remake = true
	w.tend()
	w.finds("")
	if len(w.made()) != 1 || w.state.File == old {
		t.Errorf("%+v", w.state)
	}
	if w.tend(); w.wrote() != "" {
		t.Error("made a third one")
	}
}

// One that is in the trash is replaced too, when somebody asks.
func TestRemadeFromTheTrash(t *testing.T) {
	w := open(t)
	w.tend()
	old, backup := w.state.File, w.state
	w.Trash(old, true)
	w.want.Remake = true
	w.tend()
	w.want.Remake = false
	w.finds("")
	again := w.state.File
	w.pass(7 * day)
	for _, w.state = range []prepdoc.State{{}, backup} {
		if w.tend(); again == old || w.state.File != again || w.wrote() != "" {
			t.Errorf("%s, then %s; wrote %s", again, w.state.File, w.wrote())
		}
	}
}

// In a shared drive its members can see the document.
func TestSharedDrive(t *testing.T) {
	w := open(t)
	w.want.Series.Doc.Folder = w.AddSharedDrive("HR", map[string]string{mia: "organizer", ada: "reader"})
	w.Open(w.want.Series.Doc.Folder, "app")
	w.tend()
	w.finds("doc-overshared: one other member of its folder or drive can see it")
	if d := cmp.Diff([]string{"organizer " + mia, "reader " + ada, "writer " + raj}, w.rows(w.state.File)); d != "" {
		t.Error(d)
	}
	link := w.state.Link
	w.state = prepdoc.State{}
	if w.tend(); w.state.Link != link || w.wrote() != "" {
		t.Errorf("not found again: wrote %s", w.wrote())
	}
}

// A link that the roster gives is only looked at, and says nothing where the app cannot see it.
func TestGivenLink(t *testing.T) {
	w := open(t)
	id := w.AddFile(googletest.NewFile{Owner: mia, Name: "Ours", Text: "private"})
	w.want.Series.Doc, w.want.Series.Link = series.PrepDoc{}, "https://docs.google.com/document/d/"+id+"/edit"
	if got := w.tend(); got != "files.get" {
		t.Errorf("called %s", got)
	}
	w.finds("")
	w.Open(id, "app")
	w.pass(7 * day)
	if got := w.tend(); got != "files.get permissions.list" {
		t.Errorf("called %s", got)
	}
	w.finds("doc-unreadable: the report cannot edit it")
	theirs := w.AddFile(googletest.NewFile{Owner: ada, Name: "Theirs", Apps: []string{"app"}})
	w.Grant(theirs, "user", mia, "commenter") // who may not see who else has access
	w.want.Series.Link = "https://docs.google.com/document/d/" + theirs
	w.tend()
	w.finds("doc-unreadable: the manager cannot edit it")
	w.want.Series.Link = "https://wiki.example.com/mia-raj"
	if got := w.tend(); got != "" || w.found() != "" || w.state.Link != w.want.Series.Link {
		t.Errorf("called %s, %+v", got, w.state)
	}
}

// Hold writes nothing.
func TestHold(t *testing.T) {
	w := open(t)
	w.want.Hold = true
	w.next("2026-12-08")
	if w.tend(); w.wrote() != "" || w.state.Link != "" {
		t.Errorf("wrote %s, %+v", w.wrote(), w.state)
	}
	w.want.Hold = false
	w.tend()
	if len(w.made()) != 1 {
		t.Error("not made afterwards")
	}
}

// Signing in, and what the manager may do, fail with a kind and something to do.
func TestRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		set  func(w *world)
		kind provider.Kind
		hint string
	}{
		"no client": {func(w *world) {
			w.signIn = &provider.Error{Kind: provider.Auth, Op: "sign in", Hint: "connect", Err: fmt.Errorf("revoked")}
		}, provider.Auth, "connect"},
		"no reason":        {func(w *world) { w.signIn = fmt.Errorf("mia has no Google calendar") }, provider.Auth, ""},
		"no template":      {func(w *world) { w.want.Series.Doc.Template = "nowhere" }, provider.Auth, "share template"},
		"no account":       {func(w *world) { w.want.Series.Report.Email = "raj@elsewhere.test" }, provider.Permanent, "no Google account"},
		"not their folder": {func(w *world) { w.want.Series.Doc.Folder = sharedDrive(w, "reader") }, provider.Auth, ""},
	} {
		w := open(t)
		c.set(w)
		err := w.try()
		if err == nil || provider.KindOf(err) != c.kind || !strings.Contains(provider.HintOf(err), c.hint) {
			t.Errorf("%s: %v, kind %v, hint %q", name, err, provider.KindOf(err), provider.HintOf(err))
		}
		w.Reset()
		w.pass(time.Minute)
		if w.signIn == nil && (w.try() != nil || w.wrote() != "") {
			t.Errorf("%s: tried again at once: %s", name, w.wrote())
		}
	}
}

// Before anything is made, template and folder are looked at.
func TestCheck(t *testing.T) {
	for name, c := range map[string]struct {
		set  func(w *world)
		want string
	}{
		"all is well":      {func(w *world) {}, ""},
		"with a folder":    {func(w *world) { w.want.Series.Doc.Folder = sharedDrive(w, "writer") }, ""},
		"nothing to make":  {func(w *world) { w.want.Series.Doc = series.PrepDoc{} }, ""},
		"no such template": {func(w *world) { w.want.Series.Doc.Template = "nowhere" }, "HTTP 404"},
		"in the trash":     {func(w *world) { w.Trash(w.template, true) }, "trash"},
		"a folder": {func(w *world) {
			w.want.Series.Doc.Template = w.AddFile(googletest.NewFile{Owner: mia, MIME: googletest.FolderMIME, Apps: []string{"app"}})
		}, "no Google document"},
		"a read-only place": {func(w *world) { w.want.Series.Doc.Folder = sharedDrive(w, "reader") }, "not put anything"},
		"an unseen place":   {func(w *world) { w.want.Series.Doc.Folder = w.AddSharedDrive("x", map[string]string{mia: "writer"}) }, "HTTP 404"},
		"nobody signed in":  {func(w *world) { w.signIn = fmt.Errorf("no client") }, "no client"},
	} {
		w := open(t)
		c.set(w)
		err := w.docs.Check(t.Context(), w.want.Series)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && (provider.KindOf(err) != provider.Auth || w.wrote() != "") {
			t.Errorf("%s: kind %v, wrote %s", name, provider.KindOf(err), w.wrote())
		}
	}
}

// sharedDrive is one that the manager has the role in, and the app was given.
func sharedDrive(w *world, role string) string {
	id := w.AddSharedDrive("x", map[string]string{mia: role, ada: "organizer"})
	w.Open(id, "app")
	return id
}
