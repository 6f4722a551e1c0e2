package daemon

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"holdfast/internal/plan"
	"holdfast/internal/prepdoc"
	"holdfast/internal/provider/google"
	"holdfast/internal/provider/google/googletest"
	"holdfast/internal/reconcile"
)

const robot = "holdfast@project.iam.gserviceaccount.com"

// studio is a Google with an admin's template, and the program for it on a clock that tests move.
type studio struct {
	*testing.T
	*googletest.Server
	*App
	at       time.Time
	dir      string
	template string
	log      strings.Builder // written by one at a time: lines come from several goroutines
}

// secretWords are what people write into their document.
const secretWords = "Raise for Raj"

func newStudio(t *testing.T) *studio {
	t.Helper()
	o := &studio{T: t, at: time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC), dir: t.TempDir()}
	o.Server = googletest.New(googletest.Options{Clock: o.now, Users: []googletest.User{
		{Email: "mia@example.com", Name: "Mia", Zone: "Europe/Berlin"}, {Email: "raj@example.com", Name: "Raj", Zone: "Asia/Kolkata"},
		{Email: "lee@example.com", Name: "Lee", Zone: "Europe/Berlin"}, {Email: "admin@example.com", Name: "Admin"},
	}, Clients: []googletest.OAuthClient{{ID: "desktop", Secret: "s"}}, Delegation: []googletest.ServiceAccount{{Email: robot, Scopes: []string{google.Scope, prepdoc.AllScope}}}})
	srv := httptest.NewServer(googletest.Strict(t, o.Server))
	t.Cleanup(srv.Close)
	o.SetBase(srv.URL)
	folder := o.AddFile(googletest.NewFile{Owner: "admin@example.com", Name: "Templates", MIME: googletest.FolderMIME})
	o.Grant(folder, "domain", "example.com", "reader")
	o.template = o.AddFile(googletest.NewFile{Owner: "admin@example.com", Name: "1:1", Text: "= Our 1:1\n", Parent: folder})
	o.write("key.json", string(o.ServiceAccountJSON(robot)))
	o.write("holdfast.yaml", fmt.Sprintf("org: acme\nroster: [roster.yaml]\ncalendars: {office: {google: {service_account_file: key.json, drive_scope: drive, endpoint: %s}}}\n", srv.URL))
	o.roster("mia", "{report: raj, slot: Tue 10:00}")
	o.start()
	return o
}

func (o *studio) now() time.Time { return o.at }

func (o *studio) must(err error) {
	o.Helper()
	if err != nil {
		o.Fatal(err)
	}
}

func (o *studio) write(name, text string) {
	o.Helper()
	o.must(os.WriteFile(filepath.Join(o.dir, name), []byte(text), 0o600))
}

func (o *studio) read(name string) string {
	o.Helper()
	b, err := os.ReadFile(filepath.Join(o.dir, name))
	o.must(err)
	return string(b)
}

// roster makes the manager meet those reports, with documents made from the template.
func (o *studio) roster(manager string, reports ...string) {
	o.Helper()
	o.write("roster.yaml", fmt.Sprintf(`defaults: {prep_doc: {template: %s, section: standard}}
people:
  mia: {name: Mia, email: mia@example.com, calendar: office, zone: Europe/Berlin}
  raj: {name: Raj, email: raj@example.com, calendar: office, zone: Asia/Kolkata}
  lee: {name: Lee, email: lee@example.com, calendar: office, zone: Europe/Berlin}
one_on_ones:
  - {manager: %s, reports: [%s]}
`, o.template, manager, strings.Join(reports, ", ")))
}

// start starts the program, anew if it runs.
func (o *studio) start() {
	o.Helper()
	a, err := Open(o.Context(), Options{Config: filepath.Join(o.dir, "holdfast.yaml"), Clock: o.now, Log: zerolog.New(zerolog.SyncWriter(&o.log))})
	o.must(err)
	o.App = a
	o.Cleanup(func() { _ = a.Close() }) // some tests have closed it by then
}

// round makes a round, some seconds after the last.
func (o *studio) round(asks ...plan.Ask) reconcile.Round {
	o.Helper()
	o.at = o.at.Add(5 * time.Second)
	r, err := o.Reconciler.Once(o.Context(), asks...)
	o.must(err)
	return r
}

// well is a round in which nothing fails.
func (o *studio) well() reconcile.Round {
	o.Helper()
	r := o.round()
	if len(r.Failures) > 0 {
		o.Fatal(r.Failures[0].Err, r.Failures[0].Hint)
	}
	return r
}

// rests says that further rounds write nothing at all.
func (o *studio) rests() {
	o.Helper()
	o.Reset()
	if r := o.well(); len(r.Applied) > 0 || len(o.wrote()) > 0 || len(o.Mails()) > 0 {
		o.Fatalf("a further round: %v, writes %v, %d mails", said(r), o.wrote(), len(o.Mails()))
	}
}

// wrote are the methods called that change something.
func (o *studio) wrote() []string {
	var out []string
	for _, r := range o.Requests() {
		if m := r.Method; !strings.HasSuffix(m, ".get") && !strings.HasSuffix(m, ".list") {
			out = append(out, m)
		}
	}
	return out
}

func said(r reconcile.Round) string {
	var out []string
	for _, c := range r.Applied {
		out = append(out, fmt.Sprintf("%s %s %d mails %q", c.Pair, c.Action, c.Mails, c.Why))
	}
	return strings.Join(out, "\n")
}

func flagsOf(r reconcile.Round) string {
	var out []string
	for _, f := range r.Open {
		out = append(out, f.Pair.String()+" "+f.Words())
	}
	return strings.Join(out, "\n")
}

// made are the documents beside the template.
func (o *studio) made() []string {
	var out []string
	for _, id := range o.Files() {
		if id != o.template && o.ask("/drive/v3/files/" + id + "?fields=mimeType")["mimeType"] == googletest.DocMIME {
			out = append(out, id)
		}
	}
	return out
}

// ask reads something as whoever may, by any app.
func (o *studio) ask(path string) map[string]any {
	o.Helper()
	for _, who := range []string{"mia@example.com", "lee@example.com", "admin@example.com"} {
		r, err := http.NewRequestWithContext(o.Context(), http.MethodGet, o.Base()+path, nil)
		o.must(err)
		r.Header.Set("Authorization", "Bearer "+o.Token(who, "any", "drive", "calendar"))
		a, err := http.DefaultClient.Do(r)
		o.must(err)
		var out map[string]any
		err = json.NewDecoder(a.Body).Decode(&out)
		o.must(cmp.Or(err, a.Body.Close()))
		if a.StatusCode == http.StatusOK {
			return out
		}
	}
	return nil
}

// rows are who may do what with a document.
func (o *studio) rows(id string) string {
	o.Helper()
	var out []string
	for _, p := range o.ask("/drive/v3/files/" + id + "/permissions?fields=*")["permissions"].([]any) {
		p := p.(map[string]any)
		out = append(out, fmt.Sprint(p["role"], " ", p["emailAddress"]))
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

func linkOf(id string) string { return "https://docs.google.com/document/d/" + id + "/edit" }

// event is the manager's series as Google has it.
func (o *studio) event(r reconcile.Round) map[string]any {
	o.Helper()
	return o.ask("/calendar/v3/calendars/primary/events/" + r.Views[len(r.Views)-1].Head().ID)
}
