package daemon

import (
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"holdfast/internal/clock"
	"holdfast/internal/provider/google"
	"holdfast/internal/provider/google/googletest"
	"holdfast/internal/reconcile"
	"holdfast/internal/settings"
)

// workspace is a Google with mia, raj and lee, and the program for a service account that may act for them; more goes into its
// settings.
func workspace(t *testing.T, more ...string) (*googletest.Server, *App) {
	s := googletest.New(googletest.Options{Clock: clock.System, Users: []googletest.User{
		{Email: "mia@example.com", Name: "Mia", Zone: "Europe/Berlin"}, {Email: "raj@example.com", Name: "Raj", Zone: "Asia/Kolkata"},
		{Email: "lee@example.com", Name: "Lee", Zone: "Europe/Berlin"},
	}, Delegation: []googletest.ServiceAccount{{Email: "holdfast@project.iam.gserviceaccount.com", Scopes: []string{google.Scope}}}})
	server := httptest.NewServer(googletest.Strict(t, s))
	t.Cleanup(server.Close)
	s.SetBase(server.URL)
	dir := t.TempDir()
	for name, text := range map[string]string{
		"key.json":      string(s.ServiceAccountJSON("holdfast@project.iam.gserviceaccount.com")),
		"holdfast.yaml": fmt.Sprintf("org: acme\nroster: [roster.yaml]\ncalendars: {office: {google: {service_account_file: key.json, endpoint: %s}}}\n%s", server.URL, strings.Join(more, "\n")),
		"roster.yaml": `defaults: {prep_doc: "https://docs.example.com/{manager.id}-{report.id}"}
people:
  mia: {name: Mia, email: mia@example.com, calendar: office, zone: Europe/Berlin}
  raj: {name: Raj, email: raj@example.com, calendar: office, zone: Asia/Kolkata}
  lee: {name: Lee, email: lee@example.com, calendar: office, zone: Europe/Berlin}
one_on_ones:
  - {manager: mia, reports: [{report: raj, slot: Tue 10:00, place: Room Alder}, {report: lee, slot: Wed 10:00}]}
`} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	a, err := Open(t.Context(), Options{Config: filepath.Join(dir, "holdfast.yaml"), Clock: clock.System, Log: zerolog.New(zerolog.NewTestWriter(t)).Level(zerolog.WarnLevel)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, a
}

// The main job on Google: book, notice what people do, and then leave everything alone.
func TestGoogle(t *testing.T) {
	s, a := workspace(t)
	once := func() reconcile.Round {
		t.Helper()
		r, err := a.Reconciler.Once(t.Context())
		if err != nil || len(r.Failures) > 0 {
			t.Fatal(err, r.Failures)
		}
		return r
	}
	quiet := func() {
		t.Helper()
		s.Reset()
		if r := once(); len(r.Applied) > 0 || len(s.Writes()) > 0 || len(s.Mails()) > 0 {
			t.Fatalf("a further round: %d changes, %d writes, %d mails", len(r.Applied), len(s.Writes()), len(s.Mails()))
		}
	}
	r := once()
	if len(r.Applied) != 2 || r.Mails != 2 || len(s.Mails()) != 2 {
		t.Fatalf("booked %d, %d mails told, %d sent; want 2 of each", len(r.Applied), r.Mails, len(s.Mails()))
	}
	quiet()
	var flags []string
	for _, v := range r.Views {
		h := v.Head()
		if v.Pair.Report == "raj" {
			day := h.First().AddDays(14)
			if err := s.Hands("mia@example.com").Move(h.ID, h.Mark.Slot.On(day), h.Mark.Slot.On(day).Add(48*time.Hour)); err != nil {
				t.Fatal(err)
			}
		} else if err := s.Hands("lee@example.com").Decline(h.ID, h.Mark.Slot.On(h.First().AddDays(14))); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range once().Edges.Opened {
		flags = append(flags, f.Pair.Report+" "+string(f.Kind)+" by "+string(f.By))
	}
	if fmt.Sprint(flags) != "[lee declined by report raj moved by unknown]" {
		t.Fatalf("flags: %v", flags)
	}
	quiet()
	found, err := a.Examine(t.Context(), r.Views[0].Want.Manager)
	if err != nil || len(found) == 0 {
		t.Fatal(found, err)
	}
	for _, f := range found {
		if !f.OK {
			t.Errorf("doctor: %+v", f)
		}
	}
}

// Calendars of the settings with credentials of one project share its quota; those of another endpoint do not.
func TestOneProjectOneBudget(t *testing.T) {
	_, a := workspace(t)
	g := a.Settings.Calendars["office"].Config.(settings.Google)
	open := func(name, endpoint string) *google.Project {
		t.Helper()
		g.Name, g.Endpoint = name, endpoint
		who, err := a.google(g)
		if err != nil {
			t.Fatal(err)
		}
		return who.project
	}
	office := open("office", g.Endpoint)
	if open("branch", g.Endpoint) != office {
		t.Error("two calendars of one project have budgets of their own")
	}
	if open("elsewhere", "https://google.example.com") == office {
		t.Error("another Google counts on the same budget")
	}
}
