// Package vtimezone turns zones into VTIMEZONE components and back (RFC 5545 section 3.6.5).
package vtimezone

import (
	"holdfast/internal/series"
)

// TZID is the plain, stable name under which Write describes the zone.
func TZID(zone string) string { return zone }

// Write is the VTIMEZONE component of a zone that series.Location knows: CRLF lines of at most 75 octets, ending with
// END:VTIMEZONE and CRLF. Rules are those in force around the day. UTC and zones nobody knows give "".
func Write(zone string, around series.Date) string { return "" }

// Resolve is the zone, for series.Location, that a TZID means: component is the text of the VTIMEZONE of that name in
// the same object, "" if it has none; around is a day near which the answer must be right. False where nothing tells.
func Resolve(tzid, component string, around series.Date) (zone string, ok bool) {
	_, err := series.Location(tzid)
	return tzid, err == nil
}
