package providertest

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"holdfast/internal/provider"
	"holdfast/internal/series"
)

// check is one sentence of the contract and how to see that it holds.
type check struct {
	name  string
	holds string
	run   func(*bench)
}

// Run sees that the provider whose worlds open makes keeps the calendar contract. Each check has a world of its own.
func Run(t *testing.T, open func(t *testing.T) Fixture) {
	for _, c := range slices.Concat(creating, updating, occurrences, ending, observing, people, copies) {
		t.Run(c.name, func(t *testing.T) {
			t.Cleanup(func() {
				if t.Failed() {
					t.Logf("the contract: %s", c.holds)
				}
			})
			f := open(t)
			if f.Org == "" {
				f.Org = "acme"
			}
			c.run(&bench{T: t, Fixture: f, ctx: t.Context(), last: map[string]series.Snapshot{}})
		})
	}
}

// bench is where one check works.
type bench struct {
	*testing.T
	Fixture
	ctx  context.Context
	last map[string]series.Snapshot // by person id, as last observed
	also []provider.InterestPair    // what the roster has beside the pair
}

// must ends the check if something that has to work did not.
func (b *bench) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatalf("unexpected error (kind %d): %v", provider.KindOf(err), err)
	}
}

// got is must for calls that also answer something.
func got[T any](b *bench) func(T, error) T {
	return func(v T, err error) T {
		b.Helper()
		b.must(err)
		return v
	}
}

// ref ends the check if a write failed.
func (b *bench) ref(r series.Ref, err error) series.Ref {
	b.Helper()
	b.must(err)
	return r
}

// there ends the check unless Create answered that it wrote nothing.
func (b *bench) there(r series.Ref, err error) series.Ref {
	b.Helper()
	b.wantKind(err, provider.Exists, "Create of what is there")
	return r
}

// wantKind ends the check unless err has that kind.
func (b *bench) wantKind(err error, kind provider.Kind, what string) {
	b.Helper()
	if err == nil || provider.KindOf(err) != kind {
		b.Fatalf("%s: got error %v, want one of kind %d", what, err, kind)
	}
}

const berlin = "Europe/Berlin"

// tuesdays is the slot of the tests.
var tuesdays = series.Slot{Weekday: time.Tuesday, At: 10 * 60, Duration: time.Hour, Every: 1, Zone: berlin}

func (b *bench) pair() series.Pair {
	return series.Pair{Manager: b.Manager.Person.ID, Report: b.Report.Person.ID}
}

// today is the day of the fixture's clock.
func (b *bench) today() series.Date {
	d, _ := series.WallClock(b.Clock(), berlin)
	return d
}

// wish is a series that begins next week.
func (b *bench) wish() series.Series {
	return series.Series{
		Org: b.Org, Pair: b.pair(), Manager: b.Manager.Person, Report: b.Report.Person,
		Slot: tuesdays, Line: tuesdays.Line(), Title: "1:1 Mia, Zoë; weekly \\ 日", Place: "Room Alder, 2nd floor",
		Link: "https://docs.example.com/d/abc?x=1&y=2", Private: true,
		Generation: 1, First: tuesdays.First(b.today().AddDays(7)), ClientDelivers: !b.Schedules,
	}
}

// at is the start of the n-th occurrence, from 0, of what wish makes.
func (b *bench) at(n int) time.Time { return tuesdays.On(b.wish().First.AddDays(7 * n)) }

// day is the day of at(n).
func (b *bench) day(n int) series.Date { return b.wish().First.AddDays(7 * n) }

// book creates what wish makes and returns it as observed.
func (b *bench) book() series.Event {
	b.Helper()
	b.ref(b.Manager.Calendar.Create(b.ctx, b.wish()))
	return b.one()
}

// interest is what is looked for on the actor's calendar.
func (b *bench) interest(a Actor) provider.Interest {
	lower := func(p series.Person) []string {
		var out []string
		for _, x := range p.Addresses() {
			out = append(out, series.Address(x))
		}
		return out
	}
	pair := provider.InterestPair{
		Pair:    b.pair(),
		Manager: lower(b.Manager.Person),
		Report:  lower(b.Report.Person),
		Title:   b.wish().Title,
	}
	return provider.Interest{
		Org:   b.Org,
		Owner: lower(a.Person),
		Pairs: append([]provider.InterestPair{pair}, b.also...),
	}
}

