package vtimezone

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The limits of what is read of a component, and the years for which its rules are spelled out.
const (
	maxComponent   = 64 << 10 // bytes
	maxObservances = 400
	maxChanges     = 2000
	maxOffsets     = 40
	firstYear      = 1990
	lastYear       = 2060
)

// component is what a VTIMEZONE says.
type component struct {
	location    string // X-LIC-LOCATION
	observances []observed
	first       int      // the offset before all changes
	changes     []change // from firstYear to lastYear, by time
	// The component speaks from its first onset to its last one, or to the end of lastYear where a rule goes on.
	since, until time.Time
}

// observed is a STANDARD or DAYLIGHT.
type observed struct {
	start         time.Time // wall clock before the onset, as if it were UTC
	started       bool
	before, after int
	hasBefore     bool
	hasAfter      bool
	rdates        []time.Time
	rules         []ending
	name          string
}

// ending is a rule until a moment.
type ending struct {
	rule
	until time.Time // UTC; zero: for ever
}

var (
	oneLineEnd = strings.NewReplacer("\r\n", "\n", "\r", "\n")
	unfolding  = strings.NewReplacer("\n ", "", "\n\t", "")
)

// parse reads a VTIMEZONE, alone or anywhere in a text. Offsets and onsets must be sound, or all of it is refused.
func parse(text string) (*component, error) {
	if len(text) > maxComponent {
		return nil, errors.New("VTIMEZONE is too long")
	}
	text = unfolding.Replace(oneLineEnd.Replace(text))
	c := &component{}
	var o *observed
	for l := range strings.SplitSeq(text, "\n") {
		name, value := contentLine(l)
		switch {
		case name == "BEGIN" && (value == "STANDARD" || value == "DAYLIGHT"):
			o = &observed{}
		case name == "END" && value == "VTIMEZONE":
			return c.expand()
		case name == "END" && o != nil:
			if !o.started || !o.hasBefore || !o.hasAfter {
				return nil, errors.New("VTIMEZONE: an observance lacks its start or an offset")
			}
			if c.observances = append(c.observances, *o); len(c.observances) > maxObservances {
				return nil, errors.New("VTIMEZONE has too many observances")
			}
			o = nil
		case o != nil:
			if err := o.property(name, value); err != nil {
				return nil, fmt.Errorf("VTIMEZONE: %s: %w", name, err)
			}
		case name == "X-LIC-LOCATION":
			c.location = value
		}
	}
	return c.expand()
}

// contentLine is a line's name and value, in capitals where case does not matter. Parameters of a VTIMEZONE carry
// nothing that is needed.
func contentLine(l string) (name, value string) {
	head, value, _ := strings.Cut(strings.TrimSpace(l), ":")
	name, _, _ = strings.Cut(head, ";")
	name = strings.ToUpper(strings.TrimSpace(name))
	if value = strings.TrimSpace(value); name != "X-LIC-LOCATION" && name != "TZNAME" {
		value = strings.ToUpper(value)
	}
	return name, value
}

func (o *observed) property(name, value string) (err error) {
	switch name {
	case "DTSTART":
		o.start, err = localOnset(value)
		o.started = true
	case "TZOFFSETFROM":
		o.before, err = parseOffset(value)
		o.hasBefore = true
	case "TZOFFSETTO":
		o.after, err = parseOffset(value)
		o.hasAfter = true
	case "TZNAME":
		o.name = value
	case "RDATE":
		for v := range strings.SplitSeq(value, ",") {
			var t time.Time
			if t, err = localOnset(v); err != nil {
				return err
			}
			o.rdates = append(o.rdates, t)
		}
	case "RRULE":
		var e ending
		if e, err = parseRule(value, o.start); err == nil {
			o.rules = append(o.rules, e)
		}
	}
	return err
}

// localOnset reads a local date-time; a Z, which RFC 5545 forbids here, is passed over.
func localOnset(s string) (time.Time, error) {
	return time.Parse(localTime, strings.TrimSuffix(s, "Z"))
}

func parseOffset(s string) (int, error) {
	sign := 1
	digits, minus := strings.CutPrefix(s, "-")
	if minus {
		sign = -1
	}
	digits = strings.ReplaceAll(strings.TrimPrefix(digits, "+"), ":", "")
	n, err := strconv.ParseUint(digits, 10, 32)
	if len(digits) == 4 {
		n *= 100
	}
	h, m, sec := int(n/10000), int(n/100%100), int(n%100)
	if err != nil || len(digits) != 4 && len(digits) != 6 || h > 23 || m > 59 || sec > 59 {
		return 0, fmt.Errorf("%q is no offset", s)
	}
	return sign * (h*3600 + m*60 + sec), nil
}

