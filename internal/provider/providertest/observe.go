package providertest

import (
	"context"
	"slices"
	"strings"
	"time"

	"holdfast/internal/provider"
	"holdfast/internal/series"
)

const secret = "Kneecap surgery"

var observing = []check{
	{"observe/empty", "Observe reads the calendar: complete, or an error", func(b *bench) {
		for _, a := range []Actor{b.Manager, b.Report} {
			s := b.see(a)
			if n := len(s.Series) + len(s.Copies) + len(s.Candidates) + len(s.StandIns) + len(s.Busy) + len(s.Gone) + len(s.Objects); n != 0 {
				b.Errorf("an empty calendar has %d things in it", n)
			}
			b.again(a)
		}
	}},
	{"observe/cursor", "an expired cursor leads to a full listing inside, never to an error", func(b *bench) {
		e := b.lived()
		last := b.see(b.Manager)
		for _, cursor := range []string{"", "garbage", "http://example.com/ns/sync/1", strings.Repeat("9", 30)} {
			last.Cursor = cursor
			s := got[series.Snapshot](b)(Observe(b.ctx, b.Manager.Calendar, last, b.interest(b.Manager)))
			b.sameSnapshot("with cursor "+cursor, b.last[b.Manager.Person.ID], s)
		}
		b.sees("after all", e, func(*series.Event) {})
	}},
	{"observe/interest", "another Interest leads to a full listing inside", func(b *bench) {
		id := b.ownOneOnOne()
		nobody := b.interest(b.Manager)
		nobody.Pairs = nil
		s := got[series.Snapshot](b)(Observe(b.ctx, b.Manager.Calendar, series.Snapshot{}, nobody))
		if len(s.Candidates) != 0 || len(s.Busy) != 1 || s.Interest == b.interest(b.Manager).Hash() {
			b.Errorf("looking for nobody: %d candidates, %d busy", len(s.Candidates), len(s.Busy))
		}
		b.last[b.Manager.Person.ID] = s
		if s = b.see(b.Manager); len(s.Candidates) != 1 || s.Candidates[0].Event.ID != id || len(s.Busy) != 0 {
			b.Errorf("looking for the pair: %d candidates, %d busy", len(s.Candidates), len(s.Busy))
		}
	}},
	{"observe/changes", "with last it asks only for what changed, and carries over what did not", func(b *bench) {
		e, h := b.lived(), b.Manager.Hands
		other := b.busy(secret)
		b.see(b.Manager)
		b.must(h.Move(e.ID, b.at(9), b.at(9).Add(time.Hour)))
		b.see(b.Manager)
		b.must(h.Delete(other))
		b.must(h.Relocate(e.ID, b.at(9), "Cellar"))
		b.see(b.Manager)
		second := got[string](b)(h.Duplicate(e.ID))
		b.see(b.Manager)
		b.must(h.Delete(second))
		b.must(h.Delete(got[string](b)(h.Duplicate(e.ID)))) // made and deleted between two looks
		b.see(b.Manager)
		b.again(b.Manager)
		b.must(h.Delete(e.ID))
		b.busy(secret)
		b.none()
		b.again(b.Manager)
	}},
	{"observe/other-events", "of all other events: time and kind; titles, guests and bodies are dropped inside the provider", func(b *bench) {
		d, h := b.day(1).AddDays(1), b.Manager.Hands
		noon := series.Instant(d, 12*60, berlin)
		want := map[string]series.Busy{}
		for _, x := range []series.Busy{
			{Start: noon, Duration: 90 * time.Minute, Zone: berlin, Kind: series.Hard},
			{Start: noon.Add(24 * time.Hour), Duration: time.Hour, Zone: berlin, Kind: series.Soft},
			{Start: noon.Add(48 * time.Hour), Duration: 3 * time.Hour, Zone: berlin, Kind: series.AwayKind},
			{Start: noon, Duration: 30 * time.Minute, Zone: "America/New_York", RRule: "FREQ=DAILY;COUNT=5", ExDates: []time.Time{noon.Add(48 * time.Hour)}, Kind: series.Hard},
			{Start: series.Instant(d, 0, berlin), Duration: 48 * time.Hour, Zone: berlin, AllDay: true, Kind: series.AwayKind},
		} {
			want[got[string](b)(h.AddBusy(x, secret))] = x
		}
		s := b.see(b.Manager)
		if len(s.Busy) != len(want) || len(s.Objects) != len(want) {
			b.Fatalf("%d busy in %d objects, want %d", len(s.Busy), len(s.Objects), len(want))
		}
		var left []series.Busy
		for _, x := range want {
			left = append(left, x)
		}
		for _, have := range s.Busy {
			i := slices.IndexFunc(left, func(x series.Busy) bool { return sameBusy(x, have) })
			if i < 0 {
				b.Errorf("nobody is busy so: %+v", have)
				continue
			}
			left = slices.Delete(left, i, i+1)
		}
		b.noText(s, secret)
		b.again(b.Manager)
	}},
	{"observe/other-org", "another org's mark is never ours, and known as foreign", func(b *bench) {
		s := b.wish()
		s.Org, s.Title = b.Org+"-other", secret
		ref := b.ref(b.Manager.Calendar.Create(b.ctx, s))
		b.must(b.Manager.Hands.Cancel(ref.ID, b.at(2)))
		b.must(b.Manager.Hands.Move(ref.ID, b.at(4), b.at(4).Add(time.Hour)))
		snap := b.see(b.Manager)
		known := len(snap.Candidates) == 1 && snap.Candidates[0].Foreign
		if len(snap.Series)+len(snap.Copies) != 0 || !known || len(snap.Busy) != 2 {
			b.Fatalf("%d series, %d copies, %d candidates, %d busy", len(snap.Series), len(snap.Copies), len(snap.Candidates), len(snap.Busy))
		}
		rule, one := snap.Busy[0], snap.Busy[1]
		if rule.RRule == "" {
			rule, one = one, rule
		}
		out := slices.SortedFunc(slices.Values(rule.ExDates), time.Time.Compare)
		if !rule.Start.Equal(b.at(0)) || !slices.EqualFunc(out, []time.Time{b.at(2), b.at(4)}, time.Time.Equal) || !one.Start.Equal(b.at(4).Add(time.Hour)) {
			b.Errorf("busy weekly from %v but %v, and at %v", rule.Start, out, one.Start)
		}
		b.noText(snap, secret)
		b.ref(b.Manager.Calendar.Create(b.ctx, b.wish()))
		b.one()
	}},
	{"observe/candidates", "candidates are unmarked recurring events whose only people are a pair of the roster", func(b *bench) {
		id := b.ownOneOnOne()
		with := func(title string, guests ...string) {
			e := series.Event{Start: b.at(0).Add(4 * time.Hour), Zone: berlin, Duration: time.Hour, Rule: series.Rule{Plain: true, Every: 1},
				Title: title, Organizer: b.Manager.Person.Email}
			for _, g := range guests {
				e.Guests = append(e.Guests, series.Guest{Address: g, Answer: series.NeedsAction})
			}
			got[string](b)(b.Manager.Hands.Add(e))
		}
		with(secret, b.Report.Person.Email, b.Third.Email)
		with(secret, b.Third.Email)
		with(secret)
		s := b.see(b.Manager)
		if len(s.Candidates) != 1 || len(s.Busy) != 3 || len(s.Series) != 0 {
			b.Fatalf("%d candidates, %d busy, %d series", len(s.Candidates), len(s.Busy), len(s.Series))
		}
		c := s.Candidates[0]
		if c.Pair != b.pair() || c.Event.ID != id || c.Event.Slot() != tuesdays || c.Event.First() != b.day(0) || !c.Event.Mark.IsZero() ||
			c.Event.Place != "Terrace" || c.Event.Organizer != series.Address(b.Manager.Person.Email) || len(c.Event.Guests) != 1 {
			b.Errorf("candidate %v: %s from %v, %d guests", c.Pair, c.Event.Slot().Line(), c.Event.First(), len(c.Event.Guests))
		}
		b.noText(s, ownTitle)
		b.noText(s, secret)
		b.again(b.Manager)
	}},
	{"observe/rest", "what follows ours with its people is known when ours is cut, and when it is gone", func(b *bench) {
		e, h := b.book(), b.Manager.Hands
		b.must(h.AddGuest(e.ID, b.Third.Email))
		rest := got[string](b)(h.Add(series.Event{
			Start:     b.at(5).Add(4 * time.Hour),
			Zone:      berlin,
			Duration:  time.Hour,
			Rule:      series.Rule{Plain: true, Every: 1},
			Title:     secret,
			Organizer: b.Manager.Person.Email,
			Guests: []series.Guest{
				{Address: b.Report.Person.Email, Answer: series.NeedsAction},
				{Address: b.Third.Email, Answer: series.NeedsAction},
			},
		}))
		if n := len(b.see(b.Manager).Candidates); n != 0 {
			b.Fatalf("%d candidates beside a series that goes on", n)
		}
		b.must(h.EndAt(e.ID, b.at(4)))
		known := func(when string) {
			s := b.see(b.Manager)
			if len(s.Candidates) != 1 || s.Candidates[0].Event.ID != rest || s.Candidates[0].Pair != b.pair() {
				b.Fatalf("%s: candidates %+v", when, s.Candidates)
			}
			b.noText(s, secret)
		}
		known("cut")
		b.again(b.Manager)
		b.must(h.Delete(e.ID))
		known("deleted")
		known("deleted and seen again")
	}},
	{"observe/stand-ins", "stand-ins are single events whose only people are a pair, or that bear our series' title in the week of an EXDATE", func(b *bench) {
		e, h := b.book(), b.Manager.Hands
		later := func(n int) time.Time { return b.at(n).Add(52 * time.Hour) }
		single := func(start time.Time, title string, guests ...string) {
			x := series.Event{Start: start, Zone: berlin, Duration: 45 * time.Minute, Title: title}
			if len(guests) > 0 {
				x.Organizer = b.Manager.Person.Email
			}
			for _, g := range guests {
				x.Guests = append(x.Guests, series.Guest{Address: g, Answer: series.NeedsAction})
			}
			got[string](b)(h.Add(x))
		}
		single(later(1), secret, b.Report.Person.Email)
		single(later(2), b.wish().Title)
		single(later(3), secret)
		single(later(4), b.wish().Title, b.Third.Email)
		b.see(b.Manager)
		b.must(h.Cancel(e.ID, b.at(1)))
		b.must(h.Cancel(e.ID, b.at(2)))
		s := b.see(b.Manager)
		if len(s.StandIns) != 2 {
			b.Fatalf("%d stand-ins, want 2", len(s.StandIns))
		}
		for _, x := range s.StandIns {
			n := 1
			if x.LookAlike {
				n = 2
			}
			if x.Pair != b.pair() || !x.Start.Equal(later(n)) || x.Duration != 45*time.Minute || x.ID == "" {
				b.Errorf("stand-in of %v at %v, look-alike %v, want %v", x.Pair, x.Start, x.LookAlike, later(n))
			}
		}
		b.noText(s, secret)
		b.again(b.Manager)
	}},
	{"observe/deletion", "absence counts as deletion after a tombstone, or 404/410 on a direct GET in two rounds", func(b *bench) {
		e := b.lived()
		b.busy(secret)
		b.see(b.Manager)
		b.must(b.Manager.Hands.Delete(e.ID))
		first := b.gone(b.Manager, e, false)
		second := b.gone(b.Manager, e, false)
		if !second.Proven || !second.Since.Equal(first.Since) {
			b.Errorf("proven %v, since %v, then %v", second.Proven, first.Since, second.Since)
		}
	}},
	{"observe/deletion-without-tombstone", "absence from a listing is proven after a direct look fails in two observations", func(b *bench) {
		e := b.book()
		b.busy(secret)
		last := b.see(b.Manager)
		b.must(b.Manager.Hands.Delete(e.ID))
		last.Cursor = "garbage"
		b.last[b.Manager.Person.ID] = last
		b.gone(b.Manager, e, false)
		if second := b.gone(b.Manager, e, false); !second.Proven {
			b.Errorf("not proven after %d rounds", second.Rounds)
		}
	}},
	{"observe/nothing-at-all", "a calendar that shows nothing proves nothing, until a person says so", func(b *bench) {
		b.book()
		second := b.wish()
		second.Generation = 2
		b.ref(b.Manager.Calendar.Create(b.ctx, second))
		both := b.see(b.Manager).Series
		for _, e := range both {
			b.must(b.Manager.Hands.Delete(e.ID))
		}
		for n := range 3 {
			s := b.none()
			if !s.Emptied || len(s.Gone) != len(both) || s.Gone[0].Proven || s.Gone[1].Proven {
				b.Fatalf("observation %d: emptied %v, gone %+v", n+1, s.Emptied, s.Gone)
			}
		}
		// Neither a lost cursor nor something new in it proves what became of them.
		last := b.last[b.Manager.Person.ID]
		last.Cursor = "garbage"
		b.last[b.Manager.Person.ID] = last
		b.none()
		b.busy(secret)
		for range 2 {
			if s := b.none(); !s.Emptied || s.Gone[0].Proven || s.Gone[1].Proven {
				b.Fatalf("something new in it: emptied %v, gone %+v", s.Emptied, s.Gone)
			}
		}
		in := b.interest(b.Manager)
		in.Confirmed = true
		s := got[series.Snapshot](b)(Observe(b.ctx, b.Manager.Calendar, b.last[b.Manager.Person.ID], in))
		if s.Emptied || len(s.Gone) != 2 || !s.Gone[0].Proven || !s.Gone[1].Proven {
			b.Errorf("confirmed: emptied %v, gone %+v", s.Emptied, s.Gone)
		}
	}},
	{"observe/the-only-one-deleted", "one deletion is an answer, though it leaves nothing", func(b *bench) {
		e := b.book()
		b.must(b.Manager.Hands.Delete(e.ID))
		if g := b.gone(b.Manager, e, false); !g.Proven {
			b.Error("a tombstone is not believed")
		}
	}},
	{"observe/marks-of-nobody", "a mark counts for pairs of the roster, in calendars of the two", func(b *bench) {
		never := b.wish()
		never.Pair = series.Pair{Manager: b.Report.Person.ID, Report: "nobody"}
		never.Manager, never.Report = b.Report.Person, b.Third
		theirs := never
		theirs.Pair = b.pair() // under the identity of the pair's own series
		for _, s := range []series.Series{never, theirs} {
			b.ref(b.Report.Calendar.Create(b.ctx, s))
		}
		s := b.see(b.Report)
		if len(s.Series)+len(s.Copies)+len(s.Candidates)+len(s.StandIns) != 0 || len(s.Busy) != 2 {
			b.Errorf("%d series, %d copies, %d busy", len(s.Series), len(s.Copies), len(s.Busy))
		}
		for id, o := range s.Objects {
			if o.Pair != (series.Pair{}) {
				b.Errorf("%s is of pair %v", id, o.Pair)
			}
		}
		b.noText(s, never.Title)
	}},
	{"observe/owner", "the owner is whom the server says it is, under whatever address", func(b *bench) {
		if !b.KnowsOwner {
			return
		}
		e := b.book()
		in := b.interest(b.Manager)
		const listed = "listed.otherwise@example.test"
		in.Owner, in.Pairs[0].Manager = []string{listed}, []string{listed}
		s := got[series.Snapshot](b)(Observe(b.ctx, b.Manager.Calendar, series.Snapshot{}, in))
		real := series.Address(b.Manager.Person.Email)
		if len(s.Series) != 1 || s.Series[0].Organizer != listed || !slices.Contains(s.Owner, real) {
			b.Fatalf("%d series, %d copies, owner %v", len(s.Series), len(s.Copies), s.Owner)
		}
		b.same("under another address", b.but(e, func(x *series.Event) { x.Organizer = listed }), s.Series[0])
		one := got[series.Event](b)(b.Manager.Calendar.Read(b.ctx, e.ID, in))
		b.same("read directly", s.Series[0], one)
		again := got[series.Snapshot](b)(Observe(b.ctx, b.Manager.Calendar, s, in))
		b.sameSnapshot("and again", s, again)
	}},
	{"observe/read", "Read is one direct reading of one event, as Observe has it", func(b *bench) {
		e := b.lived()
		b.same("read directly", e, got[series.Event](b)(b.Manager.Calendar.Read(b.ctx, e.ID, b.interest(b.Manager))))
		b.must(b.Manager.Hands.Move(e.ID, b.at(9), b.at(9).Add(time.Hour)))
		one := got[series.Event](b)(b.Manager.Calendar.Read(b.ctx, e.ID, b.interest(b.Manager)))
		if m := b.meeting(one, b.at(9)); !m.Start.Equal(b.at(9).Add(time.Hour)) || one.Version == e.Version {
			b.Errorf("read at %v, version %s after %s", m.Start, one.Version, e.Version)
		}
		b.must(b.Manager.Hands.Delete(e.ID))
		_, err := b.Manager.Calendar.Read(b.ctx, e.ID, b.interest(b.Manager))
		b.wantKind(err, provider.NotFound, "a deleted event")
	}},
	{"observe/writes-nothing", "Observe reads", func(b *bench) {
		e := b.lived()
		b.copied()
		for range 3 {
			b.again(b.Manager)
			b.again(b.Report)
		}
		if now := b.one(); now.Ref != e.Ref {
			b.Errorf("observing changed %v to %v", e.Ref, now.Ref)
		}
	}},
	{"observe/ended", "a context that is over ends the call with an error", func(b *bench) {
		b.book()
		over, cancel := context.WithCancel(b.ctx)
		cancel()
		_, err := Observe(over, b.Manager.Calendar, b.last[b.Manager.Person.ID], b.interest(b.Manager))
		if err == nil || provider.KindOf(err) == provider.Auth {
			b.Errorf("observed after the end: %v", err)
		}
	}},
}