// see observes the actor's calendar from where the last look left off. Every look of every check is held against a full
// one and against one more that finds nothing changed.
func (b *bench) see(a Actor) series.Snapshot {
	b.Helper()
	in := b.interest(a)
	s := got[series.Snapshot](b)(Observe(b.ctx, a.Calendar, b.last[a.Person.ID], in))
	if s.Interest != in.Hash() || s.At.IsZero() || s.FullAt.IsZero() || s.Schedules != b.Schedules {
		b.Errorf("snapshot has interest %q, at %v, full at %v, schedules %v", s.Interest, s.At, s.FullAt, s.Schedules)
	}
	full := got[series.Snapshot](b)(Observe(b.ctx, a.Calendar, b.last[a.Person.ID].Unread(), in))
	b.sameSnapshot("an incremental reading differs from a full one (-full +incremental)", full, s,
		cmpopts.IgnoreFields(series.Snapshot{}, "Gone", "FullAt", "Emptied"))
	b.last[a.Person.ID] = stored(b, s)
	return s
}

// again is see when nothing changed since.
func (b *bench) again(a Actor) {
	b.Helper()
	before := b.last[a.Person.ID]
	proven := cmpopts.IgnoreFields(series.Gone{}, "Rounds", "Proven")
	b.sameSnapshot("nothing changed, and yet (-before +after)", before, b.see(a), proven)
}

// stored is s as it comes back from a journal.
func stored(b *bench, s series.Snapshot) series.Snapshot {
	b.Helper()
	text := got[[]byte](b)(json.Marshal(s))
	var out series.Snapshot
	b.must(json.Unmarshal(text, &out))
	return out
}

func (b *bench) sameSnapshot(what string, want, have series.Snapshot, opts ...cmp.Option) {
	b.Helper()
	opts = append(opts, cmpopts.EquateEmpty(), cmpopts.IgnoreFields(series.Snapshot{}, "At", "Cursor"))
	if d := cmp.Diff(want, have, opts...); d != "" {
		b.Fatalf("%s:\n%s", what, d)
	}
}

// one is the only series on the manager's calendar.
func (b *bench) one() series.Event {
	b.Helper()
	s := b.see(b.Manager)
	if len(s.Series) != 1 {
		b.Fatalf("%d series on the manager's calendar, want 1", len(s.Series))
	}
	return s.Series[0]
}

// none sees that the manager's calendar has no series.
func (b *bench) none() series.Snapshot {
	b.Helper()
	s := b.see(b.Manager)
	if len(s.Series) != 0 {
		b.Fatalf("%d series on the manager's calendar, want none", len(s.Series))
	}
	return s
}

// same sees that have means what want means: everything but the version, the served text, and where times are told.
func (b *bench) same(what string, want, have series.Event, opts ...cmp.Option) {
	b.Helper()
	opts = append(opts, cmpopts.EquateEmpty(), cmpopts.IgnoreFields(series.Ref{}, "Version"), cmpopts.IgnoreFields(series.Event{}, "Raw"))
	if d := cmp.Diff(want, have, opts...); d != "" {
		b.Fatalf("%s (-want +got):\n%s", what, d)
	}
}

// but is a copy of e, changed.
func (b *bench) but(e series.Event, change func(*series.Event)) series.Event {
	b.Helper()
	var n series.Event
	b.must(json.Unmarshal(got[[]byte](b)(json.Marshal(e)), &n))
	change(&n)
	return n
}

// sees sees that the only series is e, changed as change does.
func (b *bench) sees(what string, e series.Event, change func(*series.Event)) series.Event {
	b.Helper()
	now := b.one()
	b.same(what, b.but(e, change), now)
	return now
}

// meeting is the occurrence of that original start.
func (b *bench) meeting(e series.Event, original time.Time) series.Meeting {
	b.Helper()
	for _, m := range e.Meetings(original, original.Add(time.Second)) {
		if m.Original.Equal(original) {
			return m
		}
	}
	b.Fatalf("no occurrence at %v", original)
	return series.Meeting{}
}

// live are the meetings of e that take place, from two weeks before its first to a year after.
func live(e series.Event) []series.Meeting {
	return slices.DeleteFunc(e.Meetings(e.Start.AddDate(0, 0, -14), e.Start.AddDate(1, 0, 0)), func(m series.Meeting) bool { return m.Cancelled })
}

// noText sees that nothing of s tells text.
func (b *bench) noText(s series.Snapshot, text string) {
	b.Helper()
	if strings.Contains(strings.ToLower(string(got[[]byte](b)(json.Marshal(s)))), strings.ToLower(text)) {
		b.Errorf("the snapshot tells what an event of other people is about")
	}
}

// Observe is c.Observe of what is not packed.
func Observe(ctx context.Context, c provider.Calendar, last series.Snapshot, in provider.Interest,
) (series.Snapshot, error) {
	s, err := c.Observe(ctx, series.Pack(last), in)
	return s.Snapshot(), err
}
