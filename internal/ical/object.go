package ical

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/emersion/go-ical"

	"holdfast/internal/ical/vtimezone"
	"holdfast/internal/series"
)

// ErrNoSeries means that an object holds no event that others could be occurrences of.
var ErrNoSeries = errors.New("the object holds no event without RECURRENCE-ID")

// Object is one calendar object: an event with its overrides. It is never changed.
type Object struct {
	raw        string
	lead, tail string
	root       *component
	family     []*component // events() of what was parsed; nil where root may change
	zone       string
	zones      map[string]string // TZID -> zone for series.Location
}

// Parse reads an object. zone is that of the calendar's owner: what floating times and unknown TZIDs mean. The error
// wraps ErrObject. Malformed lines are read for what they mean, or kept and count for nothing.
func Parse(raw []byte, zone string) (*Object, error) {
	o := &Object{raw: string(raw), zone: zone, zones: map[string]string{}}
	var err error
	if o.root, o.lead, o.tail, err = parse(o.raw); err != nil {
		return nil, err
	}
	o.family = o.events()
	o.resolveZones()
	return o, nil
}

// Raw is the object as it was served.
func (o *Object) Raw() string { return o.raw }

// resolveZones finds out what each TZID of the object means: by its name, or by the VTIMEZONE that comes with it.
func (o *Object) resolveZones() {
	custom := map[string]string{}
	for _, z := range o.root.components("VTIMEZONE") {
		custom[z.textValue("TZID")] = z.text()
	}
	for _, e := range o.root.components("VEVENT") {
		for _, n := range e.nodes {
			if n.prop == nil {
				continue
			}
			id := n.prop.Params.Get("TZID")
			if _, known := o.zones[id]; known || id == "" {
				continue
			}
			around := series.Date{}
			if t, err := time.Parse(dateForm, n.prop.Value[:min(len(n.prop.Value), len(dateForm))]); err == nil {
				around = series.DateOf(t)
			}
			zone, ok := vtimezone.Resolve(id, custom[id], around)
			if !ok {
				zone = o.zone
			}
			o.zones[id] = zone
		}
	}
}

// ZoneDoubts are the zones, in order, of which a VTIMEZONE of the object has another clock in the year from the day on
// than the zone data in use.
func (o *Object) ZoneDoubts(from series.Date) []string {
	var out []string
	for _, z := range o.root.components("VTIMEZONE") {
		if zone := vtimezone.Doubtful(z.textValue("TZID"), z.text(), from); zone != "" && !slices.Contains(out, zone) {
			out = append(out, zone)
		}
	}
	slices.Sort(out)
	return out
}

// events are the VEVENTs that belong together: those with the UID of the first.
func (o *Object) events() []*component {
	if o.family != nil {
		return o.family
	}
	all := o.root.components("VEVENT")
	return slices.DeleteFunc(all, func(c *component) bool { return c.value("UID") != all[0].value("UID") })
}

// master is the event that others are occurrences of, nil for none.
func (o *Object) master() *component {
	for _, c := range o.events() {
		if c.get("RECURRENCE-ID") == nil {
			return c
		}
	}
	return nil
}

// UID is that of the event, or of whatever else the object holds; "" for none.
func (o *Object) UID() string {
	if m := o.master(); m != nil && m.get("UID") != nil {
		return m.textValue("UID")
	}
	for _, n := range o.root.nodes {
		if n.comp != nil && n.comp.get("UID") != nil {
			return n.comp.textValue("UID")
		}
	}
	return ""
}

// Marked reports whether the event bears a mark of any org, one that can be read or not.
func (o *Object) Marked() bool {
	m := o.master()
	return m != nil && m.get(markOrg) != nil
}

// Recurring reports whether the object is a series.
func (o *Object) Recurring() bool {
	m := o.master()
	return m != nil && (m.get("RRULE") != nil || m.get("RDATE") != nil)
}

// Title is the event's SUMMARY, "" for none.
func (o *Object) Title() string {
	if m := o.master(); m != nil {
		return m.textValue("SUMMARY")
	}
	return ""
}

// Single is when an event takes place that happens once. False for a series, and for one that is cancelled.
func (o *Object) Single() (start time.Time, duration time.Duration, ok bool) {
	m := o.master()
	if m == nil || o.Recurring() || m.cancelled() {
		return time.Time{}, 0, false
	}
	at, ok := o.moment(m.get("DTSTART"), o.zone)
	if !ok {
		return time.Time{}, 0, false
	}
	return at.Time, o.duration(m, at, 0), true
}

// maxWritten is the size in bytes of the largest object that is written.
const maxWritten = 8 << 20

// ErrTooLarge is what changes wrap that would write a larger object than is sent to a server.
var ErrTooLarge = errors.New("the event is too large to be rewritten")

// finish is the text after changes to the clone o of an object: changed components are stamped. Without changes it is
// the text as it was. It fails with ErrTooLarge.
func (o *Object) finish(now time.Time) ([]byte, error) {
	changed := o.root.changed
	for _, c := range o.root.components("VEVENT") {
		if c.changed {
			changed = true
			c.stamp(now)
		}
	}
	if !changed {
		return []byte(o.raw), nil
	}
	text := o.lead + o.root.text() + o.tail
	if len(text) > maxWritten {
		return nil, fmt.Errorf("%w (%d bytes, at most %d)", ErrTooLarge, len(text), maxWritten)
	}
	return []byte(text), nil
}

// edit is a copy of o to be changed, and its series.
func (o *Object) edit(now time.Time) (*Object, *component, series.Event, error) {
	d := *o
	d.root, d.family = o.root.clone(), nil
	m := d.master()
	if m == nil {
		return nil, nil, series.Event{}, ErrNoSeries
	}
	e, err := d.Event("", now)
	return &d, m, e, err
}

