package slotting_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"holdfast/internal/series"
	"holdfast/internal/slotting"
)

var monday = series.Date{Year: 2026, Month: time.November, Day: 30}

func hours(from, to int) series.Hours {
	h := make(series.Hours, 7)
	for d := time.Monday; d <= time.Friday; d++ {
		h[d] = []series.Window{{From: series.TimeOfDay(60 * from), To: series.TimeOfDay(60 * to)}}
	}
	return h
}

func person(id, zone string, h series.Hours) series.Person {
	return series.Person{ID: id, Zone: zone, Hours: h}
}

// want is a weekly hour of the two, on the manager's clock.
func want(m, r series.Person) series.Series {
	return series.Series{Pair: series.Pair{Manager: m.ID, Report: r.ID}, Manager: m, Report: r, Auto: true,
		Slot: series.Slot{Duration: time.Hour, Every: 1, Zone: m.Zone}}
}

// each week of the horizon, so many hours from the Monday's midnight in Berlin on.
func weekly(weeks, hour, length int, kind series.Kind) []series.Interval {
	var out []series.Interval
	for w := range weeks {
		at := series.Instant(monday.AddDays(7*w+hour/24), series.TimeOfDay(hour%24*60), "Europe/Berlin")
		out = append(out, series.Interval{Start: at, End: at.Add(time.Duration(length) * time.Hour), Kind: kind})
	}
	return out
}