// parseRule reads the yearly rules that zones have. start is the onset it belongs to.
func parseRule(value string, start time.Time) (ending, error) {
	e := ending{rule: rule{month: start.Month(), weekday: anyDay, from: start.Day()}}
	bad := fmt.Errorf("rule %q is not one of a zone", value)
	nth, weekday := 0, anyDay
	var days []int
	for part := range strings.SplitSeq(value, ";") {
		key, v, _ := strings.Cut(part, "=")
		switch key {
		case "FREQ":
			if v != "YEARLY" {
				return e, bad
			}
		case "INTERVAL":
			if v != "1" {
				return e, bad
			}
		case "BYMONTH":
			n, err := strconv.Atoi(v)
			if err != nil || n < 1 || n > 12 {
				return e, bad
			}
			e.month = time.Month(n)
		case "BYDAY":
			i := -1
			if len(v) >= 2 {
				i = strings.Index("SUMOTUWETHFRSA", v[len(v)-2:])
			}
			if i < 0 || i%2 != 0 {
				return e, bad
			}
			weekday = time.Weekday(i / 2)
			if n := v[:len(v)-2]; n != "" {
				var err error
				if nth, err = strconv.Atoi(n); err != nil || nth == 0 || nth < -4 || nth > 5 {
					return e, bad
				}
			}
		case "BYMONTHDAY":
			for d := range strings.SplitSeq(v, ",") {
				n, err := strconv.Atoi(d)
				if err != nil || n < -31 || n > 31 || n == 0 || len(days) == 31 {
					return e, bad
				}
				days = append(days, n)
			}
		case "UNTIL":
			if v == "" {
				return e, bad
			}
			if len(v) == len("20060102") {
				v += "T235959"
			}
			t, err := localOnset(v)
			if err != nil {
				return e, err
			}
			e.until = t
		case "WKST", "":
		default:
			return e, bad
		}
	}
	slices.Sort(days)
	switch {
	case weekday == anyDay && len(days) == 0:
	case weekday == anyDay && len(days) == 1 && days[0] > 0:
		e.from = days[0]
	case weekday == anyDay:
		return e, bad
	case nth == 5, nth == -1, nth == 0 && consecutive(days, -7): // producers write the fifth for the last, as Windows does
		e.weekday, e.from = weekday, 0
	case nth > 0 && len(days) == 0:
		e.weekday, e.from = weekday, 7*nth-6
	case nth < 0 && len(days) == 0 && e.month != time.February:
		e.weekday, e.from = weekday, daysIn(e.month, 2001)+7*nth+1
	case nth == 0 && len(days) > 0 && days[0] > 0 && consecutive(days, days[0]):
		e.weekday, e.from = weekday, days[0]
	default:
		return e, bad
	}
	e.rule = e.normal()
	return e, nil
}

// consecutive reports whether days are the seven from first on.
func consecutive(days []int, first int) bool {
	for i, d := range days {
		if d != first+i {
			return false
		}
	}
	return len(days) == 7
}

// expand spells out the onsets.
func (c *component) expand() (*component, error) {
	if len(c.observances) == 0 {
		return nil, errors.New("VTIMEZONE has no observances")
	}
	open, offsets := true, map[int]bool{} // open: so far no change of offset
	for _, o := range c.observances {
		add := func(wall time.Time) {
			if wall.Year() <= lastYear {
				c.changes = append(c.changes, change{wall.Unix() - int64(o.before), o.before, o.after, o.name})
			}
		}
		add(o.start)
		for _, t := range o.rdates {
			add(t)
		}
		for _, e := range o.rules {
			clock := o.start.Sub(o.start.Truncate(24 * time.Hour))
			// Two years early: what the first of the years begins with comes from the one before it.
			for y := max(o.start.Year(), firstYear-2); y <= lastYear; y++ {
				wall := turn{rule: e.rule, at: int(clock / time.Second)}.wall(y)
				if at := wall.Add(-time.Duration(o.before) * time.Second); !e.until.IsZero() && at.After(e.until) {
					break
				}
				if wall.After(o.start) {
					add(wall)
				}
			}
		}
	}
	if len(c.changes) == 0 {
		return nil, errors.New("VTIMEZONE begins after all years")
	}
	slices.SortStableFunc(c.changes, func(a, b change) int { return cmp.Compare(a.at, b.at) })
	for _, ch := range c.changes {
		open = open && ch.before == ch.after && ch.after == c.changes[0].after
		offsets[ch.after] = true
	}
	if len(c.changes) > maxChanges || len(offsets) > maxOffsets {
		return nil, errors.New("VTIMEZONE changes too often")
	}
	for _, o := range c.observances {
		open = open || slices.ContainsFunc(o.rules, func(e ending) bool { return e.until.IsZero() })
	}
	c.since, c.until = time.Unix(c.changes[0].at, 0), time.Unix(c.changes[len(c.changes)-1].at, 0)
	if open {
		c.until = yearStart(lastYear + 1)
	}
	c.settle()
	return c, nil
}

// settle leaves only what changes the offset, from firstYear on, so that equal clocks are spelled equally.
func (c *component) settle() {
	c.first = c.changes[0].before
	var kept []change
	off := c.first
	for i, ch := range c.changes {
		switch last := i == len(c.changes)-1 || c.changes[i+1].at > ch.at; {
		case !last: // another onset at the same moment
		case ch.at <= yearStart(firstYear).Unix():
			c.first, off = ch.after, ch.after
		case ch.after != off:
			ch.before, off = off, ch.after
			kept = append(kept, ch)
		}
	}
	c.changes = kept
}

// spelledOut is the component as a zone, change by change.
func (c *component) spelledOut() (data []byte, loc *time.Location, err error) {
	data = spelledOut(c.first, c.changes)
	loc, err = time.LoadLocationFromTZData("component", data)
	return data, loc, err
}