// moment is a DATE or DATE-TIME (RFC 5545 section 3.3.5) as an instant.
type moment struct {
	time.Time
	zone string
	date bool // a DATE: midnight of zone
	utc  bool // written in UTC (form 2), not under a TZID
}

// day is the calendar day.
func (m moment) day() series.Date { d, _ := series.WallClock(m.Time, m.zone); return d }

// ownDay is the day that m means where a DATE belongs: its own; of a moment in UTC only where it is midnight there,
// else the owner's.
func (m moment) ownDay(owner string) series.Date {
	if m.utc && !m.Equal(m.Truncate(24*time.Hour)) {
		d, _ := series.WallClock(m.Time, owner)
		return d
	}
	return m.day()
}

// moment reads a property with one value; zone is that of a floating time. False where there is none.
func (o *Object) moment(p *ical.Prop, zone string) (moment, bool) {
	if p == nil {
		return moment{}, false
	}
	return o.parseMoment(p.Value, p.Params.Get("TZID"), zone)
}

// moments reads a property with a list of values (EXDATE, RDATE); of a PERIOD it is the start.
func (o *Object) moments(p *ical.Prop, zone string) []moment {
	var out []moment
	for _, x := range o.periods(p, zone) {
		out = append(out, x.moment)
	}
	return out
}

// period is a value of an RDATE, given where it has a length of its own (RFC 5545 section 3.3.9).
type period struct {
	moment
	length time.Duration
	given  bool
}

func (o *Object) periods(p *ical.Prop, zone string) []period {
	var out []period
	for v := range strings.SplitSeq(p.Value, ",") {
		first, rest, given := strings.Cut(strings.TrimSuffix(v, `\`), "/")
		m, ok := o.parseMoment(first, p.Params.Get("TZID"), zone)
		if !ok {
			continue
		}
		x := period{moment: m}
		if end, ok := o.parseMoment(rest, p.Params.Get("TZID"), zone); given && ok {
			x.length, x.given = max(end.Sub(m.Time), 0), true
		} else if days, exact, ok := parseDuration(rest); given && ok {
			x.length, x.given = m.plus(days, exact).Sub(m.Time), true
		}
		out = append(out, x)
	}
	return out
}

// plus is the moment after days of the calendar and a time beside them.
func (m moment) plus(days int, exact time.Duration) time.Time {
	_, at := series.WallClock(m.Time, m.zone)
	return series.Instant(m.day().AddDays(days), at, m.zone).Add(exact)
}

func (o *Object) parseMoment(value, tzid, zone string) (moment, bool) {
	value = strings.ToUpper(strings.TrimSpace(value))
	if z, ok := o.zones[tzid]; ok {
		zone = z
	}
	if len(value) == len(dateForm) {
		t, err := time.Parse(dateForm, value)
		return moment{Time: series.Instant(series.DateOf(t), 0, zone), zone: zone, date: true}, err == nil
	}
	if strings.HasSuffix(value, "Z") {
		t, err := time.Parse(utcForm, value)
		return moment{Time: t, zone: "UTC", utc: true}, err == nil
	}
	t, err := time.Parse(localForm, value)
	if err != nil {
		return moment{}, false
	}
	at := series.Instant(series.DateOf(t), series.TimeOfDay(t.Hour()*60+t.Minute()), zone)
	return moment{Time: at.Add(time.Duration(t.Second()) * time.Second), zone: zone}, true
}

// duration is how long the component's first occurrence lasts; without DTEND and DURATION it is otherwise, or what
// RFC 5545 section 3.6.1 says. Days are of the calendar.
func (o *Object) duration(c *component, start moment, otherwise time.Duration) time.Duration {
	end, ok := o.moment(c.get("DTEND"), start.zone)
	if !ok {
		days, exact, given := parseDuration(c.value("DURATION"))
		switch {
		case given:
			end = moment{Time: start.plus(days, exact), zone: start.zone}
		case otherwise > 0:
			return otherwise
		case start.date:
			return 24 * time.Hour
		default:
			return 0
		}
	}
	if start.date {
		return time.Duration(max(end.ownDay(start.zone).DaysSince(start.day()), 1)) * 24 * time.Hour
	}
	return max(end.Sub(start.Time), 0)
}

// The units of a DURATION: days, and parts of one.
var (
	dayUnits   = map[byte]time.Duration{'W': 7, 'D': 1}
	clockUnits = map[byte]time.Duration{'H': time.Hour, 'M': time.Minute, 'S': time.Second}
)

// parseDuration reads a DURATION (RFC 5545 section 3.3.6): whole days, and the time beside them.
func parseDuration(s string) (days int, exact time.Duration, ok bool) {
	s, ok = strings.CutPrefix(strings.TrimPrefix(strings.ToUpper(strings.TrimSpace(s)), "+"), "P")
	if !ok {
		return 0, 0, false
	}
	const limit = 100_000 // of any unit: what is longer is no meeting, and overflows nothing
	date, clock, _ := strings.Cut(s, "T")
	for _, part := range [...]struct {
		text  string
		units map[byte]time.Duration
	}{{date, dayUnits}, {clock, clockUnits}} {
		for rest := part.text; rest != ""; {
			i := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
			if i < 1 || i > 6 {
				return 0, 0, false
			}
			n, err := strconv.Atoi(rest[:i])
			if err != nil || n > limit {
				return 0, 0, false
			}
			each, known := part.units[rest[i]]
			rest = rest[i+1:]
			switch {
			case !known:
				return 0, 0, false
			case each < time.Second:
				days += n * int(each)
			default:
				exact += time.Duration(n) * each
			}
		}
	}
	return days, exact, true
}
