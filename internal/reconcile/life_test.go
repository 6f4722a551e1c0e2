package reconcile_test

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"pgregory.net/rapid"

	"holdfast/internal/plan"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
)

// life is an org in which the admin and the people do as they please.
type life struct {
	*org
	t     *rapid.T
	pairs []string
}

var pairs = []string{"mia/raj", "mia/lee", "lee/ana"}

func newLife(t *rapid.T) *life {
	server := rapid.SampledFrom(slices.Sorted(maps.Keys(servers))).Draw(t, "server")
	l := &life{newOrg(t, servers[server]), t, pairs}
	l.policy.MaxEndings.Count = 20
	return l
}

func (l *life) anybody() string {
	return rapid.SampledFrom(slices.Sorted(maps.Keys(l.people))).Draw(l.t, "person")
}

func (l *life) day() series.Date {
	return series.DateOf(l.now).AddDays(rapid.IntRange(-7, 50).Draw(l.t, "day"))
}

func (l *life) slot() series.Slot {
	s, err := series.ParseSlotLine(
		rapid.SampledFrom([]string{
			tuesdays,
			"Thu 14:00 1h0m0s 1w Europe/Berlin",
			"Fri 09:00 30m0s 2w Asia/Kolkata",
			"Mon 23:30 1h0m0s 1w America/New_York",
			"Wed 11:00 1h0m0s 4w Europe/Berlin",
			"Wed 11:00 1h0m0s 2w Europe/Berlin",
		}).Draw(l.t, "slot"),
	)
	l.must(err)
	return s
}

// administer changes the roster.
func (l *life) administer() {
	pair := rapid.SampledFrom(l.pairs).Draw(l.t, "pair")
	id := l.anybody()
	switch rapid.IntRange(0, 7).Draw(l.t, "change") {
	case 0:
		l.wish(pair, "none", nil)
	case 1:
		p := l.people[id]
		from := l.day()
		p.Away = []series.Away{{From: from, To: from.AddDays(rapid.IntRange(0, 20).Draw(l.t, "days")), Why: "leave"}}
		l.people[id] = p
	case 2:
		p := l.people[id]
		p.Away = nil
		l.people[id] = p
	case 3:
		p := l.people[id]
		from := series.TimeOfDay(60 * rapid.IntRange(0, 14).Draw(l.t, "hours"))
		p.Hours = weekdays(from, from+9*60)
		l.people[id] = p
	default:
		l.wish(pair, l.slot().Line(), func(s *series.Series) {
			s.Place = rapid.SampledFrom([]string{"", "Room Alder", "Room Birch"}).Draw(l.t, "place")
			s.Link = rapid.SampledFrom([]string{"", "https://docs.example.com/a", "https://docs.example.com/b"}).
				Draw(l.t, "link")
			if rapid.IntRange(0, 4).Draw(l.t, "dated") == 0 {
				s.Ends = l.day()
			}
			if rapid.IntRange(0, 4).Draw(l.t, "dated") == 0 {
				s.Starts = l.day()
			}
			s.Auto = s.Ends.IsZero() && rapid.IntRange(0, 5).Draw(l.t, "auto") == 0
			if s.Auto {
				s.Slot.Weekday, s.Slot.At = 0, 0
				s.Line = fmt.Sprintf("auto %s %dw manager", s.Slot.Duration, s.Slot.Every)
			}
		})
	}
}

