package googletest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// starts are the starts of all instances in the window, as the calendar tells them.
func (w *world) starts(user, id string, params ...string) []string {
	w.Helper()
	var out []string
	page := ""
	for {
		p := slices.Clone(params)
		if page != "" {
			p = append(p, "pageToken="+page)
		}
		a := w.call(user, "GET", cal+"/"+id+"/instances"+query1(p), nil).ok()
		for _, it := range list(a, "items") {
			out = append(out, text(sub(it.(object), "start"), "dateTime"))
		}
		if page = text(a, "nextPageToken"); page == "" {
			return out
		}
	}
}

// The clock of the series' zone counts, over both changes of the year: a time that is left out moves on by the gap, one
// that comes twice is the first.
func TestB19WallClock(t *testing.T) {
	for _, c := range []struct {
		zone, start, rule string
		want              []string
	}{
		{"America/New_York", "2026-10-27T10:00:00", "FREQ=WEEKLY;BYDAY=TU;COUNT=3", []string{"2026-10-27T10:00:00-04:00", "2026-11-03T10:00:00-05:00", "2026-11-10T10:00:00-05:00"}},
		{"America/New_York", "2026-03-01T02:30:00", "FREQ=WEEKLY;BYDAY=SU;COUNT=3", []string{"2026-03-01T02:30:00-05:00", "2026-03-08T03:30:00-04:00", "2026-03-15T02:30:00-04:00"}},
		{"America/New_York", "2026-10-25T01:30:00", "FREQ=WEEKLY;BYDAY=SU;COUNT=3", []string{"2026-10-25T01:30:00-04:00", "2026-11-01T01:30:00-04:00", "2026-11-08T01:30:00-05:00"}},
		{"Europe/London", "2026-03-22T01:30:00", "FREQ=WEEKLY;COUNT=3", []string{"2026-03-22T01:30:00Z", "2026-03-29T02:30:00+01:00", "2026-04-05T01:30:00+01:00"}},
		{"Europe/London", "2026-10-18T01:30:00", "FREQ=WEEKLY;INTERVAL=1;COUNT=3", []string{"2026-10-18T01:30:00+01:00", "2026-10-25T01:30:00+01:00", "2026-11-01T01:30:00Z"}},
		{"Australia/Lord_Howe", "2026-09-27T02:15:00", "FREQ=WEEKLY;COUNT=3", []string{"2026-09-27T02:15:00+10:30", "2026-10-04T02:45:00+11:00", "2026-10-11T02:15:00+11:00"}},
		{"Australia/Lord_Howe", "2026-03-29T01:45:00", "FREQ=WEEKLY;COUNT=3", []string{"2026-03-29T01:45:00+11:00", "2026-04-05T01:45:00+11:00", "2026-04-12T01:45:00+10:30"}},
	} {
		w := open(t, func(o *Options) { o.Users[0].Zone = c.zone })
		start, err := time.Parse("2006-01-02T15:04:05", c.start)
		if err != nil {
			t.Fatal(err)
		}
		e := w.insert1(mia, object{"start": object{"dateTime": c.start, "timeZone": c.zone}, "recurrence": []any{"RRULE:" + c.rule},
			"end": object{"dateTime": start.Add(time.Hour).Format("2006-01-02T15:04:05"), "timeZone": c.zone}})
		if got := w.starts(mia, text(e, "id")); !slices.Equal(got, c.want) {
			t.Errorf("%s %s: %v, want %v", c.zone, c.start, got, c.want)
		}
	}
}

