package provider_test

import (
	"context"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"holdfast/internal/provider"
	"holdfast/internal/series"
)

var (
	noon = time.Date(2026, time.December, 1, 12, 0, 0, 0, time.UTC)
	pair = series.Pair{Manager: "mia", Report: "raj"}
	slot = series.Slot{Weekday: time.Tuesday, At: 10 * 60, Duration: time.Hour, Every: 1, Zone: "Europe/Berlin"}
)

// interest is that of mia's calendar.
func interest() provider.Interest {
	return provider.Interest{Org: "acme", Owner: []string{"mia@example.com"}, Pairs: []provider.InterestPair{{
		Pair:    pair,
		Manager: []string{"mia@example.com"},
		Report:  []string{"raj@example.com"},
	}}}
}

// item is a series of the pair, in mia's calendar unless change says otherwise.
func item(id string, change func(*series.Event)) provider.Item {
	e := series.Event{
		Ref:       series.Ref{ID: id, Version: "1"},
		UID:       id,
		Mark:      series.Mark{Org: "acme", Pair: pair, Generation: 1, Slot: slot},
		Start:     slot.On(series.Date{Year: 2026, Month: time.December, Day: 1}),
		Zone:      slot.Zone,
		Duration:  time.Hour,
		Rule:      series.Rule{Plain: true, Every: 1},
		Organizer: "mia@example.com",
		Guests:    []series.Guest{{Address: "raj@example.com", Answer: series.NeedsAction}},
	}
	if change != nil {
		change(&e)
	}
	people := []string{e.Organizer}
	for _, g := range e.Guests {
		people = append(people, g.Address)
	}
	return provider.Item{
		ID:        series.Opaque(id),
		Version:   "1",
		Event:     &e,
		Recurring: true,
		People:    people,
		Busy:      []series.Busy{{ID: series.Opaque(id), Start: e.Start, Duration: time.Hour, RRule: "FREQ=WEEKLY"}},
	}
}

// answers are what direct readings find, by Ref.ID; all else is absent.
type answers map[string]provider.Presence

func (a answers) Look(_ context.Context, id string) (provider.Presence, *provider.Item, error) {
	is, ok := a[id]
	switch {
	case !ok:
		return provider.Absent, nil, nil
	case is == provider.Present:
		x := item(id, nil)
		return is, &x, nil
	}
	return is, nil, nil
}

func (a answers) Knows(series.Event) bool { return true }

// built is provider.Built, unpacked.
type built struct {
	series.Snapshot
	Doubt, Reread bool
}

// reading is the snapshot of a reading that begins as s.
func reading(t *testing.T, s, last series.Snapshot, in provider.Interest, r provider.Reading, a answers) built {
	t.Helper()
	s.Interest = in.Hash()
	got, err := provider.Build(t.Context(), s, series.Pack(last), in, r, a)
	if err != nil {
		t.Fatal(err)
	}
	return built{got.Snapshot(), got.Doubt, got.Reread}
}

// build is the snapshot at the time of a full reading of these items.
func build(
	t *testing.T, at time.Time, last series.Snapshot, in provider.Interest, a answers, items ...provider.Item,
) built {
	t.Helper()
	r := provider.Reading{Full: true, Members: map[string]bool{}, Items: items}
	for _, x := range items {
		r.Members[x.ID] = true
	}
	return reading(t, series.Snapshot{At: at}, last, in, r, a)
}

// dentist is somebody else's.
func dentist() provider.Item {
	id := series.Opaque("dentist")
	busy := series.Busy{ID: id, Start: noon.Add(48 * time.Hour), Duration: time.Hour}
	return provider.Item{ID: id, Version: "1", Busy: []series.Busy{busy}}
}

