package daemon

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast/internal/plan"
	"holdfast/internal/prepdoc"
	"holdfast/internal/provider/google"
	"holdfast/internal/provider/google/googletest"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
)

// The pair's document is made from the template with the booking, shared by the two, and linked from the series; a plan
// before that writes nothing anywhere.
func TestDocument(t *testing.T) {
	o := newStudio(t)
	p, err := o.Reconciler.Preview(t.Context())
	o.must(err)
	if len(p.Plan.Changes) != 1 || len(o.wrote()) > 0 || len(o.made()) > 0 {
		t.Fatalf("a plan of %d changes wrote %v", len(p.Plan.Changes), o.wrote())
	}
	r := o.well()
	ids := o.made()
	if len(r.Applied) != 1 || r.Mails != 1 || len(o.Mails()) != 1 || len(ids) != 1 {
		t.Fatalf("%s\n%d mails, %d documents", said(r), len(o.Mails()), len(ids))
	}
	if got := o.rows(ids[0]); got != "owner mia@example.com, writer raj@example.com" {
		t.Error(got)
	}
	e := o.event(r)
	files, _ := e["attachments"].([]any)
	if len(files) != 1 || files[0].(map[string]any)["fileUrl"] != linkOf(ids[0]) ||
		e["description"] != "Agenda: "+linkOf(ids[0]) {
		t.Errorf("the event has %v and says %q", files, e["description"])
	}
	if s := r.Statuses(nil); s[0].PrepDoc != linkOf(ids[0]) || s[0].State != reconcile.OnSlot {
		t.Errorf("%+v", s[0])
	}
	again, err := o.Reconciler.Preview(t.Context())
	o.must(err)
	known, err := o.Reconciler.Recall(t.Context())
	o.must(err)
	if len(again.Plan.Changes) > 0 || known.Statuses(nil)[0].PrepDoc != linkOf(ids[0]) {
		t.Errorf("plan %v, known %+v", again.Plan.Changes, known.Statuses(nil))
	}
	if r := o.well(); len(r.Sections) != 1 || r.Sections[0].Date.String() != "2026-12-01" { // tomorrow's meeting
		t.Errorf("sections %v", r.Sections)
	}
	o.rests()
	if !strings.Contains(o.Doc(ids[0]), "Tue 1 Dec 2026") {
		t.Error(o.Doc(ids[0]))
	}
}

// What becomes of the document is flagged in the weekly look, and `restore` makes a new one in place of one that is
// gone.
func TestDocumentFlags(t *testing.T) {
	o := newStudio(t)
	o.well()
	id := o.made()[0]
	week := func() reconcile.Round {
		t.Helper()
		o.at = o.at.AddDate(0, 0, 8)
		o.well()
		return o.well()
	}
	see := func(r reconcile.Round, want string) {
		t.Helper()
		if got := flagsOf(r); got != want {
			t.Errorf("flags %q, want %q", got, want)
		}
	}
	o.Grant(id, "anyone", "", "reader")
	see(week(), "mia/raj doc-overshared: anyone with the link can see it")
	o.Grant(id, "anyone", "", "")
	o.at = o.at.Add(time.Hour)
	see(o.well(), "")
	o.Trash(id, true)
	see(week(), "mia/raj doc-missing: it is in the trash")
	r := o.round(plan.Ask{Pair: series.Pair{Manager: "mia", Report: "raj"}})
	if ids := o.made(); len(r.Failures) > 0 || len(ids) != 2 || len(r.Applied) != 1 || r.Mails != 0 {
		t.Fatalf("%v, %d documents: %s", r.Failures, len(ids), said(r))
	}
	if len(r.Sections) > 0 {
		t.Errorf("sections %v", r.Sections)
	}
	see(r, "")
	o.well()
	o.rests()
}

// Drive keeps no calendar from being kept: the 1:1 is booked without the link, which comes later and without a mail.
// One trouble is told once, for as long as it lasts.
func TestDocumentLater(t *testing.T) {
	o := newStudio(t)
	o.SetDelegation(robot, google.Scope)
	r := o.round()
	if len(r.Applied) != 1 || len(r.Failures) != 1 || len(r.Alarms) != 1 || len(o.made()) > 0 ||
		!strings.Contains(r.Failures[0].Hint, google.Scope+","+prepdoc.AllScope) {
		t.Fatalf("%s\n%v, alarms %v", said(r), r.Failures, r.Alarms)
	}
	for range 3 {
		if r = o.round(); len(r.Applied) > 0 || len(r.Failures) != 1 || len(r.Alarms) > 0 {
			t.Fatalf("%s\n%v, alarms %v", said(r), r.Failures, r.Alarms)
		}
	}
	o.start() // the break is remembered
	if r = o.round(); len(r.Failures) != 1 || len(r.Alarms) > 0 {
		t.Fatalf("%v, alarms %v", r.Failures, r.Alarms)
	}
	o.SetDelegation(robot, google.Scope, prepdoc.AllScope)
	o.at = o.at.Add(time.Hour)
	if r = o.well(); len(r.Applied) != 1 || r.Mails != 0 || len(o.Mails()) != 1 || len(o.made()) != 1 ||
		len(r.Outages) > 0 {
		t.Fatalf("%s\n%d mails, %d documents, %v", said(r), len(o.Mails()), len(o.made()), r.Outages)
	}
	o.well()
	o.rests()
}