// act is something that a person does to a series or copy in their calendar. gentle people take no meeting away.
func (l *life) act(gentle bool) {
	id := l.anybody()
	h, snap := l.world.Hands(id), l.see(id)
	all := append(snap.Series, snap.Copies...)
	acts := map[string]func() error{
		"busy": func() error {
			rule := rapid.SampledFrom([]string{"", "FREQ=WEEKLY"}).Draw(l.t, "rule")
			s := l.slot()
			_, err := h.AddBusy(
				series.Busy{Start: s.On(s.First(l.day())), Duration: time.Hour, Zone: berlin, RRule: rule, Kind: series.Hard},
				"x",
			)
			return err
		},
	}
	if !gentle {
		acts["out of office"] = func() error {
			_, err := h.AddBusy(
				series.Busy{
					Start:    series.Instant(l.day(), 0, berlin),
					Duration: 72 * time.Hour,
					AllDay:   true,
					Zone:     berlin,
					Kind:     series.AwayKind,
				},
				"x",
			)
			return err
		}
		acts["a 1:1 of their own"] = func() error {
			pair, _ := series.ParsePair(rapid.SampledFrom(l.pairs).Draw(l.t, "with"))
			s := l.slot()
			e := series.Event{
				Start:     s.On(s.First(l.day())),
				Zone:      s.Zone,
				Duration:  s.Duration,
				Rule:      series.Rule{Plain: rapid.Bool().Draw(l.t, "recurs"), Every: s.Every},
				Title:     "1:1 " + pair.String(),
				Organizer: id + "@example.com",
			}
			if rapid.Bool().Draw(l.t, "people") {
				for _, other := range []string{pair.Manager, pair.Report} {
					if other != id {
						e.Guests = append(e.Guests, series.Guest{Address: other + "@example.com"})
					}
				}
			}
			_, err := h.Add(e)
			return err
		}
	}
	if len(all) > 0 {
		e := all[rapid.IntRange(0, len(all)-1).Draw(l.t, "event")]
		until := series.DateOf(l.now).AddDays(60)
		if last := e.LastDay(); !last.IsZero() && last.Before(until) {
			until = last
		}
		days := e.Slot().Dates(e.First(), series.DateOf(l.now), until)
		if len(days) == 0 {
			days = []series.Date{e.First()}
		}
		at := e.Slot().On(rapid.SampledFrom(days).Draw(l.t, "meeting"))
		which := rapid.SampledFrom([]time.Time{at, {}}).Draw(l.t, "one or all")
		by := time.Duration(rapid.IntRange(-60, 60).Draw(l.t, "hours")) * time.Hour
		acts["move"] = func() error { return h.Move(e.ID, at, at.Add(by)) }
		acts["resize"] = func() error { return h.Resize(e.ID, at, 30*time.Minute) }
		acts["put back"] = func() error { return h.PutBack(e.ID, at) }
		acts["relocate"] = func() error { return h.Relocate(e.ID, which, "Lobby") }
		acts["unlink"] = func() error { return h.SetLink(e.ID, which, "") }
		acts["link"] = func() error { return h.SetLink(e.ID, which, "https://elsewhere.example.com/") }
		acts["invite"] = func() error { return h.AddGuest(e.ID, "zoe@example.com") }
		acts["free"] = func() error { return h.SetFree(e.ID) }
		acts["note"] = func() error { return h.Note(e.ID, "a note") }
		acts["answer"] = func() error {
			return h.Answer(
				e.ID,
				which,
				id+"@example.com",
				rapid.SampledFrom([]series.PartStat{series.Accepted, series.Declined}).Draw(l.t, "answer"),
			)
		}
		if !gentle {
			acts["cancel"] = func() error { return h.Cancel(e.ID, at) }
			acts["strike"] = func() error { return h.CancelStatus(e.ID, which) }
			acts["end"] = func() error { return h.EndAt(e.ID, at) }
			acts["delete"] = func() error { return h.Delete(e.ID) }
			acts["duplicate"] = func() error { _, err := h.Duplicate(e.ID); return err }
			acts["strip"] = func() error { return h.StripMark(e.ID) }
			acts["split"] = func() error { _, err := h.Split(e.ID, at, at.Add(max(by, -12*time.Hour))); return err }
			acts["move all"] = func() error {
				s := l.slot()
				return h.MoveAll(e.ID, s, s.InWeek(e.First()))
			}
		}
	}
	_ = acts[rapid.SampledFrom(slices.Sorted(maps.Keys(acts))).Draw(l.t, "act")]() // what a server refuses is not done
}