func TestB19Rules(t *testing.T) {
	for name, c := range map[string]struct {
		lines []string
		want  string // days of December and January
	}{
		"weekly":         {[]string{"RRULE:FREQ=WEEKLY;BYDAY=TU;COUNT=3"}, "12-01 12-08 12-15"},
		"every other":    {[]string{"RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=TU;COUNT=3"}, "12-01 12-15 12-29"},
		"two days":       {[]string{"RRULE:FREQ=WEEKLY;BYDAY=TU,TH;COUNT=4"}, "12-01 12-03 12-08 12-10"},
		"until":          {[]string{"RRULE:FREQ=WEEKLY;UNTIL=20261208T090000Z"}, "12-01 12-08"},
		"until a second": {[]string{"RRULE:FREQ=WEEKLY;UNTIL=20261208T085959Z"}, "12-01"},
		"until a day":    {[]string{"RRULE:FREQ=WEEKLY;UNTIL=20261208"}, "12-01 12-08"},
		"left out":       {[]string{"RRULE:FREQ=WEEKLY;COUNT=4", "EXDATE;TZID=Europe/Berlin:20261208T100000,20261215T100000"}, "12-01 12-22"},
		"left out, UTC":  {[]string{"RRULE:FREQ=WEEKLY;COUNT=3", "EXDATE:20261208T090000Z"}, "12-01 12-15"},
		"one more":       {[]string{"RRULE:FREQ=WEEKLY;COUNT=2", "RDATE;TZID=Europe/Berlin:20261211T100000"}, "12-01 12-08 12-11"},
		"monthly":        {[]string{"RRULE:FREQ=MONTHLY;BYDAY=1TU;COUNT=2"}, "12-01 01-05"},
		"daily":          {[]string{"RRULE:FREQ=DAILY;COUNT=3"}, "12-01 12-02 12-03"},
	} {
		w := open(t)
		var days []string
		for _, s := range w.starts(mia, text(w.insert1(mia, single(object{"recurrence": anys(c.lines)})), "id")) {
			days = append(days, s[5:10])
		}
		if got := strings.Join(days, " "); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	w := open(t)
	id := text(w.insert1(mia, object{"start": object{"date": "2026-12-24"}, "end": object{"date": "2026-12-25"}, "recurrence": []any{"RRULE:FREQ=YEARLY;COUNT=2"}}), "id")
	items := list(w.call(mia, "GET", cal+"/"+id+"/instances", nil).ok(), "items")
	if len(items) != 2 || text(items[1].(object), "id") != id+"_20271224" || text(sub(items[1].(object), "originalStartTime"), "date") != "2027-12-24" {
		t.Errorf("whole days: %v", items)
	}
	if n := len(w.starts(mia, text(w.insert1(mia, weekly()), "id"))); n != maxInstances {
		t.Errorf("an endless series has %d instances", n)
	}
}

// Whatever the zone and the week: the zone's clock shows the series' time, or has left it out.
func TestB19WallClockAlways(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		zone := rapid.SampledFrom([]string{"America/New_York", "Europe/London", "Australia/Lord_Howe", "Asia/Kolkata", "Africa/Casablanca"}).Draw(t, "zone")
		loc, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatal(err)
		}
		f := time.Date(2026, 1, 1+rapid.IntRange(0, 700).Draw(t, "day"), 0, rapid.IntRange(0, 24*60-1).Draw(t, "minute"), 0, 0, time.UTC)
		got := wall(f, loc)
		if late := shows(got).Sub(f); late != 0 && late != time.Hour && late != 30*time.Minute {
			t.Fatalf("%s in %s became %s", f, zone, got)
		}
		for _, d := range []time.Duration{30 * time.Minute, time.Hour} {
			if shows(got.Add(-d)).Equal(f) {
				t.Fatalf("%s in %s is the second %s", got, zone, f)
			}
		}
	})
}

// exceptions are the items that name id as their series.
func exceptions(items []object, id string) []object {
	return slices.DeleteFunc(slices.Clone(items), func(e object) bool { return text(e, "recurringEventId") != id })
}