// A journal that is lost costs a look: never a second document, nor a write.
func TestDocumentFoundAgain(t *testing.T) {
	o := newStudio(t)
	o.well()
	o.well()
	o.must(o.Close())
	o.must(os.Remove(filepath.Join(o.dir, "holdfast.db")))
	o.start()
	o.rests()
	if n := len(o.made()); n != 1 {
		t.Errorf("%d documents", n)
	}
}

// Whatever goes wrong at Drive, the 1:1 is booked by that very round; in the end there is one document with one
// section, and there was one mail.
func TestDocumentFaults(t *testing.T) {
	for _, at := range []string{"drive.files.list 1", "drive.files.list 2", "drive.files.copy 1", "drive.files.get 1", "drive.permissions.list 1", "drive.files.update 1",
		"drive.permissions.create 1", "drive.files.update 2", "docs.documents.get 1", "docs.documents.batchUpdate 1", "drive.files.update 3"} {
		for name, fault := range map[string]googletest.Fault{"500": {Status: 500}, "done, then 503": {Status: 503, After: true}, "cut off": {TruncateJSON: true},
			"429": {Status: 429, Reason: "rateLimitExceeded", RetryAfter: 60}} {
			if testing.Short() && name != "done, then 503" {
				continue
			}
			t.Run(at+", "+name, func(t *testing.T) {
				o := newStudio(t)
				method, n, _ := strings.Cut(at, " ")
				o.FailNth(method, int(n[0]-'0'), fault)
				if r := o.round(); len(r.Applied) != 1 || r.Mails != 1 {
					t.Fatal(said(r))
				}
				for range 4 {
					o.round()
					o.at = o.at.Add(11 * time.Minute)
				}
				r := o.well()
				ids := o.made()
				if len(ids) != 1 || len(o.Mails()) != 1 || r.Statuses(nil)[0].PrepDoc != linkOf(ids[0]) ||
					o.event(r)["description"] != "Agenda: "+linkOf(ids[0]) {
					t.Fatalf("%d documents, %d mails, %v", len(ids), len(o.Mails()), o.event(r)["description"])
				}
				if got := o.rows(ids[0]); got != "owner mia@example.com, writer raj@example.com" ||
					strings.Count(o.Doc(ids[0]), "1 Dec 2026") != 1 {
					t.Error(got, o.Doc(ids[0]))
				}
				o.rests()
			})
		}
	}
}

// With the consent of each person, a manager is asked for Drive if their pairs get documents, and a report is not.
func TestDocumentConsent(t *testing.T) {
	o := newStudio(t)
	o.write("client.json", string(o.ClientJSON("desktop")))
	o.write("key", strings.Repeat("k", 44))
	o.write(
		"holdfast.yaml",
		strings.Replace(
			o.read("holdfast.yaml"),
			"service_account_file: key.json",
			"oauth_client_file: client.json, token_key_file: key",
			1,
		),
	)
	ask := func(want string) {
		t.Helper()
		o.start()
		var asked []string
		o.OnConsent(func(c googletest.ConsentAsked) googletest.Consent {
			asked = append(asked, fmt.Sprint(c.LoginHint, " ", slices.Contains(c.Scopes, prepdoc.AllScope)))
			return googletest.Consent{User: c.LoginHint}
		})
		d, err := o.Desired(o.at)
		o.must(err)
		for _, id := range []string{"mia", "raj", "lee"} {
			o.must(o.ConnectGoogle(t.Context(), d.People[id], func(address string) {
				go func() {
					if a, err := http.Get(address); err == nil {
						_ = a.Body.Close()
					}
				}()
			}, nil))
		}
		if fmt.Sprint(asked) != want {
			t.Error(asked)
		}
	}
	templates := o.read("roster.yaml")
	o.gives("https://wiki.example.com/mia-raj")
	ask("[mia@example.com false raj@example.com false lee@example.com false]")
	o.gives(linkOf("d1"))
	ask("[mia@example.com true raj@example.com false lee@example.com false]")
	o.write("roster.yaml", templates)
	ask("[mia@example.com true raj@example.com false lee@example.com false]")
	o.well()
	o.well()
	if got := o.rows(o.made()[0]); got != "owner mia@example.com, writer raj@example.com" {
		t.Error(got)
	}
	o.rests()
}

