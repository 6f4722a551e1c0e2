package see_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"holdfast/internal/access"
	"holdfast/internal/act"
	"holdfast/internal/deed"
	"holdfast/internal/drift"
	"holdfast/internal/see"
	"holdfast/internal/series"
)

// marked are the words that drawn stories have what is private of a pair by, and of a person.
var (
	marked = regexp.MustCompile(`mark-[a-z]+/[a-z]+`)
	times  = regexp.MustCompile(`2026-12-1\dT[0-9:]+:17`) // that only events of others begin at
)

// private draws an org in which all that is private of a pair names it, and all that is private of a person's other
// events is at 17 minutes past.
func private(t *rapid.T) (s story, pairs []series.Pair) {
	s.At = time.Date(2026, time.December, 7, 9, 0, 0, 0, time.UTC)
	ids := []string{"amy", "bob", "cay", "dan", "eve"}
	s.Busy = map[string][]busy{}
	for i, id := range ids {
		s.People = append(s.People, person{ID: id, Name: id, Zone: "Europe/Berlin", Calendar: "office"})
		s.Busy[id] = []busy{{Start: time.Date(2026, 12, 8, 8+i, 17, 0, 0, time.UTC), Hours: 1}}
	}
	for i := 1; i < len(ids); i++ {
		m := ids[rapid.IntRange(0, i-1).Draw(t, "manager")]
		pairs = append(pairs, series.Pair{Manager: m, Report: ids[i]})
	}
	kinds := []drift.Kind{drift.DoubleBooked, drift.Moved, drift.Cancelled, drift.SeriesMoved, drift.SlotUnfit,
		drift.PlaceChanged, drift.Undelivered}
	for i, p := range pairs {
		mark, monday := "mark-"+p.String(), series.Date{Year: 2026, Month: time.December, Day: 7}
		other := pairs[rapid.IntRange(0, len(pairs)-1).Draw(t, "other")]
		s.Rows = append(s.Rows, row{Pair: p, Slot: "Tue 10:00 1h0m0s 1w Europe/Berlin", First: monday.AddDays(1),
			Place: mark, Agenda: "https://docs.example.com/" + mark,
			Held: []held{
				{Action: "restore", Because: "mark-" + p.String() + " has another 1:1, mark-" + other.String(), Others: true},
				{Action: "create", Because: fmt.Sprintf("the 1:1 of %s is held: mark-%[1]s", other), Waits: true},
			}})
		kind := rapid.SampledFrom(kinds).Draw(t, "kind")
		owner := rapid.SampledFrom([]string{p.Manager, p.Report}).Draw(t, "owner")
		f := aFlag{Pair: p, Kind: kind, On: monday.AddDays(1 + 7*(i%3)), Detail: mark, By: drift.ByUnknown,
			Whose: []string{owner}}
		if kind == drift.DoubleBooked {
			f.To = series.AspectOf(time.Date(2026, 12, 15, 9, 17, 0, 0, time.UTC))
			f.Why = []string{"hint-" + owner}
		}
		s.Flags = append(s.Flags, f)
		s.Told = append(s.Told, told{Reader: p.Manager, Channel: mark, At: s.At.Add(-time.Hour), Flag: i})
		s.Deeds = append(s.Deeds, did{At: s.At, Who: p.Report, From: act.Page, Kind: deed.Invite, Pair: p})
		s.Visits = append(s.Visits, visit{At: s.At, Who: p.Report, From: access.FromPage, What: access.ThePair, Pair: p})
		s.Outcomes = append(s.Outcomes, p.String()+" 2026-12-01 cancelled report 17h")
	}
	return s, pairs
}

// Whatever stands in the journal, what is private of a pair is seen by its two, the times of a person's other events by
// nobody else, and by an admin none of it.
func TestPrivateThingsStayPrivate(t *testing.T) {
	outer, seen := t, 0
	rapid.Check(t, func(t *rapid.T) {
		s, pairs := private(t)
		all := s.tell(outer)
		ctx := context.Background()
		for _, who := range append([]string{"admin", "nobody", "zoe"}, "amy", "bob", "cay", "dan", "eve") {
			a := actor(who)
			of := func(v any, err error) string {
				switch {
				case err == nil:
					return text(v)
				case !errors.Is(err, see.ErrNotIn) && !errors.Is(err, see.ErrNotYours):
					t.Fatal(err)
				}
				return ""
			}
			shown := ""
			shown += of(all.Mine(ctx, a))
			week, err := all.Week(ctx, a, series.Date{Year: 2026, Month: time.December, Day: 8})
			week.Busy = nil
			shown += of(week, err)
			shown += of(all.Admin(ctx, a)) + of(all.AdminPlan(ctx, a)) + of(all.AdminPairs(ctx, a)) +
				of(all.AdminCalendars(ctx, a))
			for _, p := range pairs {
				v, err := all.Pair(ctx, a, p)
				if (err == nil) != p.Has(who) {
					t.Fatalf("%s sees %s: %v", who, p, err)
				}
				shown += of(v, err)
			}
			for _, m := range marked.FindAllString(shown, -1) {
				seen++
				if p, _ := series.ParsePair(m[len("mark-"):]); !p.Has(who) {
					t.Fatalf("%s sees %s:\n%s", who, m, shown)
				}
			}
			owns := slices.ContainsFunc(s.Flags, func(f aFlag) bool { return f.Kind == drift.DoubleBooked && f.Whose[0] == who })
			if times.MatchString(shown) != owns {
				t.Fatalf("%s, who owns it: %v, sees when another's event is:\n%s", who, owns, shown)
			}
			for _, id := range regexp.MustCompile(`hint-[a-z]+`).FindAllString(shown, -1) {
				if id != "hint-"+who {
					t.Fatalf("%s sees %s", who, id)
				}
			}
		}
	})
	if seen == 0 {
		t.Error("nobody saw anything")
	}
}