func TestB20Exceptions(t *testing.T) {
	w := open(t)
	id := text(w.insert1(mia, weekly(with(raj))), "id")
	one := func(day string) string { return id + "_202612" + day + "T090000Z" }
	e := w.get(mia, one("08"))
	if text(sub(e, "originalStartTime"), "dateTime") != "2026-12-08T10:00:00+01:00" || text(e, "recurringEventId") != id || e["recurrence"] != nil || text(e, "iCalUID") != id+"@google.com" {
		t.Errorf("an instance is %v", e)
	}
	w.call(mia, "GET", cal+"/"+id+"_20261209T090000Z", nil).wrong(404, "notFound")
	if s := number(w.patch(mia, one("08"), object{"summary": "Other"}), "sequence"); s != 0 {
		t.Errorf("a title raised the sequence to %d", s)
	}
	moved := w.patch(mia, one("15"), object{"start": object{"dateTime": "2026-12-17T14:00:00"}, "end": object{"dateTime": "2026-12-17T15:00:00"}})
	if number(moved, "sequence") != 1 || text(moved, "id") != one("15") || text(sub(moved, "originalStartTime"), "dateTime") != "2026-12-15T10:00:00+01:00" || text(sub(moved, "start"), "dateTime") != "2026-12-17T14:00:00+01:00" {
		t.Errorf("moved %v", moved)
	}
	w.patch(mia, one("22"), object{"end": object{"dateTime": "2026-12-22T10:30:00"}})
	declined := object{"attendees": []any{object{"email": raj, "responseStatus": "declined"}}}
	w.patch(raj, one("29"), declined)
	items, _ := w.list(mia)
	all := exceptions(items, id)
	if len(items) != 5 || len(all) != 4 || number(items[0], "sequence") != 0 || text(guest(items[0], raj), "responseStatus") != "needsAction" {
		t.Fatalf("%v", items)
	}
	if x := all[3]; text(guest(x, raj), "responseStatus") != "declined" || text(x, "status") != "confirmed" || number(x, "sequence") != 0 {
		t.Errorf("declined %v", x)
	}
	if n := len(exceptions(first(w.list(raj)), id)); n != 4 {
		t.Errorf("%d exceptions on the guest's calendar", n)
	}
	w.Configure(func(b *Behavior) { b.AnswerRaisesSequence = true })
	w.patch(raj, id+"_20270105T090000Z", declined)
	if x := w.get(mia, id+"_20270105T090000Z"); number(x, "sequence") != 1 {
		t.Errorf("sequence %v", x["sequence"])
	}
}

func first[A, B any](a A, _ B) A { return a }

// What an exception does when its master changes is a switch: Google does not say.
func TestB20ExceptionsFollow(t *testing.T) {
	for _, follow := range []bool{false, true} {
		w := open(t, func(o *Options) { o.Behavior.ExceptionsFollow = follow })
		id := text(w.insert1(mia, weekly(with(raj), object{"location": "Alder"})), "id")
		x := id + "_20261208T090000Z"
		w.patch(mia, x, object{"summary": "Own"})
		w.patch(mia, id, object{"location": "Birch", "summary": "New"})
		for _, who := range []string{mia, raj} {
			e := w.get(who, x)
			if text(e, "summary") != "Own" || (text(e, "location") == "Birch") != follow {
				t.Errorf("follow %v: %s has %v in %v", follow, who, e["summary"], e["location"])
			}
		}
	}
}

