package roster

import (
	_ "embed"
	"slices"
	"strings"

	"holdfast/internal/series"
)

//go:embed zones.txt
var zonesText string

// zones are the names of the IANA zone database, sorted: for suggestions.
var zones = strings.Fields(zonesText)

// isZone reports whether name is a zone of the IANA database, also one that is newer than this binary.
func isZone(name string) bool {
	if _, known := slices.BinarySearch(zones, name); known {
		return true
	}
	// Machines keep other things beside their zones: the local zone, and copies with leap seconds.
	area, _, ok := strings.Cut(name, "/")
	if !ok || area == "posix" || area == "right" || strings.Contains(area, ":") {
		return false
	}
	_, err := series.Location(name)
	return err == nil
}