func (l *life) wait() {
	l.now = l.now.Add(
		time.Duration(rapid.SampledFrom([]int{1, 60, 24 * 60, 3 * 24 * 60, 8 * 24 * 60}).Draw(l.t, "minutes")) * time.Minute,
	)
}

func (l *life) randomPolicy() {
	l.policy.Moved = rapid.SampledFrom([]string{plan.PolicyFlag, plan.PolicyRestore}).Draw(l.t, "moved")
	l.policy.SeriesMoved = rapid.SampledFrom([]string{plan.PolicyFlag, plan.PolicyRestore, plan.PolicyAccept}).
		Draw(l.t, "series_moved")
	l.policy.SeriesEnded = rapid.SampledFrom([]string{plan.PolicyFlag, plan.PolicyRestore}).Draw(l.t, "series_ended")
}

// settle makes a round, and then one in which there is nothing to do. It makes one more before where an absence is
// proven only by the second look, where people made copies of series: one may follow on what a round has ended, and
// where a series was brought back: at Google it shows only then what a person did to single meetings before deleting
// it. A copy that is missing without proof is flagged in the third round.
func (l *life) settle(r *reconcile.Reconciler) {
	l.Helper()
	out := l.once(r)
	if l.twice(out) {
		out = l.once(r)
	}
	for left := 2; absent(out) && left > 0; left-- {
		out = l.once(r)
	}
	for left := 3; l.undelivered(r, out) && left > 0; left-- {
		out = l.once(r)
	}
	l.quiet(r)
}

// twice reports whether the round left something that only another one can know or do.
func (l *life) twice(out reconcile.Round) bool {
	again := slices.ContainsFunc(
		slices.Collect(maps.Values(out.Outages)),
		func(b reconcile.Outage) bool { return b.Kind == "missing" },
	)
	for _, v := range out.Views {
		for _, g := range slices.Concat(v.Gone, v.GoneCopies) {
			again = again || !g.Proven
		}
		for _, e := range slices.Concat(v.Chain, v.Duplicates) {
			again = again || !e.Derived
		}
	}
	_, inMemory := l.world.(memoryWorld)
	putsBackLater := slices.ContainsFunc(out.Plan.Held, func(h plan.Held) bool { return h.Action == plan.Restore })
	for _, c := range out.Applied {
		again = again || c.Action == plan.End && putsBackLater // the meetings that ended were in its way
		again = again || slices.ContainsFunc(c.Steps, func(s plan.Step) bool { return s.Revive != nil && !inMemory })
	}
	return again
}

// absent reports whether a copy is missing that is told after three observations.
func absent(out reconcile.Round) bool {
	return slices.ContainsFunc(out.Views, func(v *series.View) bool {
		return slices.ContainsFunc(v.GoneCopies, func(g series.Gone) bool { return !g.Proven && g.Rounds < 3 })
	})
}

// undelivered reports whether a delivery did not show, and will be tried again. The one that may not is a change of a
// meeting after the day on which its report ended their copy: Google has no place for it.
func (l *life) undelivered(r *reconcile.Reconciler, out reconcile.Round) bool {
	l.Helper()
	pending := false
	for to, try := range r.Journal.(*journal).tries {
		pending = pending || try.Rounds < 3
		for _, v := range out.Views {
			for _, c := range v.Copies {
				if v.Pair == to.Pair && c.UID == to.UID && (c.LastDay().IsZero() || to.Calendar != v.Pair.Report) {
					l.Fatalf("%+v does not show\n%s", to, l.did)
				}
			}
		}
	}
	return pending
}

// glance makes a round that reads some of the calendars only.
func (l *life) glance(r *reconcile.Reconciler) {
	l.Helper()
	due := map[string]bool{}
	for _, id := range slices.Sorted(maps.Keys(l.people)) {
		due[id] = rapid.Bool().Draw(l.t, id+" is due")
	}
	r.Due = func(p series.Person, _ series.Packed) bool { return due[p.ID] }
	defer func() { r.Due = nil }()
	l.once(r)
}