// A pair of which a calendar cannot be read is left alone, its document too, and its flags stay.
func TestDocumentStale(t *testing.T) {
	o := newStudio(t)
	o.well()
	o.Grant(o.made()[0], "anyone", "", "reader")
	o.at = o.at.AddDate(0, 0, 8)
	before := flagsOf(o.well())
	o.Grant(o.made()[0], "anyone", "", "")
	o.at = o.at.Add(2 * time.Hour)
	o.SetFaults(
		googletest.Faults{Every: map[string]googletest.Fault{"calendar.events.list": {Status: 403, Reason: "forbidden"}}},
	)
	o.Reset()
	if r := o.round(); before == "" || flagsOf(r) != before ||
		slices.ContainsFunc(o.Requests(), func(q googletest.Request) bool { return strings.HasPrefix(q.Method, "drive.") }) {
		t.Errorf("flags %q, before %q; asked %v", flagsOf(r), before, o.Requests())
	}
}

// A pair whose creation is held has no document.
func TestDocumentHeld(t *testing.T) {
	o := newStudio(t)
	o.write(
		"holdfast.yaml",
		strings.Replace(
			o.read("holdfast.yaml"),
			"calendars",
			"policy: {max_creations: {count: 0, percent: 0}}\ncalendars",
			1,
		),
	)
	o.start()
	if r := o.well(); len(r.Plan.Held) != 1 || len(o.made()) > 0 {
		t.Fatalf("held %v, %d documents", r.Plan.Held, len(o.made()))
	}
}

// The new manager gets a new document. The old one is shared with nobody else, and its text goes nowhere.
func TestDocumentOfNewManager(t *testing.T) {
	o := newStudio(t)
	o.well()
	old := o.made()[0]
	o.Type(old, secretWords)
	o.roster("lee", "{report: raj, slot: Tue 10:00}")
	o.round() // the roster has changed just now: it may be half-written
	if r := o.well(); len(r.Applied) != 2 {
		t.Fatal(said(r))
	}
	ids := slices.DeleteFunc(o.made(), func(id string) bool { return id == old })
	if len(ids) != 1 || strings.Contains(o.Doc(ids[0]), secretWords) {
		t.Fatal("not one new document: ", ids)
	}
	if got := o.rows(ids[0]); got != "owner lee@example.com, writer raj@example.com" {
		t.Error(got)
	}
	if got := o.rows(old); got != "owner mia@example.com, writer raj@example.com" {
		t.Error("the old one:", got)
	}
	o.well()
	o.rests()
}

// Whose id is another now keeps the document.
func TestDocumentRenamed(t *testing.T) {
	o := newStudio(t)
	o.well()
	id := o.made()[0]
	o.roster("mia", "{report: raja, slot: Tue 10:00}")
	o.write("roster.yaml", strings.Replace(o.read("roster.yaml"), "raj: {", "raja: {formerly: [raj], ", 1))
	for range 3 {
		o.well()
	}
	r := o.well()
	if s := r.Statuses(nil); len(o.made()) != 1 || s[0].PrepDoc != linkOf(id) || s[0].Pair.Report != "raja" {
		t.Errorf("%d documents, %+v", len(o.made()), s)
	}
	o.rests()
}

// Open actions are carried over, once for each meeting, and what people write is neither in the journal nor in the log.
func TestDocumentText(t *testing.T) {
	o := newStudio(t)
	o.well()
	o.well()
	id := o.made()[0]
	o.SetDoc(id, strings.Replace(o.Doc(id), "[ ] \n", "[ ] "+secretWords+"\n[x] Badge for Raj\n", 1))
	o.Grant(id, "anyone", "", "reader")
	o.at = o.at.AddDate(0, 0, 7)
	o.well()
	o.Grant(id, "anyone", "", "")
	for range 3 {
		o.at = o.at.Add(time.Hour)
		o.well()
	}
	text := o.Doc(id)
	if strings.Count(text, "8 Dec 2026") != 1 || strings.Count(text, secretWords) != 2 ||
		strings.Count(text, "Badge for Raj") != 1 {
		t.Error(text)
	}
	for _, name := range []string{"holdfast.db", "holdfast.db-wal"} {
		if strings.Contains(o.read(name), secretWords) || strings.Contains(o.read(name), "Badge for Raj") {
			t.Error(name, "has what people wrote")
		}
	}
	log := o.log.String()
	for _, never := range []string{secretWords, "Badge", id, "docs.google.com", "@example.com"} {
		if strings.Contains(log, never) {
			t.Errorf("the log has %q:\n%s", never, log)
		}
	}
	if !strings.Contains(log, `"step":"section"`) {
		t.Error("the log says nothing of the section")
	}
}
