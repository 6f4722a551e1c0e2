package say

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"holdfast/internal/series"
)

// Reader is who reads.
type Reader struct {
	// Language is a tag, as "en"; "": English.
	Language string
	// Zone is whose clock times are told on. "": each is told on the clock that it is given on, which is the slot's.
	Zone string
	// Other is the zone of the other of the two, whose clock is told beside the reader's where it shows another time. "":
	// none.
	Other string
	Now   time.Time
}

func (r Reader) catalogue() *catalogue {
	if c := catalogues()[r.Language]; c != nil {
		return c
	}
	return catalogues()[english]
}

func (r Reader) say(name string, f facts) string { return r.catalogue().say(name, f) }

// Count is "1 mail", "2 mails", of a noun that the catalogue has under count.
func (r Reader) Count(n int, noun string) string { return r.catalogue().count(n, noun) }

// shownNames is how many names a list has before the rest is counted.
const shownNames = 5

// List is "ana", "ana and bo", "ana, bo, kim, lee, mia and 37 others".
func (r Reader) List(names []string) string {
	if n := len(names) - shownNames; n > 1 {
		names = append(slices.Clone(names[:shownNames]), r.say("list.others", facts{N: n}))
	}
	return r.catalogue().list(names)
}

// here is t on the reader's clock.
func (r Reader) here(t time.Time) time.Time {
	if r.Zone == "" {
		return t
	}
	return series.At(t, r.Zone)
}

// of are the parts of a day.
func (r Reader) of(d series.Date) facts {
	words := r.catalogue().words
	return facts{
		Weekday:   words["weekdays"][int(d.Weekday())],
		Day:       strconv.Itoa(d.Day),
		Month:     words["months"][int(d.Month)-1],
		MonthLong: words["months.long"][int(d.Month)-1],
		Year:      strconv.Itoa(d.Year),
	}
}

func clock(t time.Time) string {
	return series.TimeOfDay(60*t.Hour() + t.Minute()).String()
}

// Date is "Tue 1 Dec 2026"; "" for no day.
func (r Reader) Date(d series.Date) string {
	if d.IsZero() {
		return ""
	}
	return r.say("date", r.of(d))
}

// day is "Tue 1 Dec", with its year if that is another than the present one.
func (r Reader) day(d series.Date) string {
	if d.Year != r.here(r.Now).Year() {
		return r.Date(d)
	}
	return r.say("date.thisyear", r.of(d))
}

// When is a moment on the reader's clock: "Tue 1 Dec 10:00", with its year if that is another than the present one.
func (r Reader) When(t time.Time) string {
	t = r.here(t)
	f := r.of(series.DateOf(t))
	if f.Clock = clock(t); t.Year() != r.Now.In(t.Location()).Year() {
		return r.say("time", f)
	}
	return r.say("time.thisyear", f)
}

// InWeek is a moment within a week that is known: "Thu 14:00".
func (r Reader) InWeek(t time.Time) string {
	t = r.here(t)
	f := r.of(series.DateOf(t))
	f.Clock = clock(t)
	return r.say("time.week", f)
}

// both is the text of a moment on the reader's clock, with the other's beside it where that shows another time: "Tue 15
// Dec 15:00 (09:00 in New York)".
func (r Reader) both(text string, t time.Time) string {
	if r.Other == "" {
		return text
	}
	mine, theirs := r.here(t), series.At(t, r.Other)
	there := clock(theirs)
	switch {
	case series.DateOf(mine) != series.DateOf(theirs):
		f := r.of(series.DateOf(theirs))
		f.Clock = there
		there = r.say("time.week", f)
	case there == clock(mine):
		return text
	}
	return r.say("time.both", facts{From: text, To: there, Zone: r.Place(r.Other)})
}

// Place is what a zone is called: "New York".
func (r Reader) Place(zone string) string {
	return strings.ReplaceAll(zone[strings.LastIndex(zone, "/")+1:], "_", " ")
}

// Times are moments of one week: "Thu 14:00, Fri 09:30".
func (r Reader) Times(times []time.Time) string {
	var out []string
	for _, t := range times {
		out = append(out, r.both(r.InWeek(t), t))
	}
	return strings.Join(out, r.say("list.between", facts{}))
}

// Length is "1 h", "90 min".
func (r Reader) Length(d time.Duration) string {
	if d%time.Hour == 0 {
		return r.say("hours", facts{N: int(d / time.Hour)})
	}
	return r.say("minutes", facts{N: int(d / time.Minute)})
}