func TestB21Instances(t *testing.T) {
	w := open(t)
	id := text(w.insert1(mia, weekly()), "id")
	window := []string{"timeMin=2026-12-05T00:00:00Z", "timeMax=2026-12-20T00:00:00Z"}
	if got := w.starts(mia, id, window...); fmt.Sprint(got) != "[2026-12-08T10:00:00+01:00 2026-12-15T10:00:00+01:00]" {
		t.Errorf("in the window %v", got)
	}
	gone := id + "_20261208T090000Z"
	w.call(mia, "DELETE", cal+"/"+gone, nil).ok()
	if got := w.starts(mia, id, window...); len(got) != 1 {
		t.Errorf("after a deletion %v", got)
	}
	if got := w.starts(mia, id, append(window, "showDeleted=true")...); len(got) != 2 {
		t.Errorf("with the deleted %v", got)
	}
	if got := w.starts(mia, id, "originalStart=2026-12-15T10:00:00%2B01:00"); len(got) != 1 {
		t.Errorf("by original start %v", got)
	}
	if got := w.starts(mia, id+"_20261215T090000Z"); len(got) != 1 || got[0] != "2026-12-15T10:00:00+01:00" {
		t.Errorf("of an occurrence %v", got)
	}
	if got := w.starts(mia, gone); len(got) != 0 {
		t.Errorf("of a cancelled occurrence %v", got)
	}
	if got := w.starts(mia, id, append(window, "maxResults=1")...); len(got) != 1 {
		t.Errorf("page by page %v", got)
	}
	w.call(mia, "GET", cal+"/nothing/instances", nil).wrong(404, "notFound")
}

func TestB22ExceptionsThatNoLongerMatch(t *testing.T) {
	for name, c := range map[string]struct {
		patch object
		left  int
	}{
		"an end before":  {object{"recurrence": []any{"RRULE:FREQ=WEEKLY;BYDAY=TU;UNTIL=20261210T225959Z"}}, 1},
		"another time":   {object{"start": object{"dateTime": "2026-12-01T11:00:00"}, "end": object{"dateTime": "2026-12-01T12:00:00"}}, 0},
		"every other":    {object{"recurrence": []any{"RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=TU"}}, 2},
		"left out":       {object{"recurrence": []any{"RRULE:FREQ=WEEKLY;BYDAY=TU", "EXDATE;TZID=Europe/Berlin:20261215T100000"}}, 2},
		"only longer":    {object{"end": object{"dateTime": "2026-12-01T11:30:00"}}, 3},
		"another title":  {object{"summary": "x"}, 3},
		"no series more": {object{"recurrence": nil}, 0},
	} {
		w := open(t)
		id := text(w.insert1(mia, weekly(with(raj))), "id")
		w.patch(mia, id+"_20261208T090000Z", object{"summary": "1"})
		w.patch(mia, id+"_20261215T090000Z", object{"summary": "2"})
		w.call(mia, "DELETE", cal+"/"+id+"_20261229T090000Z", nil).ok()
		_, token := w.list(mia)
		w.patch(mia, id, c.patch)
		for _, who := range []string{mia, raj} {
			if n := len(exceptions(first(w.list(who)), id)); n != c.left {
				t.Errorf("%s: %s has %d exceptions, want %d", name, who, n, c.left)
			}
		}
		items, _ := w.after(mia, token)
		bare := 0
		for _, e := range items {
			if text(e, "status") == "cancelled" && e["recurringEventId"] == nil && e["originalStartTime"] == nil && e["start"] == nil {
				bare++
			}
		}
		if len(items) != 1+3 || bare != 3-c.left {
			t.Errorf("%s: %d items of which %d bare stubs: %v", name, len(items), bare, items)
		}
	}
}

// An exception that was dropped is no more; its occurrence is one like any other once the rule has it again.
func TestB22DroppedAndBack(t *testing.T) {
	w := open(t)
	id := text(w.insert1(mia, weekly(with(raj))), "id")
	x := id + "_20261215T090000Z"
	w.patch(mia, x, object{"summary": "another"})
	w.patch(mia, id, object{"recurrence": []any{"RRULE:FREQ=WEEKLY;BYDAY=TU;UNTIL=20261208T090000Z"}})
	w.call(mia, "PATCH", cal+"/"+x, object{"summary": "again"}).wrong(404, "notFound")
	w.patch(mia, id, object{"recurrence": []any{"RRULE:FREQ=WEEKLY;BYDAY=TU"}})
	for _, who := range []string{mia, raj} {
		if now := w.get(who, x); text(now, "status") != "confirmed" || now["summary"] != w.get(who, id)["summary"] {
			t.Errorf("%s has %v", who, now)
		}
	}
	w.patch(mia, x, object{"summary": "again"})
	_, token := w.list(mia)
	for _, who := range []string{mia, raj} {
		if all := exceptions(first(w.list(who)), id); len(all) != 1 || text(all[0], "summary") != "again" {
			t.Errorf("%s has %v", who, all)
		}
	}
	w.patch(mia, id, object{"location": "Lobby"})
	if items, _ := w.after(mia, token); len(items) != 2 {
		t.Errorf("%d items: %v", len(items), items)
	}
}

