package store

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"holdfast/internal/drift"
	"holdfast/internal/plan"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
)

// firstRecord is what testdata/first.sql was made of.
func firstRecord() reconcile.Record {
	a, b, gone := flag(
		mia,
		1,
		"2026-12-03T10:00:00+01:00",
	), flag(
		lee,
		8,
		"2026-12-09T10:00:00+01:00",
	), flag(
		lee,
		1,
		"2026-12-04T10:00:00+01:00",
	)
	gone.Notice = nil
	return reconcile.Record{
		At: noon,
		Snapshots: packed(map[string]series.Snapshot{
			"mia": {At: noon, FullAt: noon, Cursor: "c1", Series: []series.Event{firstEvent()}},
		}),
		People: map[string]series.Person{
			"mia": {
				ID:       "mia",
				Name:     "Mia Chen",
				Email:    "mia@example.com",
				Formerly: []string{"mc"},
				Calendar: "office",
				Zone:     "Europe/Berlin",
				Hours:    series.Hours{2: {{From: 540, To: 1050}}, 6: nil},
				Away:     []series.Away{{From: day(21), To: day(31), Why: "leave"}},
			},
		},
		Edges:    drift.Edges{Opened: []drift.Flag{a, b, gone}, Closed: []drift.Flag{gone}},
		Open:     []drift.Flag{a, b},
		Outcomes: []drift.Outcome{outcome(mia, day(1), drift.KeptLate, true), outcome(mia, day(8), drift.Kept, false)},
		Pending:  map[string]reconcile.Pending{"f1": {Times: "t1", By: drift.ByReport, Since: noon}},
		Outages: map[reconcile.Subject]reconcile.Outage{
			reconcile.CalendarOf("raj"): {Since: noon, Kind: "auth", Text: "observe: 401", Hint: "check the password"},
		},
	}
}

func firstEvent() series.Event {
	return series.Event{
		Ref:     series.Ref{ID: "/dav/mia/main/x.ics", Version: `"1"`},
		UID:     "x",
		Derived: true,
		Mark: series.Mark{
			Org:        "acme",
			Pair:       mia,
			Generation: 1,
			Slot:       series.Slot{Weekday: time.Tuesday, At: 600, Duration: time.Hour, Every: 1, Zone: "Europe/Berlin"},
			Written:    map[series.Field]string{series.FieldPlace: "d1"},
		},
		Start: time.Date(
			2026,
			time.December,
			1,
			9,
			0,
			0,
			0,
			time.UTC,
		),
		Zone:      "Europe/Berlin",
		Duration:  time.Hour,
		Rule:      series.Rule{Plain: true, Every: 1},
		Organizer: "mia@example.com",
		Guests:    []series.Guest{{Address: "raj@example.com", Answer: series.Accepted}},
		Raw:       "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n",
	}
}

// A journal of the first release opens in this one, and all but its snapshots is read back; they may be dropped.
func TestMigrateFromTheFirst(t *testing.T) {
	dump, err := os.ReadFile("testdata/first.sql")
	must(t, err)
	path := file(t)
	db, err := OpenDB(path)
	must(t, err)
	_, err = db.Exec(string(dump))
	must(t, err)
	must(t, db.Close())

	s := open(t, path, noon)
	r := firstRecord()
	want := reconcile.Memory{Snapshots: r.Snapshots, People: r.People, Open: r.Open, Pending: r.Pending,
		Tries: map[plan.Target]plan.Try{}, Outages: r.Outages,
		Documents: map[series.Pair]reconcile.Document{}, Allowed: map[string]reconcile.Allowance{},
		Confirmed: map[string]bool{}, Interests: map[string]string{},
		Frozen: map[series.Pair]series.Week{mia: day(1).Week()}, Writes: map[series.Pair]int{mia: 1},
		TimesSeen: map[series.Pair][]string{mia: {"939020c5e3a6"}}}
	got := load(t, s)
	if len(got.Snapshots) == 0 {
		want.Snapshots = got.Snapshots
	}
	want.Open[0], want.Open[1] = want.Open[1], want.Open[0] // by pair
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	versions, err := s.Versions(t.Context(), mia)
	must(t, err)
	if d := cmp.Diff([]reconcile.Version{{At: noon, Event: firstEvent()}}, versions); d != "" {
		t.Error(d)
	}
	outcomes, err := s.Outcomes(t.Context(), series.Pair{}, series.Date{})
	must(t, err)
	if d := cmp.Diff(r.Outcomes, outcomes); d != "" {
		t.Error(d)
	}
	flags, err := s.Flags(t.Context(), true)
	must(t, err)
	if d := cmp.Diff([]reconcile.FlagRow{
		{Flag: want.Open[0], State: "acknowledged", Acknowledged: []string{"lee", "mia"}}, // nobody knows by whom
		{Flag: want.Open[1], State: "open"},
		{Flag: r.Edges.Closed[0], State: "closed", Closed: noon},
	}, flags); d != "" {
		t.Error(d)
	}
	must(t, s.Commit(t.Context(), r))
	integrity(t, s.db)
}

func TestNewerJournal(t *testing.T) {
	path := file(t)
	db, err := OpenDB(path)
	must(t, err)
	s := open(t, path, noon)
	_, err = s.db.Exec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, 1)`)
	must(t, err)
	must(t, db.Close())
	own, err := migrations.ReadDir("migrations")
	must(t, err)
	last, _, _ := strings.Cut(strings.TrimLeft(own[len(own)-1].Name(), "0"), "_")
	want := "database " + path + ": it was written by a newer Holdfast (schema 99, this one knows " + last + ")"
	if _, err := Open(t.Context(), "sqlite:"+path, at(noon), Options{}); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