func TestWhatIsWhose(t *testing.T) {
	someone := func(e *series.Event) { e.Mark = series.Mark{} }
	others := func(e *series.Event) { e.Mark.Org = "other" }
	rajs := func(e *series.Event) { e.Organizer, e.Derived = "raj@example.com", true }
	three := []string{"mia@example.com", "raj@example.com", series.Stranger}
	for name, test := range map[string]struct {
		change                           func(*series.Event)
		people                           []string // instead of those of the event
		foreign                          bool
		series, copies, candidates, busy int
	}{
		"series":                       {series: 1},
		"without an organizer":         {change: func(e *series.Event) { e.Organizer = "" }, series: 1},
		"a pair that never was":        {change: func(e *series.Event) { e.Mark.Pair.Report = "lee" }, busy: 1},
		"another org's":                {change: others, foreign: true, candidates: 1, busy: 1},
		"organized by the report":      {change: func(e *series.Event) { e.Organizer = "raj@example.com" }, busy: 1},
		"ours though organized by raj": {change: rajs, series: 1},
		"their own 1:1":                {change: someone, candidates: 1},
		"their own, of another org":    {change: someone, foreign: true, candidates: 1, busy: 1},
		"their own, cancelled":         {change: func(e *series.Event) { someone(e); e.Cancelled = true }, busy: 1},
		"their own and a stranger":     {change: someone, people: three, busy: 1},
		"their own and somebody":       {change: someone, people: []string{"raj@example.com", "kim@example.com"}, busy: 1},
		"mia alone":                    {change: someone, people: []string{"mia@example.com"}, busy: 1},
		"nobody named":                 {change: someone, people: []string{}, busy: 1},
	} {
		t.Run(name, func(t *testing.T) {
			x := item("a", test.change)
			x.Foreign = test.foreign
			if test.people != nil {
				x.People = test.people
			}
			s := build(t, noon, series.Snapshot{}, interest(), nil, x)
			got := [4]int{len(s.Series), len(s.Copies), len(s.Candidates), len(s.Busy)}
			if want := [4]int{test.series, test.copies, test.candidates, test.busy}; got != want {
				t.Errorf("%v series, copies, candidates and busy, want %v", got, want)
			}
		})
	}
	theirs := interest()
	theirs.Owner = []string{"raj@example.com"}
	s := build(t, noon, series.Snapshot{}, theirs, nil, item("a", nil))
	if len(s.Copies) != 1 || len(s.Series)+len(s.Busy) != 0 {
		t.Errorf("in the report's calendar: %d copies, %d series, %d busy", len(s.Copies), len(s.Series), len(s.Busy))
	}
}

// A deletion is remembered for as long as the roster has the pair, and a year after.
func TestDeletionsAreRemembered(t *testing.T) {
	in := interest()
	last := build(t, noon, series.Snapshot{}, in, nil, item("a", nil), dentist())
	last = build(t, noon, last.Snapshot, in, answers{"a": provider.Deleted}, dentist())
	if len(last.Gone) != 1 || !last.Gone[0].Proven || last.Emptied {
		t.Fatalf("gone %+v", last.Gone)
	}
	later := noon.AddDate(2, 0, 0)
	if s := build(t, later, last.Snapshot, in, nil, dentist()); len(s.Gone) != 1 {
		t.Error("a deletion is forgotten, and the series booked again")
	}
	in.Pairs = nil
	if s := build(t, later, last.Snapshot, in, nil, dentist()); len(s.Gone) != 0 {
		t.Error("a deletion of a pair that nobody wants is remembered for ever")
	}
}

func TestAbsence(t *testing.T) {
	in := interest()
	first := build(t, noon, series.Snapshot{}, in, nil, item("a", nil), dentist())
	other := []provider.Item{dentist()}
	for name, test := range map[string]struct {
		answers     answers
		doubt       bool
		series      int
		once, twice bool // proven after one, after two observations
		emptied     bool
		others      []provider.Item
	}{
		"absent":                   {twice: true, others: other},
		"deleted":                  {answers: answers{"a": provider.Deleted}, once: true, twice: true, others: other},
		"there all the same":       {answers: answers{"a": provider.Present}, doubt: true, series: 1, others: other},
		"no clear answer":          {answers: answers{"a": provider.Unclear}, series: 1, others: other},
		"nothing there":            {emptied: true},
		"deleted, nothing is left": {answers: answers{"a": provider.Deleted}, once: true, twice: true},
	} {
		t.Run(name, func(t *testing.T) {
			s := build(t, noon.Add(time.Minute), first.Snapshot, in, test.answers, test.others...)
			if s.Doubt != test.doubt || len(s.Series) != test.series || s.Emptied != test.emptied {
				t.Fatalf("doubt %v, %d series, emptied %v", s.Doubt, len(s.Series), s.Emptied)
			}
			for i, want := range []bool{test.once, test.twice} {
				proven := len(s.Gone) == 1 && s.Gone[0].Proven
				if proven != want || len(s.Gone)+len(s.Series) != 1 {
					t.Errorf("after observation %d: gone %+v, want proven %v", i+1, s.Gone, want)
				}
				s = build(t, noon.Add(2*time.Minute), s.Snapshot, in, test.answers, test.others...)
			}
		})
	}
}

// What cannot be read is as it was known before: a series is not gone by that, and the time of others stays taken.
func TestUnreadable(t *testing.T) {
	in := interest()
	last := build(t, noon, series.Snapshot{}, in, nil, item("a", nil), dentist())
	spoilt := func(id string) provider.Item {
		return provider.Item{ID: series.Opaque(id), Version: "2", Unreadable: true}
	}
	s := build(t, noon, last.Snapshot, in, nil, spoilt("a"), spoilt("dentist"), spoilt("new"))
	if len(s.Series) != 1 || len(s.Busy) != 1 || len(s.Gone) != 0 || s.Objects[series.Opaque("a")].Version != "2" {
		t.Errorf("%d series, %d busy, gone %+v", len(s.Series), len(s.Busy), s.Gone)
	}
}

