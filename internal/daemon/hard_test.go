package daemon

import (
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"holdfast/internal/provider"
	"holdfast/internal/provider/google"
	"holdfast/internal/provider/google/googletest"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
)

// hard is a Google on which things go wrong, and a daemon for mia and her reports.
type hard struct {
	folder
	*googletest.Server
	app *App
	at  time.Time
	off time.Duration // how far the daemon's clock is from Google's
}

const (
	hardRoster = `defaults: {prep_doc: "https://docs.example.com/{manager.id}-{report.id}", place: %s}
people:
  mia: {name: Mia, email: mia@example.com, calendar: office, zone: Europe/Berlin}
%s  raj: {name: Raj, email: raj@example.com, calendar: office, zone: Europe/Berlin}
one_on_ones:
  - {manager: mia, reports: [%s{report: raj, slot: Tue 10:00}]}
`
	lees = "  lee: {name: Lee, email: lee@example.com, calendar: office, zone: Europe/Berlin}\n"
)

func hardDay(t *testing.T, change ...func(*googletest.Options)) *hard {
	const account = "holdfast@project.iam.gserviceaccount.com"
	h := &hard{folder: folder{t, t.TempDir()}, at: time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)}
	o := googletest.Options{Clock: func() time.Time { return h.at }, Users: []googletest.User{
		{Email: "mia@example.com", Zone: "Europe/Berlin"}, {Email: "raj@example.com", Zone: "Europe/Berlin"}, {Email: "lee@example.com", Zone: "Europe/Berlin"},
		{Email: "alder@resource.example.com", Room: true}},
		Delegation: []googletest.ServiceAccount{{Email: account, Scopes: []string{google.Scope}}}}
	for _, f := range change {
		f(&o)
	}
	h.Server = googletest.New(o)
	h.SetBase("http://google.test")
	h.write("key.json", string(h.ServiceAccountJSON(account)))
	h.write("holdfast.yaml", `org: acme
roster: [roster.yaml]
calendars:
  office:
    google:
      service_account_file: key.json
      rooms: {Room Alder: alder@resource.example.com}
      endpoint: http://google.test
`)
	h.roster("Room Alder", false)
	var err error
	h.app, err = Open(t.Context(), Options{Config: filepath.Join(h.dir, "holdfast.yaml"), Clock: func() time.Time { return h.at.Add(h.off) }, Log: zerolog.Nop()})
	h.must(err)
	t.Cleanup(func() { h.must(h.app.Close()) })
	h.app.http = &http.Client{Transport: handled{googletest.Strict(t, h.Server)}}
	return h
}

// roster writes where all meet, and whether lee is one of mia's reports.
func (h *hard) roster(place string, lee bool) {
	h.Helper()
	people, reports := "", ""
	if lee {
		people, reports = lees, "{report: lee, slot: Wed 10:00}, "
	}
	h.write("roster.yaml", fmt.Sprintf(hardRoster, place, people, reports))
}

// round is the next one, twenty minutes later: longer than the daemon ever keeps away from what failed.
func (h *hard) round() reconcile.Round {
	h.Helper()
	h.at = h.at.Add(20 * time.Minute)
	r, err := h.app.Reconciler.Once(h.Context())
	h.must(err)
	return r
}

// settled makes rounds until nothing is left to do, and sees that there are no two series for a pair.
func (h *hard) settled(pairs int) []*series.View {
	h.Helper()
	for range 8 {
		n := len(h.Writes())
		r := h.round()
		if len(r.Failures) == 0 && len(r.Applied) == 0 && len(h.Writes()) == n && len(r.Views) == pairs && len(r.Plan.Held) == 0 {
			if all := h.Hands("mia@example.com").Series(); len(all) != pairs {
				h.Errorf("%d series for %d pairs", len(all), pairs)
			}
			return r.Views
		}
	}
	h.Fatal("there is still something to do after eight rounds")
	return nil
}

// mailed counts the mails to a person that Holdfast's writes caused.
func (h *hard) mailed(to string) int {
	n := 0
	for _, m := range h.Mails() {
		if slices.Contains(m.To, to) {
			n++
		}
	}
	return n
}

// Whatever goes wrong with whichever request of a round that changes one series and books another: in the end all is
// done, there are never two series, no edit of a person's is lost, and nobody gets two mails about one thing.
func TestHardDaysOfARound(t *testing.T) {
	for name, fault := range map[string]googletest.Fault{
		"500":                   {Status: http.StatusInternalServerError},
		"503 after commit":      {Status: http.StatusServiceUnavailable, After: true},
		"dropped after commit":  {DropAfterCommit: true},
		"truncated":             {TruncateJSON: true},
		"a page of a proxy":     {HTML: true},
		"403 of the user":       {Status: http.StatusForbidden, Reason: "userRateLimitExceeded"},
		"429":                   {Status: http.StatusTooManyRequests, Reason: "rateLimitExceeded", RetryAfter: 30},
		"a list that is empty":  {EmptyList: true},
		"gone for a moment":     {Status: http.StatusNotFound, Reason: "notFound"},
		"the token is too old":  {Status: http.StatusGone, Reason: "fullSyncRequired"},
		"somebody was faster":   {Status: http.StatusPreconditionFailed, Reason: "conditionNotMet"},
		"the id is there, once": {Status: http.StatusConflict, Reason: "duplicate"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { hardDaysOfARound(t, fault) })
		})
	}
}