// busy adds an hour of something else, away from all that the checks do.
func (b *bench) busy(text string) string {
	b.Helper()
	return got[string](b)(b.Manager.Hands.AddBusy(series.Busy{Start: b.at(20).Add(72 * time.Hour), Duration: time.Hour, Zone: berlin, Kind: series.Hard}, text))
}

// gone sees that e is no longer on the actor's calendar, and returns what is told of that.
func (b *bench) gone(a Actor, e series.Event, copied bool) series.Gone {
	b.Helper()
	s := b.see(a)
	for _, x := range slices.Concat(s.Series, s.Copies) {
		if x.UID == e.UID {
			b.Fatalf("%s is gone and still there", e.UID)
		}
	}
	if len(s.Gone) != 1 {
		b.Fatalf("%d gone, want 1", len(s.Gone))
	}
	g := s.Gone[0]
	if g.ID != e.ID || g.Pair != e.Mark.Pair || g.Generation != e.Mark.Generation || g.Copy != copied || g.Rounds < 1 {
		b.Errorf("gone: %q of %v, generation %d, copy %v, %d rounds", g.ID, g.Pair, g.Generation, g.Copy, g.Rounds)
	}
	b.same("as it was last seen", e, g.Last)
	return g
}

// sameBusy reports whether both tell the same time taken. The days of a rule in parts that do not matter, and the zone
// of a single event, may be told in several ways.
func sameBusy(want, have series.Busy) bool {
	if want.Kind != have.Kind || want.AllDay != have.AllDay || have.ID == "" {
		return false
	}
	if want.AllDay {
		return series.DateOf(want.Start) == series.DateOf(have.Start)
	}
	return want.Start.Equal(have.Start) && want.Duration == have.Duration && sameRule(want.RRule, have.RRule) &&
		(want.RRule == "" || want.Zone == have.Zone) &&
		slices.EqualFunc(want.ExDates, have.ExDates, time.Time.Equal)
}

// sameRule compares rules without the parts that only state a default.
func sameRule(a, b string) bool {
	parts := func(rule string) []string {
		out := slices.DeleteFunc(strings.Split(strings.ToUpper(rule), ";"), func(p string) bool { return p == "INTERVAL=1" || p == "WKST=MO" })
		slices.Sort(out)
		return out
	}
	return slices.Equal(parts(a), parts(b))
}
