package daemon

import (
	"regexp"
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

// gives makes the roster give the link to everybody's document.
func (o *studio) gives(link string) {
	o.Helper()
	o.write("roster.yaml", regexp.MustCompile("(?m)^defaults: .*$").ReplaceAllString(o.read("roster.yaml"), "defaults: {prep_doc: "+link+"}"))
}

// ours is a document that the manager made for the two.
func (o *studio) ours() string {
	id := o.AddFile(googletest.NewFile{Owner: "mia@example.com", Name: "Ours", Text: secretWords})
	o.Grant(id, "user", "raj@example.com", "writer")
	return id
}

// onFiles are the methods of Drive and Docs that were called.
func (o *studio) onFiles() []string {
	var out []string
	for _, r := range o.Requests() {
		if !strings.HasPrefix(r.Method, "calendar.") {
			out = append(out, r.Method)
		}
	}
	return out
}

// A document that the roster links to is looked at every week like one that was made, and nothing is ever done to it,
// nor another one made in its place.
func TestDocumentGiven(t *testing.T) {
	o := newStudio(t)
	id := o.ours()
	o.gives(linkOf(id))
	o.start()
	o.Reset()
	if r := o.well(); len(r.Applied) != 1 || o.event(r)["description"] != "Agenda: "+linkOf(id) || flagsOf(r) != "" {
		t.Fatalf("%s\nflags %q", said(r), flagsOf(r))
	}
	var writes []string
	see := func(want string, asks ...plan.Ask) {
		t.Helper()
		o.at = o.at.AddDate(0, 0, 8)
		o.Reset()
		r := o.well()
		if len(asks) > 0 {
			r = o.round(asks...)
		}
		if got := flagsOf(r); got != want || len(r.Applied) > 0 || len(r.Sections) > 0 {
			t.Errorf("flags %q, want %q; %s, sections %v", got, want, said(r), r.Sections)
		}
		if !slices.Contains(o.onFiles(), "drive.files.get") {
			t.Error("not looked at")
		}
		writes = append(writes, o.wrote()...)
	}
	see("")
	o.Grant(id, "anyone", "", "reader")
	see("mia/raj doc-overshared: anyone with the link can see it")
	o.Grant(id, "anyone", "", "")
	o.Grant(id, "user", "lee@example.com", "reader")
	see("mia/raj doc-overshared: one other person can see it")
	o.Grant(id, "user", "lee@example.com", "")
	o.Grant(id, "user", "raj@example.com", "commenter")
	see("mia/raj doc-unreadable: the report cannot edit it")
	o.Grant(id, "user", "raj@example.com", "writer")
	see("")
	o.Trash(id, true)
	restore := plan.Ask{Pair: series.Pair{Manager: "mia", Report: "raj"}}
	see("mia/raj doc-missing: it is in the trash", restore)
	o.DeleteFile(id)
	see("mia/raj doc-missing: it is gone, or the manager may not see it any more", restore)
	if ids := o.made(); len(ids) > 0 || len(writes) > 0 {
		t.Errorf("documents %v, writes %v", ids, writes)
	}
	o.rests()
}

// A link that leads nowhere, or to what the manager may not see, is told from the second look on.
func TestDocumentGivenNowhere(t *testing.T) {
	o := newStudio(t)
	o.gives(linkOf(o.AddFile(googletest.NewFile{Owner: "admin@example.com", Name: "Theirs"})))
	o.start()
	o.well()
	if got := flagsOf(o.well()); got != "mia/raj doc-missing: it is not there, or the manager may not see it" {
		t.Errorf("flags %q", got)
	}
	o.rests()
}

// Nothing is asked of Drive for a given link where the settings do not let Holdfast see the manager's files, or where
// it does not lead there.
func TestDocumentGivenUnseen(t *testing.T) {
	for name, change := range map[string]func(*studio){
		"no drive_scope": func(o *studio) {
			o.gives(linkOf(o.ours()))
			o.write("holdfast.yaml", strings.Replace(o.read("holdfast.yaml"), "drive_scope: drive, ", "", 1))
		},
		"elsewhere": func(o *studio) { o.gives("https://wiki.example.com/mia-raj") },
	} {
		t.Run(name, func(t *testing.T) {
			o := newStudio(t)
			o.SetDelegation(robot, google.Scope)
			change(o)
			o.start()
			o.Reset()
			o.well()
			o.at = o.at.AddDate(0, 0, 8)
			if r := o.well(); len(r.Outages) > 0 || flagsOf(r) != "" {
				t.Errorf("%v, flags %q", r.Outages, flagsOf(r))
			}
			if found := o.examined("mia"); found != "" || len(o.onFiles()) > 0 {
				t.Errorf("doctor says %q; asked %v", found, o.onFiles())
			}
		})
	}
}

// examined is what doctor says of a person's documents.
func (o *studio) examined(id string) string {
	o.Helper()
	d, err := o.Desired(o.at)
	o.must(err)
	all, err := o.Examine(o.Context(), d.People[id])
	o.must(err)
	var out []string
	for _, f := range all {
		if f.Check == "document" {
			out = append(out, f.Text+f.Hint)
		}
	}
	return strings.Join(out, "\n")
}

// What keeps Holdfast from looking at a given document is told by doctor and by the round, which keeps the calendar all
// the same.
func TestDocumentGivenScope(t *testing.T) {
	o := newStudio(t)
	o.SetDelegation(robot, google.Scope)
	o.gives(linkOf(o.ours()))
	o.start()
	if found := o.examined("mia"); !strings.Contains(found, google.Scope+","+prepdoc.AllScope) {
		t.Error(found)
	}
	if r := o.round(); len(r.Applied) != 1 || len(r.Failures) != 1 || len(r.Alarms) != 1 {
		t.Fatalf("%s\n%v, alarms %v", said(r), r.Failures, r.Alarms)
	}
	o.SetDelegation(robot, google.Scope, prepdoc.AllScope)
	if found := o.examined("mia"); found != "given documents can be looked at" || o.examined("raj") != "" {
		t.Error(found)
	}
	o.at = o.at.AddDate(0, 0, 1)
	if r := o.well(); len(r.Outages) > 0 || len(r.Applied) > 0 {
		t.Errorf("%v, %s", r.Outages, said(r))
	}
}

// From a template to a given link and back: the series follows the roster, the document that was made is found again,
// and nothing is made or written to unasked.
func TestDocumentGivenAndBack(t *testing.T) {
	o := newStudio(t)
	o.well()
	o.well()
	templates, made, id := o.read("roster.yaml"), o.made()[0], o.ours()
	o.Reset()
	turn := func(to string) {
		t.Helper()
		var last reconcile.Round
		sections := 0
		o.at = o.at.AddDate(0, 0, 1)
		for range 4 {
			last = o.well()
			sections += len(last.Sections)
		}
		if got := o.event(last)["description"]; got != "Agenda: "+linkOf(to) ||
			last.Statuses(nil)[0].PrepDoc != linkOf(to) || flagsOf(last) != "" || sections > 0 {
			t.Errorf("%v, flags %q, %d sections", got, flagsOf(last), sections)
		}
	}
	o.gives(linkOf(id))
	turn(id)
	o.write("roster.yaml", templates)
	o.SetFaults(googletest.Faults{Every: map[string]googletest.Fault{"drive.files.get": {Status: 500}}})
	o.at = o.at.Add(time.Hour)
	for range 2 {
		if r := o.round(); len(r.Sections) > 0 || len(r.Applied) > 0 {
			t.Errorf("%s, sections %v", said(r), r.Sections)
		}
	}
	o.SetFaults(googletest.Faults{})
	turn(made)
	o.SetFaults(googletest.Faults{Every: map[string]googletest.Fault{"drive.files.get": {Status: 500}}})
	o.at = o.at.AddDate(0, 0, 8)
	if r := o.round(); len(r.Failures) != 1 {
		t.Fatal("no look failed")
	}
	o.SetFaults(googletest.Faults{})
	o.gives(linkOf(id))
	o.round()
	// Drive is left alone for a while, and what is known is the document that was made.
	if r := o.round(); o.event(r)["description"] != "Agenda: "+linkOf(id) {
		t.Error("a kept link is written back:", o.event(r)["description"])
	}
	turn(id)
	for _, m := range o.onFiles() {
		if !slices.Contains([]string{"drive.files.get", "drive.files.list", "drive.permissions.list", "docs.documents.get"}, m) {
			t.Errorf("%s was called", m)
		}
	}
	if len(o.made()) != 2 || strings.Contains(o.log.String(), secretWords) {
		t.Errorf("documents %v", o.made())
	}
}