func hardDaysOfARound(t *testing.T, fault googletest.Fault) {
	hit := 0
	for n := 0; n < 14; n += every(9) {
		h := hardDay(t)
		v := h.settled(1)[0]
		e, mia := v.Head(), h.Hands("mia@example.com")
		h.must(mia.Move(e.ID, e.Start.AddDate(0, 0, 14), e.Start.AddDate(0, 0, 16)))
		h.must(mia.Note(e.ID, "bring the numbers"))
		h.must(h.Hands("raj@example.com").Accept(e.ID, time.Time{}))
		h.settled(1)
		h.Reset()
		h.roster("Room Birch", true)
		h.round() // a roster is obeyed when it was seen twice
		came := make(chan struct{})
		fault.Arrived = came
		h.FailNth("", n+1, fault)
		h.round()
		h.SetFaults(googletest.Faults{})
		select {
		case <-came:
			hit++
		default: // there were not so many, or it was a token's turn
		}
		if fault.EmptyList {
			h.settled(2)
			h.at = h.at.Add(31 * time.Hour) // an empty list of changes is believed until everything is read again, once a day
		}
		for _, v := range h.settled(2) {
			e := v.Head()
			if e.Place != "Room Birch" || len(v.Chain) != 1 || len(v.Copies) != 1 || v.Copies[0].Place != e.Place {
				t.Errorf("request %d: %s is at %q, %d series", n, v.Pair, e.Place, len(v.Chain))
			}
			if v.Pair.Report == "raj" {
				i := slices.IndexFunc(e.Overrides, func(o series.Override) bool { return !o.Start.Equal(o.Original) })
				if i < 0 || !e.Overrides[i].Start.Equal(e.Start.AddDate(0, 0, 16)) ||
					e.Overrides[i].Place != "Room Birch" || e.Guests[0].Answer != series.Accepted {
					t.Errorf("request %d: what people did is lost: %+v, answer %s", n, e.Overrides, e.Guests[0].Answer)
				}
				if ok, err := mia.Noted(e.ID, "bring the numbers"); err != nil || !ok {
					t.Errorf("request %d: a person's note is lost", n)
				}
			}
		}
		if a, b := h.mailed("raj@example.com"), h.mailed("lee@example.com"); a != 1 || b != 1 {
			t.Errorf("request %d: %d mails about the new place, %d about the new series", n, a, b)
		}
	}
	if hit < 7/every(9) {
		t.Errorf("only %d requests went wrong", hit)
	}
}

// A quota that is used up in mid-plan stops the rest of it; what is left follows when there is some again, and nothing
// twice.
func TestQuotaStormInMidPlan(t *testing.T) { synctest.Test(t, quotaStormInMidPlan) }

func quotaStormInMidPlan(t *testing.T) {
	h := hardDay(t, func(o *googletest.Options) {
		o.Quota = googletest.Quota{PerUser: 7}
		for i := range 12 {
			o.Users = append(o.Users, googletest.User{Email: fmt.Sprintf("r%d@example.com", i)})
		}
	})
	var people, reports strings.Builder
	for i := range 12 {
		fmt.Fprintf(&people, "  r%[1]d: {name: R%[1]d, email: r%[1]d@example.com, calendar: office, zone: Europe/Berlin}\n", i)
		fmt.Fprintf(&reports, "{report: r%d, slot: Wed %02d:%02d, duration: 30m}, ", i, 8+i/2, 30*(i%2))
	}
	h.write("roster.yaml", fmt.Sprintf(hardRoster, "Lobby", people.String(), reports.String()))
	storms := 0
	for range 12 {
		r := h.round()
		for _, f := range r.Failures {
			if kind := provider.KindOf(f.Err); kind != provider.Transient {
				t.Fatalf("%v of kind %d", f.Err, kind)
			}
			storms++
		}
	}
	h.settled(13)
	if storms == 0 || len(h.Mails()) != 13 {
		t.Errorf("%d requests refused, %d invitations", storms, len(h.Mails()))
	}
}

// A clock that is two minutes off, ahead or behind, changes nothing.
func TestClockTwoMinutesOff(t *testing.T) {
	for _, off := range []time.Duration{2 * time.Minute, -2 * time.Minute} {
		h := hardDay(t)
		h.off = off
		e := h.settled(1)[0].Head()
		h.must(h.Hands("mia@example.com").Move(e.ID, e.Start, e.Start.Add(time.Hour)))
		r := h.round()
		if len(r.Failures) > 0 || len(r.Edges.Opened) != 1 || r.Edges.Opened[0].Kind != "moved" {
			t.Errorf("%v: %v, flags %v", off, r.Failures, r.Edges.Opened)
		}
		h.settled(1)
	}
}

// A room that does not take one meeting is a flag, and one that takes none is one for all.
func TestRoomSaysNo(t *testing.T) {
	h := hardDay(t)
	e := h.settled(1)[0].Head()
	if got := fmt.Sprint(e.Rooms); got != "[{alder@resource.example.com ACCEPTED}]" {
		t.Errorf("rooms %s", got)
	}
	h.must(h.Hands("alder@resource.example.com").Decline(e.ID, e.Start.AddDate(0, 0, 7)))
	r := h.round()
	if got := flagWords(r); got != "room-declined "+e.First().AddDays(7).String() {
		t.Errorf("flags %q", got)
	}
	h.must(h.Hands("alder@resource.example.com").Decline(e.ID, time.Time{}))
	if got := flagWords(h.round()); got != "room-declined all" {
		t.Errorf("flags %q", got)
	}
	h.settled(1)
}

func flagWords(r reconcile.Round) string {
	var out []string
	for _, f := range r.Edges.Opened {
		day := "all"
		if !f.Occurrence.IsZero() {
			day = f.Occurrence.String()
		}
		out = append(out, string(f.Kind)+" "+day)
	}
	return strings.Join(out, ", ")
}