// Slot is "Tue 10:00 Europe/Berlin, 90 min, every 2 weeks"; without length where the slot has none; "" for no slot. Who
// has a clock reads "Tue 10:00" of a slot on theirs, and "Tue 10:00 in Berlin" of any other.
func (r Reader) Slot(s series.Slot) string {
	if s.IsZero() {
		return ""
	}
	f := facts{Weekday: r.catalogue().words["weekdays"][s.Weekday], Clock: s.At.String(), Zone: s.Zone, N: s.Every}
	switch {
	case series.IsCustom(s.Zone):
		f.Zone = r.say("slot.zone", facts{})
	case r.Zone == s.Zone:
		f.Zone = ""
	case r.Zone != "":
		f.Zone = r.say("slot.there", facts{Zone: r.Place(s.Zone)})
	}
	f.From = r.say("time.week", f)
	if s.Duration == 0 {
		return r.say("slot", f)
	}
	f.Length = r.Length(s.Duration)
	if s.Every > 1 {
		return r.say("slot.whole", f) + r.say("slot.every", f)
	}
	return r.say("slot.whole", f)
}

// slotHere is the slot, with its next time on the reader's clock where that shows another.
func (r Reader) slotHere(s series.Slot) string {
	text := r.Slot(s)
	if s.IsZero() || r.Zone == "" {
		return text
	}
	today, _ := series.WallClock(r.Now, s.Zone)
	day, at := series.WallClock(s.On(s.InWeek(today)), r.Zone)
	if day.Weekday() == s.Weekday && at == s.At {
		return text
	}
	f := facts{Weekday: r.catalogue().words["weekdays"][day.Weekday()], Clock: at.String()}
	return r.say("slot.here", facts{Text: text, From: r.say("time.week", f)})
}

// Aspect is one thing about a meeting or a series: a time on the reader's clock, a length, a slot, a last day.
func (r Reader) Aspect(a series.Aspect) string {
	if t, ok := a.Time(); ok {
		return r.both(r.When(t), t)
	}
	if d, ok := a.Length(); ok {
		return r.Length(d)
	}
	if d, ok := a.Day(); ok {
		return r.say("until", facts{Day: r.Date(d)})
	}
	return r.Slot(a.Slot())
}

// Relative is how far t is from now: by calendar days of the reader's zone, or by the clock within half a day.
func (r Reader) Relative(t time.Time) string {
	t = r.here(t)
	days := series.DateOf(t).DaysSince(series.DateOf(r.Now.In(t.Location())))
	d := t.Sub(r.Now)
	way := "when.in"
	if d < 0 {
		way = "when.ago"
	}
	text := func(n int, noun string) string { return r.say(way, facts{Text: r.Count(n, noun)}) }
	far := max(days, -days)
	switch abs := d.Abs(); {
	case abs < time.Minute && d <= 0:
		return r.say("when.justnow", facts{})
	case abs < time.Minute:
		return r.say("when.now", facts{})
	case abs < time.Hour:
		return text(int(abs/time.Minute), "minute")
	case abs < 12*time.Hour:
		return text(int(abs/time.Hour), "hour")
	case days == 0:
		return r.say("when.today", facts{})
	case days == 1:
		return r.say("when.tomorrow", facts{})
	case days == -1:
		return r.say("when.yesterday", facts{})
	case far > 730:
		return text(far/365, "year")
	case far > 60:
		return text(far/30, "month")
	}
	return text(far, "day")
}

// notice is a length of notice, as a number of a noun.
func notice(d time.Duration) (int, string) {
	switch {
	case d < time.Minute:
		return 0, ""
	case d < time.Hour:
		return int(d / time.Minute), "minute"
	case d < 48*time.Hour:
		return int(d / time.Hour), "hour"
	}
	return int(d / (24 * time.Hour)), "day"
}

// Notice is "26 hours", "3 days", "none"; "-" where it is not known.
func (r Reader) Notice(d *time.Duration) string {
	if d == nil {
		return r.say("none", facts{})
	}
	if n, noun := notice(*d); n > 0 {
		return r.Count(n, noun)
	}
	return r.say("notice.none", facts{})
}

// WithNotice is "4 hours' notice", "no notice"; "" where it is not known.
func (r Reader) WithNotice(d *time.Duration) string {
	if d == nil {
		return ""
	}
	if n, noun := notice(*d); n > 0 {
		return r.say("notice."+noun, facts{N: n})
	}
	return r.say("notice.zero", facts{})
}

// Percent is "67 %"; "-" for nothing.
func (r Reader) Percent(rate *float64) string {
	if rate == nil {
		return r.say("none", facts{})
	}
	return r.say("percent", facts{N: int(*rate*100 + 0.5)})
}
