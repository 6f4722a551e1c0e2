package ical

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"holdfast/internal/series"
)

var later1 = testNow.Add(time.Hour)

// others are the lines of each event, and of the calendar around them, that a patch of these names may not touch.
func others(o *Object, names []string) map[string]string {
	out := map[string]string{}
	keep := func(c *component) string {
		var b strings.Builder
		for _, n := range c.nodes {
			switch {
			case n.comp != nil && (n.comp.name == "VEVENT" || slices.Contains(names, n.comp.name)) || n.name != "" && slices.Contains(names, n.name):
			case n.comp != nil:
				b.WriteString(n.comp.text())
			case n.name == "ATTACH" && slices.Contains(names, "ATTACH ours") && n.prop.Params.Get("FMTTYPE") == "text/html":
			case n.name == "ATTENDEE" && slices.Contains(names, "ATTENDEE people") && isPerson(n.prop):
			default:
				b.WriteString(n.raw)
			}
		}
		return b.String()
	}
	out["calendar"] = keep(o.root)
	for _, c := range o.root.components("VEVENT") {
		key := "series"
		if id, ok := o.moment(c.get("RECURRENCE-ID"), "UTC"); ok {
			key = id.UTC().String()
		}
		out[key] = keep(c)
	}
	return out
}

var stamps = []string{"DTSTAMP", "LAST-MODIFIED"}

// check applies a patch twice. It may change only the lines of names; the event must become want; the second time
// nothing may happen.
func check(t *rapid.T, o *Object, names []string, want series.Event, patch func(*Object) ([]byte, error)) *Object {
	t.Helper()
	b, err := patch(o)
	if err != nil {
		t.Fatal(err)
	}
	after := mustParse(b)
	was, is := others(o, append(names, stamps...)), others(after, append(names, stamps...))
	for k, v := range was {
		if now, there := is[k]; there && now != v {
			t.Fatalf("lines of %s that are not ours changed:\n%s", k, cmp.Diff(v, now))
		}
	}
	if diff := cmp.Diff(want, event(after), cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("not the change that was asked for (-want +got):\n%s\nbefore:\n%s\nafter:\n%s", diff, o.raw, b)
	}
	again, err := patch(after)
	if err != nil || string(again) != string(b) {
		t.Fatalf("the second time is not the same: %v\n%s", err, cmp.Diff(string(b), string(again)))
	}
	return after
}

func copied(e series.Event) series.Event {
	e.Mark.Written, e.Mark.Skips = maps.Clone(e.Mark.Written), slices.Clone(e.Mark.Skips)
	e.Guests, e.Excluded, e.Overrides = slices.Clone(e.Guests), slices.Clone(e.Excluded), slices.Clone(e.Overrides)
	for i := range e.Overrides {
		e.Overrides[i].Guests = slices.Clone(e.Overrides[i].Guests)
	}
	return e
}

