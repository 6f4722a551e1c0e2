package api_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"holdfast/internal/access"
	"holdfast/internal/act"
	"holdfast/internal/api"
	"holdfast/internal/plan"
	"holdfast/internal/provider"
	"holdfast/internal/provider/memory"
	"holdfast/internal/reconcile"
	"holdfast/internal/see"
	"holdfast/internal/series"
	"holdfast/internal/store"
)

// TestOffice: on a real journal, with calendars in memory, a meeting is cancelled, and its report books it anew by the
// API. Nobody gets what is not theirs.
func TestOffice(t *testing.T) {
	w := newWorld(t) // for its description and requests
	at := time.Date(2026, time.November, 30, 9, 0, 0, 0, time.UTC)
	clock := func() time.Time { return at }
	cals := memory.New(memory.Options{Schedules: true, Clock: clock})
	people := map[string]series.Person{}
	for _, id := range []string{"mia", "raj", "ana", "zoe"} {
		people[id] = series.Person{
			ID:       id,
			Name:     strings.ToUpper(id[:1]) + id[1:],
			Email:    id + "@example.com",
			Calendar: "office",
			Zone:     "Europe/Berlin",
		}
		cals.Join(people[id])
	}
	var want []series.Series
	for i, p := range []series.Pair{raj, ana, {Manager: "zoe", Report: "mia"}} {
		s := slot
		s.Weekday += time.Weekday(i)
		want = append(want, series.Series{
			Org:     "acme",
			Pair:    p,
			Manager: people[p.Manager],
			Report:  people[p.Report],
			Slot:    s,
			Line:    s.Line(),
			Title:   "1:1 " + p.String(),
			Link:    "https://docs.example.com/" + p.Report,
		})
	}
	journal, err := store.Open(context.Background(), "sqlite::memory:", clock, store.Options{})
	w.must(err)
	t.Cleanup(func() { _ = journal.Close() })
	rounds := reconcile.New(reconcile.Options{
		Org: "acme",
		Roster: func(time.Time) (reconcile.Desired, error) {
			return reconcile.Desired{Series: want, People: people, Sources: "roster"}, nil
		},
		Sources: func(string) string { return "roster" },
		Open:    func(p series.Person) (provider.Calendar, error) { return cals.Calendar(p.ID), nil },
		Journal: journal,
		Policy:  plan.DefaultPolicy(),
		Clock:   clock,
		Log:     zerolog.Nop(),
	})
	round := func() {
		t.Helper()
		at = at.Add(time.Minute)
		r, err := rounds.Once(context.Background())
		w.must(err)
		w.hub.Publish(raj, ana)
		if len(r.Failures) > 0 {
			t.Fatal(r.Failures)
		}
	}
	person := func(id string) (series.Person, bool) { p, ok := people[id]; return p, ok }
	mux := http.NewServeMux()
	api.Mount(mux, api.Options{
		See: see.New(see.Options{
			Journal: journal,
			Person:  person,
			People:  func() []string { return []string{"ana", "mia", "raj", "zoe"} },
			Clock:   clock,
		}),
		Acts:   act.Acts{Rounds: rounds, Journal: journal, Clock: clock},
		Tokens: journal,
		Person: person,
		Hub:    &w.hub,
		Clock:  clock,
		Log:    zerolog.New(&w.log),
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	w.server = server
	tokens := map[string]string{}
	for name, role := range map[string]access.Role{
		"mia": access.Self, "raj": access.Self, "ana": access.Self, "zoe": access.Self, "": access.Operate,
	} {
		token, secret, digest := access.NewToken("x", role, name, at, time.Time{})
		w.must(journal.AddToken(context.Background(), token, digest))
		tokens[name] = secret
	}
	round()
	hands := cals.Hands("mia")
	busy := series.Busy{Start: at.Add(time.Hour), Duration: time.Hour, Zone: "UTC", Kind: series.Hard}
	_, err = hands.AddBusy(busy, "Secret plan")
	w.must(err)
	w.must(hands.Cancel(hands.Find(raj)[0], slot.On(tuesday)))
	round()

	// What each of them gets of mia/raj: what only its two may know stands where it is cancelled, or in its document.
	paths := []string{"/pairs", "/pairs/mia/raj", "/flags", "/flags?pair=mia/raj", "/history", "/history?pair=mia/raj",
		"/plan", "/people/mia", "/people/raj"}
	for name, token := range tokens {
		for _, path := range paths {
			r, body := w.fetch("GET", path, token, "")
			w.valid("GET", path, r, body)
			own := slices.Contains([]string{"mia", "raj"}, name)
			for _, private := range []string{"docs.example.com/raj", "cancelled", "Secret"} {
				if strings.Contains(body, private) && (!own || private == "Secret") {
					t.Errorf("%q gets %q at %s: %s", name, private, path, body)
				}
			}
			if want := 404; !own && name != "" && strings.Contains(path, "mia/raj") && r.StatusCode != want {
				t.Errorf("%q: %s is %d", name, path, r.StatusCode)
			}
		}
	}
	if _, body := w.fetch("GET", "/pairs/mia/raj", tokens[""], ""); body != `{"pair":"mia/raj","state":"flagged"}`+"\n" {
		t.Errorf("operation sees %s", body)
	}

	var flags []struct {
		ID, Digest, Kind string
		Makeups          []string
	}
	open := func() {
		t.Helper()
		flags = nil
		_, body := w.fetch("GET", "/flags", tokens["raj"], "")
		w.decode(body, &flags)
	}
	open()
	if len(flags) != 1 || flags[0].Kind != "cancelled" || len(flags[0].Makeups) == 0 {
		t.Fatalf("Raj sees %+v", flags)
	}
	r, body := w.fetch("POST", "/flags/"+flags[0].ID+"/ack", tokens["mia"], "")
	w.valid("POST", "/flags/"+flags[0].ID+"/ack", r, body)
	ask := func(digest, to string) string {
		return fmt.Sprintf(`{"occurrence":"%s","to":"%s","shown":{"flag":"%s","digest":"%s"}}`, tuesday, to, flags[0].ID,
			digest)
	}
	for _, x := range []struct {
		who, body string
		status    int
		has       string
	}{
		{"raj", ask(flags[0].Digest, "2026-12-09T10:07:00+01:00"), 403, "proposed times"},
		{"raj", ask("another", flags[0].Makeups[0]), 409, `"digest":"` + flags[0].Digest + `"`},
		{"raj", ask(flags[0].Digest, flags[0].Makeups[0]), 200, `"came":"done"`},
		{"mia", ask(flags[0].Digest, flags[0].Makeups[0]), 409, "It has changed"},
	} {
		r, body := w.fetch("POST", "/pairs/mia/raj/rebook", tokens[x.who], x.body)
		w.valid("POST", "/pairs/mia/raj/rebook", r, body)
		if r.StatusCode != x.status || !strings.Contains(body, x.has) {
			t.Errorf("%s: %d %s", x.body, r.StatusCode, body)
		}
		if at = at.Add(time.Minute); x.status == 200 {
			round()
		}
	}
	if open(); len(flags) > 0 {
		t.Errorf("still open: %v", flags)
	}
	deeds, err := journal.Deeds(context.Background(), "mia/raj", time.Time{})
	w.must(err)
	if len(deeds) != 2 || deeds[1].Who != "raj" || deeds[1].From != act.API || deeds[1].Kind != act.Rebook {
		t.Errorf("the record has %+v", deeds)
	}
	if w.log.Len() > 0 {
		t.Errorf("logged: %s", &w.log)
	}
}
