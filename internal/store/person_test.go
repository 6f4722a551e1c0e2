package store

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
	"pgregory.net/rapid"

	"holdfast/internal/access"
	"holdfast/internal/deed"
	"holdfast/internal/drift"
	"holdfast/internal/notify"
	"holdfast/internal/outbox/ledger"
	"holdfast/internal/plan"
	"holdfast/internal/provider"
	"holdfast/internal/reconcile"
	"holdfast/internal/say"
	"holdfast/internal/series"
)

// jobs makes the tables of jobs, as a daemon does.
func jobs(t *testing.T, s *Store) {
	m, err := rivermigrate.New(riversqlite.New(s.db), &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
	must(t, err)
	_, err = m.Migrate(t.Context(), rivermigrate.DirectionUp, nil)
	must(t, err)
}

func TestEveryTableIsKnown(t *testing.T) {
	s := open(t, file(t), noon)
	jobs(t, s)
	have, err := tables(t.Context(), s.db)
	must(t, err)
	for _, name := range have {
		if !slices.ContainsFunc(holdings, func(h holding) bool { return h.table == name }) {
			t.Errorf("of the table %s nobody says what it has of persons: see holdings", name)
		}
	}
	want := map[string]bool{}
	for _, h := range holdings {
		if want[h.table] {
			t.Errorf("%s is there twice", h.table)
		}
		want[h.table] = true
	}
}

// rajs are ways in which something of Raj comes into the journal. Each leaves rows in the tables it names.
var rajs = []struct {
	tables string
	put    func(t *testing.T, s *Store)
}{
	{"people snapshots readings interests outages statuses outcomes flags edges tries", func(t *testing.T, s *Store) {
		must(t, s.Commit(t.Context(), rajsRound()))
	}},
	{"acts versions", func(t *testing.T, s *Store) {
		id, err := s.Begin(t.Context(), reconcile.Act{At: noon, Pair: mia, Action: plan.Update}, &rajsSeries)
		must(t, err)
		must(t, s.Done(t.Context(), id, noon, nil))
	}},
	{"deeds acknowledged", func(t *testing.T, s *Store) {
		f := rajsFlag()
		must(t, s.Commit(t.Context(), rajsRound()))
		ok, err := s.Acknowledge(t.Context(), deed.Deed{At: noon, Who: "mia", Kind: deed.Acknowledge, Flag: f.ID()})
		if must(t, err); !ok {
			t.Fatal("the flag is not open")
		}
		must(t, s.BeginDeed(t.Context(), &deed.Deed{At: noon, Who: "raj", Kind: deed.Accept, Pair: mia}))
		must(t, s.BeginDeed(t.Context(), &deed.Deed{At: noon, Admin: true, Kind: deed.ConfirmEmpty, Of: "raj"}))
	}},
	{"quarters", func(t *testing.T, s *Store) {
		group := drift.Group{Head: "raj", Pairs: 7, Managers: 3}
		must(t, s.KeepQuarter(t.Context(), day(1), drift.Quarter{Groups: []drift.Group{group}}))
	}},
	{"documents", func(t *testing.T, s *Store) {
		must(t, s.KeepDocument(t.Context(), mia, reconcile.Document{Link: "https://docs.example.com/d/mia-raj"}))
	}},
	{"channels confirmed", func(t *testing.T, s *Store) {
		must(t, s.SetChannel(t.Context(), provider.Channel{
			ID:    "c1",
			Owner: series.Person{ID: "raj", Email: "raj@example.com"},
		}))
		must(t, s.ConfirmEmpty(t.Context(), "raj"))
	}},
	{"told threads chat_names", func(t *testing.T, s *Store) {
		for _, reader := range []string{"mia", "raj"} {
			f := rajsFlag()
			told := []notify.Told{
				{Notice: reader + "1", At: noon, Key: f.ID(), Pair: mia, Thread: reader + "thread", State: "open"},
				{Notice: reader + "1", At: noon, Key: "lost|mia/raj", Pair: mia, Thread: reader + "thread"},
			}
			if reader == "mia" {
				told[0].Notice, told[1].Notice = "n1", "n1"
				told[0].Thread, told[1].Thread = "root", "root"
			}
			sent := ledger.Sent{Channel: "slack", Thread: ledger.Thread{Root: told[0].Thread, Subject: "1:1 with Raj"}}
			if reader == "raj" {
				sent.Name = ledger.Name{Address: "d1", Name: "@raj"}
			}
			must(t, s.Record(t.Context(), reader, told, sent))
		}
	}},
	{"matters", func(t *testing.T, s *Store) {
		must(t, s.SetMatters(t.Context(), []notify.Matter{
			{Key: "lost|mia/raj", Kind: notify.LostWeeks, Pair: mia, Changed: noon},
			{Key: "outage|1", Kind: notify.Outage, Owners: []string{"lee", "raj"}, Changed: noon},
			{Key: "outage|2", Kind: notify.Outage, Owners: []string{"raj"}, Changed: noon},
			{Key: "unreached|raj", Kind: notify.Unreached, Says: "raj", Changed: noon},
		}, nil))
	}},
	{"unsent unreached", func(t *testing.T, s *Store) {
		_, err := s.Unsent(t.Context(), ledger.Unsent{Notice: "n9", Reader: "raj", At: noon, Why: "full"})
		must(t, err)
		must(t, s.SetUnreached(t.Context(), "raj", "mail", "d1", noon))
	}},
	{"wishes", func(t *testing.T, s *Store) {
		must(t, s.SetWishes(t.Context(), "raj", access.Wishes{Channels: []string{"slack"}}))
	}},
	{"tokens", func(t *testing.T, s *Store) {
		for _, role := range []access.Role{access.Self, access.Feed} {
			token, _, digest := access.NewToken("raj's", role, "raj", noon, time.Time{})
			must(t, s.AddToken(t.Context(), token, digest))
		}
	}},
	{"sign_ins sessions bindings", func(t *testing.T, s *Store) {
		x, _, _ := access.NewSignIn("raj", "hfa_1", noon)
		_, err := s.AskSignIn(t.Context(), x)
		must(t, err)
		must(t, s.Sessions(func(b []byte) string { return string(b) }).Commit("cookie", []byte("raj"), noon.Add(time.Hour)))
		_, err = s.Bind(t.Context(), access.Claim{Issuer: "i", Subject: "raj", Address: "raj@example.com", Trusted: true},
			everybody)
		must(t, err)
	}},
	{"visits", func(t *testing.T, s *Store) {
		must(t, s.Visit(t.Context(), access.Visit{At: noon, Who: "raj", From: access.FromPage, What: access.ThePair}, mia))
		must(t, s.Visit(t.Context(), access.Visit{At: noon, From: access.FromShell, What: access.TheFlags}, mia, lee))
	}},
	{"river_job", func(t *testing.T, s *Store) {
		_, err := s.db.Exec(`INSERT INTO river_job (args, kind, max_attempts, state)
			VALUES (jsonb('{"Notice":"n1","Reader":"raj"}'), 'send', 1, 'available')`)
		must(t, err)
	}},
}

// everybody has the address of their id.
var everybody = access.Roster{
	Address: func(id string) string { return id + "@example.com" },
	Person:  func(address string) string { id, _, _ := strings.Cut(address, "@"); return id },
}

var rajsSeries = series.Event{
	Ref:       series.Ref{ID: "/dav/mia/1.ics", Version: "1"},
	UID:       "holdfast-1",
	Mark:      series.Mark{Org: "acme", Pair: mia, Generation: 1},
	Start:     noon,
	Zone:      "UTC",
	Duration:  time.Hour,
	Title:     "1:1 Mia / Raj",
	Organizer: "mia@example.com",
	Guests:    []series.Guest{{Address: "raj@example.com", Answer: series.Accepted}},
	Raw:       "ATTENDEE:mailto:raj@example.com",
}

func rajsFlag() drift.Flag { return flag(mia, 1, "30m0s") }

func rajsRound() reconcile.Record {
	f, closed := rajsFlag(), flag(mia, 8, "45m0s")
	other := rajsSeries
	other.Mark.Pair, other.Title, other.Raw, other.Guests = lee, "1:1 Mia / Lee", "", nil
	in := provider.Interest{Org: "acme", Owner: []string{"mia@example.com"}, Pairs: []provider.InterestPair{
		{Pair: mia, Manager: []string{"mia@example.com"}, Report: []string{"raj@example.com", "raj.patel@example.com"}},
		{Pair: lee, Manager: []string{"mia@example.com"}, Report: []string{"lee@example.com"}},
	}}
	raj := provider.Interest{Org: "acme", Owner: []string{"raj@example.com"}}
	hold := plan.Hold{Pair: mia, Because: "Raj said so"}
	r := reconcile.Record{
		At: noon,
		People: map[string]series.Person{
			"mia": {ID: "mia", Email: "mia@example.com"},
			"raj": {ID: "raj", Name: "Raj Patel", Email: "raj@example.com"},
		},
		Snapshots: packed(map[string]series.Snapshot{
			"mia": {
				At:         noon,
				Cursor:     "7",
				Interest:   in.Hash(),
				Series:     []series.Event{rajsSeries, other},
				Copies:     []series.Event{rajsSeries},
				Candidates: []series.Candidate{{Pair: mia, Event: rajsSeries}},
				StandIns:   []series.StandIn{{ID: "s", Pair: mia, Start: noon}},
				Gone:       []series.Gone{{ID: "g", Pair: mia, Last: rajsSeries}},
				Objects:    map[string]series.Object{"o": {Version: "1", Pair: mia}},
			},
			"raj": {At: noon, Copies: []series.Event{rajsSeries}},
		}),
		Interests: map[string]provider.Interest{"mia": in, "raj": raj},
		Open:      []drift.Flag{f},
		Edges:     drift.Edges{Opened: []drift.Flag{f, closed}, Closed: []drift.Flag{closed}},
		Outcomes: []drift.Outcome{
			outcome(mia, day(1), drift.Kept, true),
			outcome(mia, day(8), drift.Slipped, false),
			outcome(lee, day(1), drift.Kept, true),
		},
		Tries:   map[plan.Target]plan.Try{{Pair: mia, Calendar: "raj", UID: "u"}: {What: "w", Rounds: 1}},
		Outages: map[reconcile.Subject]reconcile.Outage{},
		Moments: map[string]drift.Moment{f.ID(): {Whose: []string{"raj"}, Why: []string{"Raj is away"}}},
		Standing: reconcile.Standing{
			Held:    map[string]plan.Hold{"h": hold},
			Wrote:   map[string]reconcile.Wrote{"raj 1": {Person: "raj", Pair: mia}},
			Failing: map[string]reconcile.Failing{"f": {Pair: mia, Text: "raj"}},
		},
		Origin: reconcile.Origin{Sources: "aa"},
		Statuses: map[series.Pair]*reconcile.StatusRow{
			mia: {Pair: mia, Names: [2]string{"Mia", "Raj"}},
			lee: {Pair: lee, Names: [2]string{"Mia", "Lee"}},
		},
	}
	for _, of := range []reconcile.Subject{
		reconcile.CalendarOf("raj"),
		reconcile.CalendarOf("lee"),
		reconcile.BookingOf(mia),
		reconcile.DocumentOf(mia),
		{Matter: reconcile.MatterEmptied, Person: "raj"},
		{Matter: reconcile.MatterListing, Pair: series.Pair{Manager: "raj", Report: "lee"}},
		{Matter: reconcile.MatterZones, Name: "Asia/Kolkata"},
	} {
		r.Outages[of] = reconcile.Outage{Since: noon, Kind: "auth"}
	}
	return r
}

// cells calls f with every value of every table, unpacked and in lower case.
func cells(t *testing.T, s *Store, f func(table, column, value string)) {
	t.Helper()
	all, err := tables(t.Context(), s.db)
	must(t, err)
	for _, table := range all {
		must(t, eachRow(t.Context(), s.db, func(r *sql.Rows) error {
			names, err := r.Columns()
			must(t, err)
			values, to := make([]any, len(names)), make([]any, len(names))
			for i := range values {
				to[i] = &values[i]
			}
			must(t, r.Scan(to...))
			for i, name := range names {
				value := fmt.Sprint(values[i])
				if b, ok := values[i].([]byte); ok {
					var text json.RawMessage
					if value = string(b); unpack(b, &text) == nil {
						value = string(text)
					}
				}
				f(table, name, strings.ToLower(value))
			}
			return nil
		}, `SELECT * FROM `+table))
	}
}

// Whatever the journal has of somebody, they are shown it; and when they are forgotten, nothing has their id, name or
// address any more, and nobody else loses anything.
func TestForgottenLeavesNothing(t *testing.T) {
	path := file(t)
	empty := open(t, path, noon)
	jobs(t, empty)
	must(t, empty.Close())
	file, err := os.ReadFile(path)
	must(t, err)
	rapid.Check(t, func(rt *rapid.T) {
		must(t, os.WriteFile(path, file, 0o600))
		s, err := Open(t.Context(), "sqlite:"+path, at(noon), Options{})
		must(t, err)
		defer s.Close()
		if rapid.Bool().Draw(rt, "more") {
			must(t, s.Commit(t.Context(), draw(rt, noon)))
		}
		want := map[string]bool{}
		order := rapid.Permutation(indexes(len(rajs))).Draw(rt, "order")
		for _, i := range order[:rapid.IntRange(1, len(rajs)).Draw(rt, "n")] {
			rajs[i].put(t, s)
			for _, table := range strings.Fields(rajs[i].tables) {
				want[table] = true
			}
		}
		kept, err := s.Kept(t.Context(), "raj")
		must(t, err)
		for table := range want {
			if !slices.ContainsFunc(kept.Tables, func(x access.Table) bool { return x.Name == table }) {
				rt.Errorf("Raj is not shown %s", table)
			}
		}
		others, err := s.Kept(t.Context(), "lee")
		must(t, err)
		if _, err := s.Forget(t.Context(), "raj", true); err != nil {
			rt.Fatal(err)
		}
		cells(t, s, func(table, column, value string) {
			if strings.Contains(value, "raj") {
				rt.Errorf("%s.%s still has %q", table, column, value)
			}
		})
		after, err := s.Kept(t.Context(), "raj")
		must(t, err)
		if len(after.Tables) > 0 {
			rt.Errorf("still kept: %v", after.Tables)
		}
		still, err := s.Kept(t.Context(), "lee")
		must(t, err)
		for _, row := range rowsOf(others) {
			if !strings.Contains(row, "raj") && !slices.Contains(rowsOf(still), row) {
				rt.Errorf("Lee lost %s", row)
			}
		}
		if _, err := s.Load(t.Context()); err != nil {
			rt.Error(err)
		}
		integrity(t, s.db)
	})
}

// rowsOf are all rows, each as a text.
func rowsOf(k access.Kept) (out []string) {
	for _, t := range k.Tables {
		for _, row := range t.Rows {
			out = append(out, t.Name+" "+strings.Join(row, " "))
		}
	}
	return out
}

func indexes(n int) (out []int) {
	for i := range n {
		out = append(out, i)
	}
	return out
}

// The filler of the test above reaches all that the journal has of persons.
func TestRajIsEverywhere(t *testing.T) {
	s := open(t, file(t), noon)
	jobs(t, s)
	for _, x := range rajs {
		x.put(t, s)
	}
	kept, err := s.Kept(t.Context(), "raj")
	must(t, err)
	all, err := held(t.Context(), s.db)
	must(t, err)
	for _, h := range all {
		i := slices.IndexFunc(kept.Tables, func(x access.Table) bool { return x.Name == h.table })
		if i < 0 {
			t.Errorf("nothing puts anything of Raj into %s: add it to rajs", h.table)
			continue
		}
		if title, why := (say.Reader{}).KeptTable(h.table); title == h.table || why == "" {
			t.Errorf("package say has no words for %s", h.table)
		}
		for _, c := range kept.Tables[i].Columns {
			if c != "id" && c == (say.Reader{}).KeptColumn(c) && !slices.Contains(strings.Fields(sameWord), c) {
				t.Errorf("package say has no word for %s.%s", h.table, c)
			}
		}
		for _, row := range kept.Tables[i].Rows {
			for j, text := range row {
				if len(text) == 64 && strings.Trim(text, "0123456789abcdef") == "" {
					t.Errorf("%s.%s is shown, and is a digest", h.table, kept.Tables[i].Columns[j])
				}
			}
		}
	}
}

// sameWord are columns that are called what people call what is in them.
const sameWord = ` address calendar cause change changed changes channel channels closed detail done final flag
	generation issuer kind made manager name notice opened over person report rounds since state subject until urgent
	week what who why `

func TestForget(t *testing.T) {
	s, ctx := open(t, file(t), noon), t.Context()
	for _, x := range rajs[:len(rajs)-1] {
		x.put(t, s)
	}
	if _, err := s.Forget(ctx, "raj", false); err != ErrObserved {
		t.Fatalf("while observed: %v", err)
	}
	out, err := s.Forget(ctx, "raj", true)
	must(t, err)
	if !access.IsFormer(out.Former) || out.Named != nil {
		t.Errorf("%+v", out)
	}
	if d := cmp.Diff([]access.Count{{Table: "flags", Rows: 2}, {Table: "outcomes", Rows: 2}}, out.Stay); d != "" {
		t.Error(d)
	}
	for _, name := range []string{s.path, s.path + "-wal"} {
		b, err := os.ReadFile(name)
		if err != nil || bytes.Contains(bytes.ToLower(b), []byte("raj")) {
			t.Errorf("%s still has traces: %v", filepath.Base(name), err)
		}
	}
	pair := series.Pair{Manager: "mia", Report: out.Former}
	flags, err := s.Flags(ctx, true)
	must(t, err)
	for _, f := range flags {
		if f.Pair != pair || f.State != "closed" {
			t.Errorf("%+v", f)
		}
	}
	outcomes, err := s.Outcomes(ctx, pair, series.Date{})
	if err != nil || len(outcomes) != 2 {
		t.Errorf("%v, %v", outcomes, err)
	}
	facts, err := s.Facts(ctx, "mia", noon)
	must(t, err)
	for _, f := range facts.Flags {
		t.Errorf("Mia would be told that %v closed", f)
	}
	// What Mia's calendar is searched for is as it is on disk, so that it is not read anew.
	m := load(t, s)
	mias := m.Snapshots["mia"].Snapshot()
	if mias.Interest != m.Interests["mia"] || len(mias.Series) != 1 || mias.Cursor != "7" {
		t.Errorf("Mia's calendar: %+v", mias)
	}
	if m.Snapshots["raj"].Snapshot().Cursor != "" {
		t.Error("Raj's is there")
	}
	// Who comes back starts anew, and when both are gone nothing stays.
	must(t, s.Commit(ctx, rajsRound()))
	if got, err := s.Outcomes(ctx, mia, series.Date{}); err != nil || len(got) != 2 {
		t.Errorf("%v, %v", got, err)
	}
	_, err = s.Forget(ctx, "mia", true)
	must(t, err)
	if got, err := s.Outcomes(ctx, pair, series.Date{}); err != nil || len(got) != 0 {
		t.Errorf("of nobody: %v, %v", got, err)
	}
	cells(t, s, func(table, column, value string) {
		if strings.Contains(value, out.Former) {
			t.Errorf("%s.%s still has %q", table, column, value)
		}
	})
}

// An address that stands in somebody else's calendar for another reason is theirs: it is said, not removed.
func TestForgetNamesWhoStillHasAnAddress(t *testing.T) {
	s, ctx, r := open(t, file(t), noon), t.Context(), rajsRound()
	guest := rajsSeries
	guest.Mark.Pair = lee
	r.Snapshots["lee"] = series.Pack(series.Snapshot{At: noon, Copies: []series.Event{guest}})
	must(t, s.Commit(ctx, r))
	out, err := s.Forget(ctx, "raj", true)
	if d := cmp.Diff([]string{"lee"}, out.Named); err != nil || d != "" {
		t.Error(err, d)
	}
	if _, err := s.Forget(ctx, "*", true); err == nil {
		t.Error("a pattern is no person")
	}
}