// Each patch changes what it names and not one octet of what is not ours.
func TestPatchesTouchOnlyWhatTheyName(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSeries(t)
		o := drawNoisy(t, s)
		want := copied(event(o))
		switch rapid.SampledFrom([]string{"place", "link", "busy", "people", "mark", "skip", "unskip", "override", "clear", "end", "answer", "slot"}).Draw(t, "patch") {
		case "place":
			place := rapid.OneOf(rapid.Just(""), text()).Draw(t, "place")
			for i := range want.Overrides {
				if want.Overrides[i].Place == want.Place {
					want.Overrides[i].Place = place
				}
			}
			for i := range want.Overrides {
				if want.Overrides[i].Place == want.Place {
					want.Overrides[i].Place = place
				}
			}
			want.Place, want.Mark.Written[series.FieldPlace] = place, digestOf(place)
			forgetUnset(want)
			check(t, o, []string{"LOCATION", markWritten}, want, func(o *Object) ([]byte, error) {
				return o.Update(series.Patch{Place: &place}, later1)
			})
		case "link":
			link := rapid.SampledFrom([]string{"", "https://docs.example.test/d/new", s.Link, "https://x.test/semi;colon"}).Draw(t, "link")
			want.Link, want.Mark.Written[series.FieldLink] = link, digestOf(link)
			for i := range want.Overrides {
				want.Overrides[i].Link = link
			}
			forgetUnset(want)
			notes := notesOf(o)
			after := check(t, o, []string{"DESCRIPTION", "ATTACH ours", "URL", markWritten}, want, func(o *Object) ([]byte, error) {
				return o.Update(series.Patch{Link: &link}, later1)
			})
			if diff := cmp.Diff(notes, notesOf(after)); diff != "" {
				t.Fatalf("the rest of a description changed:\n%s", diff)
			}
		case "busy":
			for _, c := range o.root.components("VEVENT") {
				if rapid.Bool().Draw(t, "free") {
					c.put("TRANSP", line("TRANSP", "TRANSPARENT"))
				}
			}
			o = mustParse([]byte(o.root.text()))
			want.Mark.Written[series.FieldBusy] = series.Digest("busy")
			check(t, o, []string{"TRANSP", markWritten}, want, func(o *Object) ([]byte, error) {
				return o.Update(series.Patch{Busy: true}, later1)
			})
		case "people":
			eve := person("eve")
			p := series.PeoplePatch{Organizer: s.Manager, Guests: []series.Person{s.Report, eve}}
			if rapid.Bool().Draw(t, "swap") {
				p.Guests = p.Guests[1:]
			}
			guests := func(gs []series.Guest) []series.Guest {
				out := []series.Guest{{Address: eve.Email, Answer: series.NeedsAction}}
				for _, g := range gs {
					if slices.ContainsFunc(p.Guests, func(w series.Person) bool { return w.Is(g.Address) }) {
						out = append(out, g)
					}
				}
				return out
			}
			want.Guests = guests(want.Guests)
			for i := range want.Overrides {
				want.Overrides[i].Guests = guests(want.Overrides[i].Guests)
			}
			want.Mark.Written[series.FieldPeople] = want.People()
			check(t, o, []string{"ATTENDEE people", markWritten}, want, func(o *Object) ([]byte, error) {
				return o.Update(series.Patch{People: &p}, later1)
			})
		case "mark":
			m := series.Mark{Org: "acme", Pair: series.Pair{Manager: "mia2", Report: "raj"}, Generation: 3, Slot: s.Slot, Line: "auto 1h0m0s",
				Skips: []series.Skip{{Date: s.First, Why: "leave"}}, Written: map[series.Field]string{series.FieldBusy: "0123456789ab"}}
			written := maps.Clone(want.Mark.Written)
			want.Mark = m
			want.Mark.Written = written
			want.Mark.Written[series.FieldBusy] = "0123456789ab"
			check(t, o, markNames, want, func(o *Object) ([]byte, error) { return o.Update(series.Patch{Mark: &m}, later1) })
		case "skip":
			day := drawDay(t, s)
			skips := []series.Skip{{Date: day, Why: "leave"}, {Date: s.First.AddDays(1), Why: "holiday"}}
			want.Mark.Skips = addSkips(want.Mark.Skips, skips)
			if at := s.Slot.On(day); !isCancelled(want, at) {
				want.Excluded = withTime(want.Excluded, at)
				want.Overrides = withoutOverride(want.Overrides, at)
			}
			check(t, o, []string{"EXDATE", "SEQUENCE", markSkips}, want, func(o *Object) ([]byte, error) { return o.Skip(skips, later1) })
		case "unskip":
			day := drawDay(t, s)
			at := s.Slot.On(day)
			want.Mark.Skips = slices.DeleteFunc(want.Mark.Skips, func(k series.Skip) bool { return k.Date == day })
			want.Excluded = slices.DeleteFunc(want.Excluded, at.Equal)
			if isCancelled(want, at) {
				want.Overrides = withoutOverride(want.Overrides, at)
			}
			check(t, o, []string{"EXDATE", "SEQUENCE", markSkips}, want, func(o *Object) ([]byte, error) { return o.Unskip([]series.Date{day}, later1) })
		case "clear":
			at := s.Slot.On(drawDay(t, s))
			want.Excluded = slices.DeleteFunc(want.Excluded, at.Equal)
			want.Overrides = withoutOverride(want.Overrides, at)
			check(t, o, []string{"EXDATE", "SEQUENCE"}, want, func(o *Object) ([]byte, error) { return o.ClearOverride(at, later1) })
		case "override":
			at := s.Slot.On(drawDay(t, s))
			x := series.Override{Original: at.In(want.Start.Location()), Start: at.Add(26 * time.Hour).In(want.Start.Location()), Duration: 45 * time.Minute,
				Place: "Elsewhere", Link: "https://docs.example.test/d/other", Cancelled: rapid.Bool().Draw(t, "off")}
			given := x
			given.MadeUp = rapid.Bool().Draw(t, "made up")
			want.Mark.Overridden(given)
			x.Guests, x.Rooms = slices.Clone(want.Guests), want.Rooms
			if i := slices.IndexFunc(want.Overrides, func(y series.Override) bool { return y.Original.Equal(at) }); i >= 0 {
				x.Guests, x.Rooms = want.Overrides[i].Guests, want.Overrides[i].Rooms
			}
			for i := range x.Guests {
				x.Guests[i].Answer = series.NeedsAction
			}
			want.Excluded = slices.DeleteFunc(want.Excluded, at.Equal)
			want.Overrides = append(withoutOverride(want.Overrides, at), x)
			slices.SortFunc(want.Overrides, func(a, b series.Override) int { return a.Original.Compare(b.Original) })
			names := []string{"RECURRENCE-ID", "DTSTART", "DTEND", "EXDATE", "SEQUENCE", "LOCATION", "STATUS", "DESCRIPTION", "ATTACH ours", "URL", "ATTENDEE people", markMadeUp}
			check(t, o, names, want, func(o *Object) ([]byte, error) { return o.SetOverride(given, later1) })
		case "end":
			last := drawDay(t, s).AddDays(rapid.IntRange(0, 6).Draw(t, "after"))
			end := series.Instant(last.AddDays(1), 0, s.Slot.Zone).Add(-time.Second)
			want.Rule.Until = end.In(want.Start.Location())
			var kept []series.Override
			for _, x := range want.Overrides {
				switch {
				case x.Original.After(end):
				case x.Start.After(end):
					want.Excluded = withTime(want.Excluded, x.Original)
				default:
					kept = append(kept, x)
				}
			}
			want.Overrides = kept
			want.Excluded = slices.DeleteFunc(want.Excluded, func(x time.Time) bool { return x.After(end) })
			want.Mark.Written[series.FieldEnd] = want.Digests()[series.FieldEnd]
			check(t, o, []string{"RRULE", "EXDATE", "SEQUENCE", markWritten}, want, func(o *Object) ([]byte, error) {
				b, empty, err := o.End(last, later1)
				if empty {
					t.Fatal("nothing is left")
				}
				return b, err
			})
		case "answer":
			at := s.Slot.On(drawDay(t, s))
			stat := rapid.SampledFrom([]series.PartStat{series.Accepted, series.Declined, series.NeedsAction}).Draw(t, "stat")
			answers := []series.Answer{{PartStat: series.Tentative}, {Original: at, PartStat: stat}}
			want.Guests[0].Answer = series.Tentative
			i := slices.IndexFunc(want.Overrides, func(y series.Override) bool { return y.Original.Equal(at) })
			if i < 0 && !slices.ContainsFunc(want.Excluded, at.Equal) {
				i = len(want.Overrides)
				want.Overrides = append(want.Overrides, series.Override{Original: at.In(want.Start.Location()), Start: at.In(want.Start.Location()), Duration: want.Duration,
					Place: want.Place, Link: want.Link, Guests: slices.Clone(want.Guests), Rooms: slices.Clone(want.Rooms), Free: want.Free})
			}
			if i >= 0 {
				want.Overrides[i].Guests[0].Answer = stat
			}
			slices.SortFunc(want.Overrides, func(a, b series.Override) int { return a.Original.Compare(b.Original) })
			check(t, o, []string{"ATTENDEE people"}, want, func(o *Object) ([]byte, error) { return o.Answer("RAJ@example.test", answers, later1) })
		case "slot":
			to := series.SlotPatch{Slot: drawSeries(t).Slot}
			to.First = to.Slot.First(s.First)
			b, err := o.Update(series.Patch{Slot: &to}, later1)
			if err != nil {
				t.Fatal(err)
			}
			got := event(mustParse(b))
			if !got.Slot().Same(to.Slot, to.First) || !got.Start.Equal(to.Slot.On(to.First)) || !got.Rule.Until.IsZero() {
				t.Fatalf("asked for %s from %s, got %s from %s\n%s", to.Slot, to.First, got.Slot(), got.First(), b)
			}
			want.Start, want.Zone, want.Duration, want.Rule = got.Start, got.Zone, got.Duration, got.Rule
			for i := range want.Guests {
				want.Guests[i].Answer = got.Guests[i].Answer
			}
			want.Mark.Written[series.FieldSlot] = series.DigestSlot(to.Slot)
			want.Overrides = slices.DeleteFunc(want.Overrides, func(x series.Override) bool {
				_, ok := occurrence(got, moment{Time: x.Original}, false)
				return !ok
			})
			want.Excluded = got.Excluded
			for _, x := range got.Excluded {
				if d, _ := series.WallClock(x, to.Slot.Zone); !slices.ContainsFunc(event(o).Excluded, func(y time.Time) bool {
					e, _ := series.WallClock(y, s.Slot.Zone)
					return d == e
				}) && !slices.ContainsFunc(event(o).Overrides, func(y series.Override) bool { return y.Cancelled }) &&
					!slices.ContainsFunc(s.Skips, func(k series.Skip) bool { return k.Date == d }) {
					t.Fatalf("%s is taken out for no reason", x)
				}
			}
			for i := range want.Overrides { // the same moments, as the new zone shows them
				want.Overrides[i].Original = want.Overrides[i].Original.In(got.Start.Location())
				want.Overrides[i].Start = want.Overrides[i].Start.In(got.Start.Location())
			}
			names := []string{"DTSTART", "DTEND", "DURATION", "RRULE", "EXDATE", "SEQUENCE", "ATTENDEE people", markWritten}
			check(t, o, append(names, "VTIMEZONE"), want, func(o *Object) ([]byte, error) {
				return o.Update(series.Patch{Slot: &to}, later1)
			})
		}
	})
}