// The address of another of the roster is never the owner's: the settings name the wrong calendar then.
func TestOwnerIsNotAnother(t *testing.T) {
	in := interest()
	r := provider.Reading{Full: true, Owner: []string{"raj@example.com", "m.chen@example.com"}}
	s := reading(t, series.Snapshot{At: noon}, series.Snapshot{}, in, r, answers{})
	if len(s.Owner) != 1 || s.Owner[0] != "m.chen@example.com" {
		t.Errorf("owner %v", s.Owner)
	}
}

// A doubt about a zone stays while the object that it comes from is not read again, and goes with it.
func TestZoneDoubtsAreOfObjects(t *testing.T) {
	in, x, y := interest(), item("a", nil), dentist()
	x.ZoneDoubts, y.ZoneDoubts = []string{"Europe/London"}, []string{"America/Mexico_City", "Europe/London"}
	last := build(t, noon, series.Snapshot{}, in, nil, x, y).Snapshot
	both := []string{"America/Mexico_City", "Europe/London"}
	for _, c := range []struct {
		name  string
		items []provider.Item
		gone  map[string]bool
		want  []string
	}{
		{"nothing new", nil, nil, both},
		{"read again", []provider.Item{x}, nil, both},
		{"changed", []provider.Item{dentist()}, nil, []string{"Europe/London"}},
		{"deleted", nil, map[string]bool{y.ID: true}, []string{"Europe/London"}},
		{"both changed", []provider.Item{item("a", nil), dentist()}, nil, nil},
	} {
		r := provider.Reading{Items: c.items, Removed: c.gone}
		s := reading(t, series.Snapshot{At: noon}, last, in, r, answers{})
		if got := s.ZoneDoubts(); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// A reading of nothing says what one says in which something unknown was removed: that, where something is forgotten
// or asked for, and else what the last one said.
func TestNothingRead(t *testing.T) {
	in := interest()
	theirs := item("theirs", func(e *series.Event) { e.Mark, e.Rule.Until = series.Mark{}, noon.AddDate(0, 3, 0) })
	full := build(t, noon, series.Snapshot{}, in, nil, item("a", nil), item("b", nil), theirs, dentist()).Snapshot
	deleted := build(t, noon, full, in, answers{"b": provider.Deleted}, item("a", nil), theirs, dentist()).Snapshot
	absent := build(t, noon, full, in, answers{}, item("a", nil), theirs, dentist()).Snapshot
	own := build(t, noon, series.Snapshot{}, in, nil, item("a", nil), theirs).Snapshot
	ended := build(t, noon, full, in, answers{"b": provider.Deleted}, item("a", nil)).Snapshot
	unlisted, bent := full, full
	unlisted.Objects = maps.Clone(full.Objects)
	delete(unlisted.Objects, series.Opaque("a"))
	bent.Series = slices.Clone(full.Series)
	bent.Series[0].Rule.Plain = false
	for _, c := range []struct {
		name  string
		last  series.Snapshot
		at    time.Time
		rests bool
	}{
		{"at rest", full, noon.Add(time.Minute), true},
		{"after a deletion", deleted, noon.Add(time.Minute), true},
		{"after an absence", absent, noon.Add(time.Minute), false},
		{"written, and not listed yet", unlisted, noon.Add(time.Minute), false},
		{"meetings that are worked out anew", bent, noon.Add(time.Minute), false},
		{"long after an event", full, noon.AddDate(0, 0, 17), false},
		{"after their own has ended", own, noon.AddDate(0, 4, 0), false},
		{"a year after a deletion", ended, noon.AddDate(1, 0, 1), false},
	} {
		begun := series.Snapshot{At: c.at}
		got := reading(t, begun, c.last, in, provider.Reading{}, answers{})
		r := provider.Reading{Removed: map[string]bool{"unknown": true}}
		want := reading(t, begun, c.last, in, r, answers{})
		if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, d)
		}
		if rests := series.Pack(c.last).Rests(c.at); rests != c.rests {
			t.Errorf("%s: at rest: %v", c.name, rests)
		}
	}
}

// A series that an empty listing did not show, and from which somebody took the mark meanwhile, is not gone: it is
// there, and none of ours.
func TestNotGoneButNoLongerOurs(t *testing.T) {
	in := interest()
	last := build(t, noon, series.Snapshot{}, in, nil, item("a", nil), dentist()).Snapshot
	empty := build(t, noon, last, in, nil).Snapshot
	stripped := item("a", func(e *series.Event) { e.Mark = series.Mark{} })
	got := build(t, noon.Add(time.Hour), empty, in, answers{"a": provider.Present}, stripped, dentist())
	if len(empty.Gone) != 1 || len(got.Gone) != 0 || len(got.Series) != 0 || len(got.Candidates) != 1 {
		t.Errorf("gone %d, then %d; %d series, %d candidates",
			len(empty.Gone), len(got.Gone), len(got.Series), len(got.Candidates))
	}
}