func TestB23SplitAsAPersonWould(t *testing.T) {
	at := time.Date(2026, 12, 15, 9, 0, 0, 0, time.UTC)
	for _, drops := range []bool{false, true} {
		for _, by := range []time.Duration{0, 25 * time.Hour} {
			w := open(t, func(o *Options) { o.Behavior.SplitDropsPrivate = drops })
			e := w.insert1(mia, weekly(with(raj), object{"extendedProperties": object{"private": object{"mark": "m"}}}))
			id := text(e, "id")
			w.patch(mia, id+"_20261208T090000Z", object{"summary": "stays"})
			w.patch(mia, id+"_20261222T090000Z", object{"summary": "goes"})
			w.at = w.at.Add(time.Hour)
			_, token := w.list(mia)
			next, err := w.Hands(mia).Split(id, at, at.Add(by))
			if err != nil {
				t.Fatal(err)
			}
			items, _ := w.after(mia, token)
			old, n := w.get(mia, id), w.get(mia, next)
			if got := texts(old, "recurrence")[0]; got != "RRULE:FREQ=WEEKLY;BYDAY=TU;UNTIL=20261214T225959Z" {
				t.Errorf("the old one's rule is %s", got)
			}
			if len(exceptions(items, id)) != 1 || len(items) != 4 {
				t.Errorf("the sync tells %v", items)
			}
			sameID := next == id+"_R20261215T090000"
			if sameID != (by == 0) || text(n, "iCalUID") != next+"@google.com" || n["created"] != old["created"] || n["created"] != e["created"] || (number(n, "sequence") == 1) != (by != 0) {
				t.Errorf("by %v: id %s, uid %v, created %v, sequence %v", by, next, n["iCalUID"], n["created"], n["sequence"])
			}
			if carried := text(sub(sub(n, "extendedProperties"), "private"), "mark") == "m"; carried == drops {
				t.Errorf("private properties carried: %v", carried)
			}
			day := "TU"
			if by != 0 {
				day = "WE"
			}
			if got := texts(n, "recurrence")[0]; got != "RRULE:FREQ=WEEKLY;BYDAY="+day || text(w.get(raj, next), "status") != "confirmed" {
				t.Errorf("the new one's rule is %s", got)
			}
			again, err := w.Hands(mia).Split(next, at.Add(by).AddDate(0, 0, 7), at.Add(by).AddDate(0, 0, 7))
			if err != nil || by == 0 && again != id+"_R20261222T090000" {
				t.Errorf("split again: %s, %v", again, err)
			}
		}
	}
}

func TestB24OneETagForASeries(t *testing.T) {
	w := open(t)
	id := text(w.insert1(mia, weekly()), "id")
	for _, day := range []string{"08", "15", "22"} {
		w.patch(mia, id+"_202612"+day+"T090000Z", object{"summary": day})
	}
	_, token := w.list(mia)
	w.patch(mia, id+"_20261215T090000Z", object{"summary": "changed"})
	items, _ := w.after(mia, token)
	if len(items) != 4 {
		t.Fatalf("%d items", len(items))
	}
	for _, e := range items {
		if e["etag"] != items[0]["etag"] || e["updated"] != items[0]["updated"] {
			t.Errorf("%v has etag %v, updated %v", e["id"], e["etag"], e["updated"])
		}
	}
}
