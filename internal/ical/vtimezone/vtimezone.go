// Package vtimezone turns zones into VTIMEZONE components and back (RFC 5545 section 3.6.5).
package vtimezone

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"
	"time"

	"holdfast/internal/series"
)

//go:generate go run gen.go windowsZones.json timezone.json

// listYears is how many years before and after the day Write lists the changes of a zone without yearly rules.
const listYears = 3

// TZID is the name under which Write describes the zone: the IANA name itself; for a zone of series.CustomZone a plain
// one derived from its data.
func TZID(zone string) string {
	if !custom(zone) {
		return zone
	}
	sum := sha256.Sum256([]byte(zone))
	return "Custom/" + hex.EncodeToString(sum[:6])
}

func custom(zone string) bool { return strings.HasPrefix(zone, series.CustomZone(nil)) }

// Write is the VTIMEZONE of a zone that series.Location knows: lines of at most 75 octets, each ended by CRLF. It is
// right from the year before the day on, for ever where the zone keeps to yearly rules, else for listYears both ways.
// UTC, which needs none, and zones that nobody knows give "".
func Write(zone string, around series.Date) string {
	k := wanted{zone, clamp(around.Year)}
	written.Lock()
	defer written.Unlock()
	text, known := written.m[k]
	if !known {
		if len(written.m) >= maxAnswers {
			clear(written.m)
		}
		text = k.component()
		written.m[k] = text
	}
	return text
}

// wanted is what a component depends on. A calendar repeats few of them in many objects: they are remembered.
type wanted struct {
	zone string
	year int
}

var written = struct {
	sync.Mutex
	m map[wanted]string
}{m: map[wanted]string{}}

func (k wanted) component() string {
	zone, year := k.zone, k.year
	loc, err := series.Location(zone)
	if err != nil || zone == "UTC" {
		return ""
	}
	w := &strings.Builder{}
	line(w, "BEGIN:VTIMEZONE")
	line(w, "TZID:%s", TZID(zone))
	turns, ok := describe(loc, year)
	switch {
	case !ok:
		writeList(w, loc, year, custom(zone))
	case turns == nil:
		name, off := yearStart(year).In(loc).Zone()
		observance(w, always, off, off, name)
	default:
		for _, t := range turns {
			observance(w, t.wall(year-1).Format(localTime), t.before, t.after, t.name, "RRULE:"+t.rrule())
		}
	}
	line(w, "END:VTIMEZONE")
	return w.String()
}

// writeList writes the changes near a year one by one, those between the same offsets together. Of a custom zone all
// are written: its data has nothing else to be found again by.
func writeList(w *strings.Builder, loc *time.Location, year int, all bool) {
	from, to := yearStart(year-listYears), yearStart(year+listYears+1)
	if all {
		from, to = yearStart(firstYear), yearStart(lastYear+1)
	}
	name, off := from.In(loc).Zone()
	observance(w, always, off, off, name)
	type kind struct {
		before, after int
		name          string
	}
	var order []kind
	groups := map[kind][]change{}
	for _, c := range changes(loc, from, to) {
		k := kind{c.before, c.after, c.name}
		if groups[k] == nil {
			order = append(order, k)
		}
		groups[k] = append(groups[k], c)
	}
	for _, k := range order {
		var rdates []string
		for _, c := range groups[k][1:] {
			rdates = append(rdates, "RDATE:"+c.wall().Format(localTime))
		}
		observance(w, groups[k][0].wall().Format(localTime), k.before, k.after, k.name, rdates...)
	}
}

const (
	localTime = "20060102T150405"
	always    = "19700101T000000" // the onset of what was so before anything else
)

// observance writes one sub-component. Which of two clocks a law calls summer time does not matter here: the one ahead
// is written as DAYLIGHT.
func observance(w *strings.Builder, onset string, before, after int, name string, more ...string) {
	kind := "STANDARD"
	if after > before {
		kind = "DAYLIGHT"
	}
	line(w, "BEGIN:%s", kind)
	line(w, "DTSTART:%s", onset)
	line(w, "TZOFFSETFROM:%s", offset(before))
	line(w, "TZOFFSETTO:%s", offset(after))
	line(w, "TZNAME:%s", name)
	for _, l := range more {
		line(w, "%s", l)
	}
	line(w, "END:%s", kind)
}

func line(w *strings.Builder, format string, args ...any) {
	fmt.Fprintf(w, format, args...)
	w.WriteString("\r\n")
}

// offset is a UTC-OFFSET value (RFC 5545 section 3.3.14).
func offset(seconds int) string {
	sign := '+'
	if seconds < 0 {
		sign, seconds = '-', -seconds
	}
	text := fmt.Sprintf("%c%02d%02d", sign, seconds/3600, seconds/60%60)
	if s := seconds % 60; s != 0 {
		text += fmt.Sprintf("%02d", s)
	}
	return text
}

// clamp keeps a year where rules are known and the calendar's arithmetic is safe.
func clamp(year int) int { return min(max(year, 1971), 2200) }
