package series

import (
	"encoding/base64"
	"fmt"
	"strings"
	"sync"
	"time"

	"holdfast/internal/tzdata"
)

// tzifPrefix begins the name of a zone that no database has: a VTIMEZONE of somebody's own, carried as TZif data.
const tzifPrefix = "tzif:"

var zones sync.Map // name -> *time.Location, so that equal names are equal pointers

// Location is the zone of that name: IANA, or one made by CustomZone. "Local" and "" are refused.
func Location(name string) (*time.Location, error) {
	if l, ok := zones.Load(name); ok {
		return l.(*time.Location), nil
	}
	var loc *time.Location
	var err error
	switch data, custom := strings.CutPrefix(name, tzifPrefix); {
	case name == "" || strings.EqualFold(name, "local"):
		return nil, fmt.Errorf("unknown zone %q", name)
	case custom:
		var b []byte
		if b, err = base64.RawURLEncoding.DecodeString(data); err == nil {
			loc, err = tzdata.SpelledOut("custom", b)
		}
	default:
		loc, err = tzdata.Location(name)
	}
	if err != nil {
		return nil, fmt.Errorf("unknown zone %q", name)
	}
	l, _ := zones.LoadOrStore(name, loc)
	return l.(*time.Location), nil
}

// CustomZone names the zone that the TZif data (RFC 8536) describes, so that Location finds it again anywhere.
func CustomZone(tzif []byte) string { return tzifPrefix + base64.RawURLEncoding.EncodeToString(tzif) }

// IsCustom reports whether the zone is one of somebody's own, whose name says nothing to people.
func IsCustom(zone string) bool { return strings.HasPrefix(zone, tzifPrefix) }

// location is Location for names that were checked when they came in; an unknown one counts as UTC.
func location(name string) *time.Location {
	l, err := Location(name)
	if err != nil {
		return time.UTC
	}
	return l
}

// Instant is the moment at which the zone's clocks show d and at. A time that does not exist that day (spring gap)
// moves forward by the gap; one that exists twice takes the first (RFC 5545 section 3.3.5).
func Instant(d Date, at TimeOfDay, zone string) time.Time {
	loc := location(zone)
	wall := d.utc().Add(time.Duration(at) * time.Minute)
	offset := func(t time.Time) time.Duration {
		_, s := t.In(loc).Zone()
		return time.Duration(s) * time.Second
	}
	before, tried := offset(wall.Add(-26*time.Hour)), time.Duration(-1)
	best, found := time.Time{}, false
	for _, off := range []time.Duration{before, offset(wall), offset(wall.Add(26 * time.Hour))} {
		if off == tried {
			continue
		}
		tried = off
		t := wall.Add(-off)
		if offset(t) == off && (!found || t.Before(best)) {
			best, found = t, true
		}
	}
	if !found {
		best = wall.Add(-before)
	}
	return best.In(loc)
}

// At is the same moment on the zone's clock.
func At(t time.Time, zone string) time.Time { return t.In(location(zone)) }

// WallClock is what the zone's clocks show at t.
func WallClock(t time.Time, zone string) (Date, TimeOfDay) {
	t = t.In(location(zone))
	return DateOf(t), TimeOfDay(t.Hour()*60 + t.Minute())
}