// drawDay is a day of the series.
func drawDay(t *rapid.T, s series.Series) series.Date {
	return s.First.AddDays(7 * max(s.Slot.Every, 1) * rapid.IntRange(0, 20).Draw(t, "day"))
}

func withTime(ts []time.Time, t time.Time) []time.Time {
	if !slices.ContainsFunc(ts, t.Equal) {
		ts = append(ts, t)
	}
	slices.SortFunc(ts, time.Time.Compare)
	return ts
}

func withoutOverride(os []series.Override, at time.Time) []series.Override {
	return slices.DeleteFunc(os, func(o series.Override) bool { return o.Original.Equal(at) })
}

// forgetUnset takes out of the mark what is not stated.
func forgetUnset(e series.Event) {
	maps.DeleteFunc(e.Mark.Written, func(_ series.Field, d string) bool { return d == "" })
}

// notesOf are the descriptions without the line that is ours.
func notesOf(o *Object) []string {
	var out []string
	for _, c := range o.root.components("VEVENT") {
		texts, _ := splitText(c.value("DESCRIPTION"))
		texts = slices.DeleteFunc(texts, func(l string) bool { return agenda.MatchString(unescape(l)) || l == "" })
		out = append(out, strings.Join(texts, "\n"))
	}
	return out
}