func TestChoose(t *testing.T) {
	berlin, tokyo := "Europe/Berlin", "Asia/Tokyo"
	day := hours(9, 17)
	mia, raj, lee := person("mia", berlin, day), person("raj", berlin, day), person("lee", tokyo, day)
	busy := func(id string, in ...[]series.Interval) map[string][]series.Interval {
		return map[string][]series.Interval{id: slices.Concat(in...)}
	}
	allDay := func(weeks int, days ...int) (out []series.Interval) {
		for _, d := range days {
			out = append(out, weekly(weeks, 24*d+8, 10, series.Hard)...)
		}
		return out
	}
	narrow := series.Hours{time.Tuesday: {{From: 600, To: 660}}, time.Friday: {{From: 600, To: 660}}}
	away := raj
	away.Hours = narrow
	away.Away = []series.Away{{From: monday.AddDays(1), To: monday.AddDays(1), Why: "holiday"}}
	inRoom := func(s series.Series, place, slot string) series.Series {
		s.Place = place
		if slot != "" {
			s.Slot, _ = series.ParseSlotLine(slot)
		}
		return s
	}
	ann, bob := person("ann", berlin, narrow), person("bob", berlin, day)
	// Where clocks change on a Friday, two days before Berlin's.
	noa := person("noa", "Asia/Jerusalem", series.Hours{time.Tuesday: {{From: 660, To: 720}}})
	for name, c := range map[string]struct {
		in   slotting.Input
		want string
	}{
		"not the first hour of the week": {slotting.Input{Want: []series.Series{want(mia, raj)}}, "mia/raj Mon 10:00 Europe/Berlin"},
		"hours never overlap":            {slotting.Input{Want: []series.Series{want(mia, lee)}}, "mia/lee: the working hours of mia and lee never overlap for 1h0m0s"},
		"calendars are full": {slotting.Input{Want: []series.Series{want(mia, raj)}, Busy: busy("raj", allDay(9, 0, 1, 2, 3, 4))},
			"mia/raj: other events of mia and raj take all of the working hours that they share"},
		"what recurs cannot be met over": {slotting.Input{Want: []series.Series{want(mia, raj)}, Busy: busy("raj", allDay(9, 0, 1, 2, 4))}, "mia/raj Thu 09:00 Europe/Berlin"},
		"what is once costs":             {slotting.Input{Want: []series.Series{want(mia, away)}, Busy: busy("mia", allDay(1, 1, 4), allDay(2, 1))}, "mia/raj Fri 10:00 Europe/Berlin"},
		"away costs":                     {slotting.Input{Want: []series.Series{want(mia, away)}}, "mia/raj Fri 10:00 Europe/Berlin"},
		"all is taken by other 1:1s": {slotting.Input{Want: []series.Series{want(mia, away)}, Booked: map[string][]series.Slot{
			"mia": {{Weekday: time.Tuesday, At: 590, Duration: 20 * time.Minute, Every: 1, Zone: berlin}},
			"raj": {{Weekday: time.Friday, At: 9*60 + 45, Duration: time.Hour, Every: 2, Zone: "Europe/London"}}}},
			"mia/raj: no slot is free for both mia and raj within their working hours"},
		"a slot that is in another zone": {slotting.Input{Want: []series.Series{want(mia, away)}, Booked: map[string][]series.Slot{
			"mia": {{Weekday: time.Tuesday, At: 18 * 60, Duration: time.Hour, Every: 1, Zone: tokyo}}}}, "mia/raj Fri 10:00 Europe/Berlin"},
		"another has the room": {slotting.Input{Want: []series.Series{inRoom(want(mia, away), "Alder", "")}, Stand: []series.Series{
			inRoom(want(bob, person("cy", berlin, day)), "Alder", "Tue 10:30 1h 1w Europe/Berlin"),
			inRoom(want(bob, person("di", berlin, day)), "Alder", "Fri 09:30 1h 1w Europe/Berlin")}},
			"mia/raj: whenever both mia and raj are free, another 1:1 has the room"},
		"a link is no room": {slotting.Input{Want: []series.Series{inRoom(want(mia, away), "https://meet.example", "")}, Stand: []series.Series{
			inRoom(want(bob, ann), "https://meet.example", "Fri 10:00 1h 1w Europe/Berlin")}}, "mia/raj Fri 10:00 Europe/Berlin"},
		"a clock that is another for two days": {slotting.Input{Want: []series.Series{want(ann, noa)}, Stand: []series.Series{
			inRoom(want(noa, person("cy", noa.Zone, day)), "", "Tue 12:00 1h 1w Asia/Jerusalem")}}, "ann/noa Tue 10:00 Europe/Berlin"},
		"one room for two teams": {slotting.Input{Want: []series.Series{inRoom(want(mia, away), "Alder", ""), inRoom(want(bob, ann), "Alder", "")}},
			"bob/ann Tue 10:00 Europe/Berlin, mia/raj Fri 10:00 Europe/Berlin"},
	} {
		t.Run(name, func(t *testing.T) {
			c.in.From, c.in.Weeks = monday, 8
			slots, none := slotting.Choose(c.in)
			if diff := cmp.Diff(c.want, told(slots, none)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// told is slots and reasons, by pair.
func told(slots map[series.Pair]slotting.Chosen, none map[series.Pair]string) string {
	text := ""
	for _, p := range slices.SortedFunc(maps.Keys(slots), series.Pair.Compare) {
		text += fmt.Sprintf(", %s %s", p, slots[p].Slot)
	}
	for _, p := range slices.SortedFunc(maps.Keys(none), series.Pair.Compare) {
		text += fmt.Sprintf(", %s: %s", p, none[p])
	}
	return text[min(2, len(text)):]
}

var lands = []string{"Europe/Berlin", "America/New_York", "Asia/Kolkata", "Europe/London", "Australia/Sydney", "Asia/Jerusalem", "Australia/Lord_Howe"}

func anyInput(t *rapid.T) slotting.Input {
	draw := func(name string, from, to int) int { return rapid.IntRange(from, to).Draw(t, name) }
	in := slotting.Input{From: monday.AddDays(draw("from", 0, 300)), Weeks: draw("weeks", 1, 12), Booked: map[string][]series.Slot{}, Busy: map[string][]series.Interval{}}
	slot := func() series.Slot {
		return series.Slot{Weekday: time.Weekday(draw("weekday", 1, 5)), At: series.TimeOfDay(5 * draw("at", 90, 220)), Duration: time.Duration(5*draw("duration", 3, 18)) * time.Minute,
			Every: rapid.SampledFrom([]int{1, 2, 4}).Draw(t, "every"), Zone: rapid.SampledFrom(lands).Draw(t, "zone")}
	}
	var people []series.Person
	for i := range draw("people", 2, 9) {
		p := person(fmt.Sprint("p", i), rapid.SampledFrom(lands).Draw(t, "zone"), series.Hours{})
		if draw("hours", 0, 5) > 0 {
			p.Hours = hours(draw("hours", 5, 10), draw("hours", 15, 24))
		}
		for range draw("busy", 0, 6) {
			at := series.Instant(in.From.AddDays(draw("day", -7, 80)), series.TimeOfDay(draw("minute", 0, 1439)), p.Zone)
			in.Busy[p.ID] = append(in.Busy[p.ID], series.Interval{Start: at, End: at.Add(time.Duration(draw("long", 1, 300)) * time.Minute), Kind: rapid.SampledFrom([]series.Kind{series.Hard, series.Soft, series.AwayKind}).Draw(t, "kind")})
		}
		if draw("booked", 0, 3) == 0 {
			in.Booked[p.ID] = append(in.Booked[p.ID], slot())
		}
		people = append(people, p)
	}
	for r := 1; r < len(people); r++ {
		w := want(people[draw("manager", 0, r-1)], people[r])
		w.Slot = slot()
		w.Slot.Zone = rapid.SampledFrom([]string{w.Manager.Zone, w.Manager.Zone, w.Report.Zone, w.Slot.Zone}).Draw(t, "anchor")
		w.Place = rapid.SampledFrom([]string{"", "", "Alder"}).Draw(t, "place")
		if draw("stands", 0, 3) == 0 {
			in.Stand = append(in.Stand, w)
		} else {
			w.Slot.Weekday, w.Slot.At = 0, 0
			in.Want = append(in.Want, w)
		}
	}
	return in
}

// meetings are the slot's times in each of its weeks of a year, as if it were weekly.
func meetings(s series.Slot, from series.Date) []series.Interval {
	s.Every = 1
	var out []series.Interval
	for _, d := range s.Dates(s.First(from.AddDays(-7)), from.AddDays(-7), from.AddDays(364)) {
		out = append(out, series.Interval{Start: s.On(d), End: s.On(d).Add(s.Duration)})
	}
	return out
}

func overlap(a, b []series.Interval) bool {
	for _, x := range a {
		for _, y := range b {
			if x.Start.Before(y.End) && y.Start.Before(x.End) {
				return true
			}
		}
	}
	return false
}

// Whatever the clocks of both do within a year, they meet within their hours, and nobody and no room is in two 1:1s at once.
func TestChosenSlotsWorkAllYear(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := anyInput(t)
		slots, none := slotting.Choose(in)
		if len(slots)+len(none) != len(in.Want) {
			t.Fatalf("%d slots and %d reasons for %d pairs", len(slots), len(none), len(in.Want))
		}
		taken := map[string][]series.Interval{}
		for id, booked := range in.Booked {
			for _, s := range booked {
				taken[id] = append(taken[id], meetings(s, in.From)...)
			}
		}
		take := func(w series.Series, at []series.Interval) {
			keys := []string{w.Pair.Manager, w.Pair.Report}
			if w.Place != "" {
				keys = append(keys, w.Place)
			}
			for _, key := range keys {
				if !w.Slot.IsZero() && w.Auto && overlap(taken[key], at) {
					t.Fatalf("%s %s: %s is in two 1:1s at once", w.Pair, w.Slot.Line(), key)
				}
				taken[key] = append(taken[key], at...)
			}
		}
		for _, w := range in.Stand {
			w.Auto = false
			take(w, meetings(w.Slot, in.From))
		}
		for _, w := range in.Want {
			chosen, ok := slots[w.Pair]
			if !ok {
				continue
			}
			s := chosen.Slot
			if s.Duration != w.Slot.Duration || s.Every != w.Slot.Every || s.Zone != w.Slot.Zone || int(s.At)%slotting.Grid != 0 {
				t.Fatalf("wanted %s, got %s", w.Slot.Line(), s.Line())
			}
			w.Slot = s
			at := meetings(s, in.From)
			take(w, at)
			for _, m := range at {
				for _, p := range []series.Person{w.Manager, w.Report} {
					if d, clock := series.WallClock(m.Start, p.Zone); !p.Hours.Covers(d.Weekday(), clock, s.Duration) {
						t.Fatalf("%s %s: on %s at %s for %s", w.Pair, s.Line(), d, clock, p.ID)
					}
				}
			}
		}
		slices.Reverse(in.Want)
		slices.Reverse(in.Stand)
		for _, b := range in.Busy {
			slices.Reverse(b)
		}
		if diff := cmp.Diff(told(slots, none), told(slotting.Choose(in))); diff != "" {
			t.Fatal("in another order: " + diff)
		}
	})
}

// A pair more, when all others have been booked, gets a slot that none of them has, or none: they are not moved.
func TestChooseKeepsWhatStands(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := anyInput(t)
		if len(in.Want) == 0 {
			return
		}
		slots, _ := slotting.Choose(in)
		for _, w := range in.Want {
			if s, ok := slots[w.Pair]; ok {
				w.Slot = s.Slot
				in.Stand = append(in.Stand, w)
			}
		}
		joiner := want(in.Want[0].Manager, person("new", "Europe/Berlin", hours(8, 18)))
		joiner.Place = rapid.SampledFrom([]string{"", "Alder"}).Draw(t, "place")
		in.Want = []series.Series{joiner}
		got, none := slotting.Choose(in)
		s, ok := got[joiner.Pair]
		if len(got)+len(none) != 1 || ok == (none[joiner.Pair] != "") {
			t.Fatal(told(got, none))
		}
		for _, w := range in.Stand {
			shared := w.Pair.Has(joiner.Pair.Manager) || w.Place != "" && w.Place == joiner.Place
			if ok && shared && overlap(meetings(s.Slot, in.From), meetings(w.Slot, in.From)) {
				t.Fatalf("%s on %s, where %s stands on %s", joiner.Pair, s.Slot, w.Pair, w.Slot)
			}
		}
	})
}

// A slot that was proposed stays while it works, though others cost less by now; the one to leave is never proposed again.
func TestChooseKeepsProposals(t *testing.T) {
	berlin := "Europe/Berlin"
	w := want(person("mia", berlin, hours(9, 17)), person("raj", berlin, hours(9, 17)))
	propose := func(busy ...series.Interval) string {
		slot := func(line string) map[series.Pair]series.Slot {
			s, err := series.ParseSlot(line)
			if err != nil {
				t.Fatal(err)
			}
			return map[series.Pair]series.Slot{w.Pair: s}
		}
		slots, none := slotting.Choose(slotting.Input{From: monday, Weeks: 8, Want: []series.Series{w}, Busy: map[string][]series.Interval{"raj": busy},
			Keep: slot("Thu 16:00 Europe/Berlin"), Leave: slot("Mon 10:00 Europe/Berlin")})
		return told(slots, none)
	}
	for want, busy := range map[string][]series.Interval{
		"mia/raj Thu 16:00 Europe/Berlin": weekly(2, 3*24+16, 1, series.Hard),
		"mia/raj Mon 10:30 Europe/Berlin": weekly(3, 3*24+16, 1, series.Hard), // three weeks in a row
	} {
		if diff := cmp.Diff(want, propose(busy...)); diff != "" {
			t.Error(diff)
		}
	}
}

func TestExplainInWords(t *testing.T) {
	berlin := "Europe/Berlin"
	mia, raj := person("mia", berlin, hours(9, 12)), person("raj", berlin, hours(9, 12))
	raj.Hours[time.Monday], raj.Hours[time.Friday], raj.Hours[time.Thursday] = nil, nil, nil
	in := slotting.Input{From: monday, Weeks: 8, Want: []series.Series{want(mia, raj)}, Busy: map[string][]series.Interval{"mia": weekly(2, 24+9, 1, series.Soft)}}
	stands := want(mia, person("lee", berlin, hours(9, 12)))
	stands.Slot, _ = series.ParseSlotLine("Wed 10:10 1h 1w Europe/Berlin")
	in.Stand = []series.Series{stands}

	text := func(pair series.Pair) string {
		r, err := slotting.Explain(in, pair, 3)
		if err != nil {
			return err.Error()
		}
		out := fmt.Sprintf("%s costs %d, of %d;", r.Present.Slot, r.Present.Terms.Sum(), r.Possible)
		for _, o := range r.Next {
			out += fmt.Sprintf(" %s costs %d, %+d for all;", o.Slot, o.Terms.Sum(), o.More)
		}
		return out
	}
	for pair, want := range map[series.Pair]string{
		in.Want[0].Pair:                 "Tue 10:00 Europe/Berlin costs 0, of 6; Tue 10:30 Europe/Berlin costs 0, +0 for all; Tue 11:00 Europe/Berlin costs 0, +0 for all; Wed 09:00 Europe/Berlin costs 0, +0 for all;",
		stands.Pair:                     "Wed 10:10 Europe/Berlin costs 0, of 20; Mon 10:00 Europe/Berlin costs 0, +0 for all; Mon 10:30 Europe/Berlin costs 0, +0 for all; Tue 10:00 Europe/Berlin costs 0, +0 for all;",
		{Manager: "mia", Report: "bob"}: "explain the slot of mia/bob: no such pair",
	} {
		if diff := cmp.Diff(want, text(pair)); diff != "" {
			t.Error(diff)
		}
	}
}

func TestChosenInWords(t *testing.T) {
	berlin, kolkata := "Europe/Berlin", "Asia/Kolkata"
	mia, lee := person("mia", berlin, hours(9, 17)), person("lee", berlin, series.Hours{time.Monday: {{From: 540, To: 600}}})
	raj := person("raj", kolkata, hours(15, 17))
	dee := person("dee", "Pacific/Auckland", series.Hours{time.Saturday: {{From: 0, To: 240}}})
	for _, c := range []struct {
		in   slotting.Input
		want string
	}{
		{slotting.Input{Want: []series.Series{want(mia, lee)}}, "\nmia/lee Mon 09:00 Europe/Berlin: the only slot that is free and within the hours of both all year; " +
			"in the next 9 weeks nobody is away or busy then; it is the first or the last hour of somebody's week"},
		{slotting.Input{Want: []series.Series{want(mia, raj)}, Busy: map[string][]series.Interval{"raj": weekly(2, 9, 120, series.Soft)}},
			"\nmia/raj Tue 11:30 Europe/Berlin: the best for everyone of 5 slots that are free and within the hours of both all year; for raj that is 16:00 or 15:00, as clocks change; " +
				"in the next 9 weeks one of them is away or busy then twice"},
		{slotting.Input{Want: []series.Series{want(mia, raj), want(person("cy", berlin, hours(9, 17)), lee), want(mia, lee)}}, "mia/lee: no slot is free for both mia and lee within their working hours" +
			"\ncy/lee Mon 09:00 Europe/Berlin: the only slot that is free and within the hours of both all year; " +
			"in the next 9 weeks nobody is away or busy then; it is the first or the last hour of somebody's week" +
			"\nmia/raj Tue 11:30 Europe/Berlin: a good one of 5 slots that are free and within the hours of both all year, not proven the best: " +
			"people with two managers, large teams or shared rooms are in the plan; for raj that is 16:00 or 15:00, as clocks change; in the next 9 weeks nobody is away or busy then"},
		{slotting.Input{Want: []series.Series{want(person("cy", berlin, series.Hours{}), dee)}},
			"\ncy/dee Fri 14:00 Europe/Berlin: the best for everyone of 3 slots that are free and within the hours of both all year; for dee that is Sat 02:00 or Sat 01:00 or Sat 00:00, as clocks change; " +
				"in the next 9 weeks nobody is away or busy then; it is the first or the last hour of somebody's week"},
	} {
		c.in.From, c.in.Weeks = monday, 8
		slots, none := slotting.Choose(c.in)
		text := told(nil, none)
		for _, p := range slices.SortedFunc(maps.Keys(slots), series.Pair.Compare) {
			text += fmt.Sprintf("\n%s %s: %s", p, slots[p].Slot, strings.Join(slots[p].Why, "; "))
		}
		if diff := cmp.Diff(c.want, text); diff != "" {
			t.Error(diff)
		}
	}
}

func TestFeasibleInWords(t *testing.T) {
	berlin := "Europe/Berlin"
	mia, raj, lee := person("mia", berlin, hours(9, 17)), person("raj", berlin, hours(9, 17)), person("lee", "Asia/Tokyo", hours(9, 17))
	ann, bob := person("ann", berlin, series.Hours{time.Tuesday: {{From: 600, To: 690}}}), person("bob", berlin, series.Hours{time.Tuesday: {{From: 600, To: 690}}})
	got, err := slotting.Feasible(slotting.Input{From: monday, Weeks: 8, Want: []series.Series{want(mia, raj), want(mia, lee), want(mia, ann), want(mia, bob)}})
	if err != nil {
		t.Fatal(err)
	}
	if none, err := slotting.Feasible(slotting.Input{From: monday, Weeks: 8}); err != nil || none != nil {
		t.Errorf("nothing to choose: %v, %v", none, err)
	}
	text := ""
	for _, x := range got {
		text += fmt.Sprintf("%s: %v\n", x.Pair, x.Because)
	}
	if diff := cmp.Diff("mia/bob: [the 1:1 of mia/ann the 1:1 of mia/bob]\nmia/lee: [the working hours of mia the working hours of lee]\n", text); diff != "" {
		t.Error(diff)
	}
}

func TestRooms(t *testing.T) {
	for place, room := range map[string]bool{"Alder": true, "Phone booth 3": true, "Video room": true, "": false, " ": false, "https://meet.example/x": false,
		"Online": false, "Google  Meet": false, "Phone call": false} {
		if series.IsRoom(place) != room {
			t.Errorf("%q is a room: %v", place, !room)
		}
	}
}
