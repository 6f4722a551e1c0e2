package roster

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"holdfast/internal/yamlpos"
)

// zoneWords are the zones that may be meant by what people write for one: abbreviations, which several zones share and
// which say nothing of the other half of the year, and cities that have no zone of their own name.
var zoneWords = map[string]string{
	"ACST":          "Australia/Adelaide or Australia/Darwin",
	"AEDT":          "Australia/Sydney",
	"AEST":          "Australia/Sydney or Australia/Brisbane",
	"AKST":          "America/Anchorage",
	"ART":           "America/Argentina/Buenos_Aires",
	"AST":           "America/Halifax or Asia/Riyadh",
	"AWST":          "Australia/Perth",
	"BRT":           "America/Sao_Paulo",
	"BST":           "Europe/London or Asia/Dhaka",
	"CAT":           "Africa/Maputo",
	"CDT":           "America/Chicago",
	"CEST":          "Europe/Berlin or another city there",
	"CST":           "America/Chicago, Asia/Shanghai or America/Havana",
	"EAT":           "Africa/Nairobi",
	"EDT":           "America/New_York",
	"EEST":          "Europe/Athens or another city there",
	"ET":            "America/New_York",
	"CT":            "America/Chicago",
	"MT":            "America/Denver",
	"PT":            "America/Los_Angeles",
	"GST":           "Asia/Dubai",
	"HKT":           "Asia/Hong_Kong",
	"ICT":           "Asia/Bangkok",
	"IST":           "Asia/Kolkata, Europe/Dublin or Asia/Jerusalem",
	"JST":           "Asia/Tokyo",
	"KST":           "Asia/Seoul",
	"MDT":           "America/Denver",
	"MSK":           "Europe/Moscow",
	"NZDT":          "Pacific/Auckland",
	"NZST":          "Pacific/Auckland",
	"PDT":           "America/Los_Angeles",
	"PHT":           "Asia/Manila",
	"PKT":           "Asia/Karachi",
	"PST":           "America/Los_Angeles or Asia/Manila",
	"SAST":          "Africa/Johannesburg",
	"SGT":           "Asia/Singapore",
	"SST":           "Asia/Singapore or Pacific/Pago_Pago",
	"TRT":           "Europe/Istanbul",
	"WAT":           "Africa/Lagos",
	"WEST":          "Europe/Lisbon",
	"WIB":           "Asia/Jakarta",
	"WITA":          "Asia/Makassar",
	"BANGALORE":     "Asia/Kolkata",
	"BARCELONA":     "Europe/Madrid",
	"BEIJING":       "Asia/Shanghai",
	"BENGALURU":     "Asia/Kolkata",
	"BOSTON":        "America/New_York",
	"CALCUTTA":      "Asia/Kolkata",
	"CHENNAI":       "Asia/Kolkata",
	"COLOGNE":       "Europe/Berlin",
	"DELHI":         "Asia/Kolkata",
	"EDINBURGH":     "Europe/London",
	"FRANKFURT":     "Europe/Berlin",
	"GENEVA":        "Europe/Zurich",
	"HAMBURG":       "Europe/Berlin",
	"HYDERABAD":     "Asia/Kolkata",
	"KYIV":          "Europe/Kyiv",
	"MILAN":         "Europe/Rome",
	"MONTREAL":      "America/Toronto",
	"MUMBAI":        "Asia/Kolkata",
	"MUNICH":        "Europe/Berlin",
	"OSAKA":         "Asia/Tokyo",
	"PUNE":          "Asia/Kolkata",
	"SAN FRANCISCO": "America/Los_Angeles",
	"SEATTLE":       "America/Los_Angeles",
	"SHENZHEN":      "Asia/Shanghai",
	"TEL AVIV":      "Asia/Jerusalem",
	"WASHINGTON":    "America/New_York",
	"INDIA":         "Asia/Kolkata",
	"CHINA":         "Asia/Shanghai",
	"GERMANY":       "Europe/Berlin",
	"FRANCE":        "Europe/Paris",
	"UK":            "Europe/London",
	"SPAIN":         "Europe/Madrid",
	"ITALY":         "Europe/Rome",
}

// cities are the last parts of the zones' names, lower case with spaces, and the zones that end so.
var cities = func() map[string][]string {
	out := map[string][]string{}
	for _, z := range zones {
		area, _, ok := strings.Cut(z, "/")
		if ok && !slices.Contains([]string{"Etc", "US", "Canada", "Brazil", "Mexico", "Chile"}, area) {
			city := strings.ToLower(strings.ReplaceAll(z[strings.LastIndex(z, "/")+1:], "_", " "))
			out[city] = append(out[city], z)
		}
	}
	return out
}()

var offsetPattern = regexp.MustCompile(`(?i)^(etc/)?(utc|gmt|z)? *[+-] *[0-9]{1,2}(:?[0-9]{2})?$`)

// suggestZone says what an unknown zone may have meant: by abbreviation, by offset, by city, and only then by likeness
// to other names.
func (p *parser) suggestZone(word string, more ...string) string {
	if zs := zoneWords[strings.ToUpper(strings.ReplaceAll(strings.TrimSpace(word), "_", " "))]; zs != "" {
		return " (want the zone of a city: " + zs + ")"
	}
	if offsetPattern.MatchString(word) {
		return " (want the zone of a city, like Area/City: an offset does not say when clocks change)"
	}
	city := strings.ToLower(strings.ReplaceAll(word[strings.LastIndex(word, "/")+1:], "_", " "))
	if zs := cities[city]; len(zs) > 0 {
		return " (did you mean " + strings.Join(zs[:min(3, len(zs))], " or ") + "?)"
	}
	// Short words are near to too many: no zone is meant by CEST that a letter or two make of it.
	if len(word) > 4 || len(more) > 0 {
		if s := p.Suggest(word, slices.Concat(more, zones)); s != "" {
			return s
		}
	}
	if len(city) > 5 && len(p.Problems) < 200 {
		names := make([]string, 0, len(cities))
		for name := range cities {
			names = append(names, name)
		}
		if zs := cities[yamlpos.Nearest(city, names)]; zs != nil {
			return " (did you mean " + zs[0] + "?)"
		}
	}
	return ""
}

// fixedZones are abbreviations whose clocks never change, with where they do.
var fixedZones = map[string]string{
	"EST": "America/New_York",
	"MST": "America/Denver",
	"HST": "Pacific/Honolulu",
	"GMT": "Europe/London",
}

// oldZones are abbreviations that have summer time and are no city's.
var oldZones = map[string]string{
	"CET":     "Europe/Berlin",
	"MET":     "Europe/Berlin",
	"EET":     "Europe/Athens",
	"WET":     "Europe/Lisbon",
	"EST5EDT": "America/New_York",
	"CST6CDT": "America/Chicago",
	"MST7MDT": "America/Denver",
	"PST8PDT": "America/Los_Angeles",
}

// zoneWarning says why a zone that there is may not be the one that is meant; "" if nothing does.
func zoneWarning(name string) string {
	base := strings.TrimPrefix(name, "Etc/")
	plain := strings.TrimRight(base, "+-0") // GMT+0 and its like
	switch {
	case base == "Greenwich", plain == "GMT":
		plain = "GMT"
	case strings.HasPrefix(base, "GMT"):
		east := "behind"
		if base[3] == '-' {
			east = "ahead of"
		}
		return fmt.Sprintf("zone %s is %s hours %s UTC (its sign is the other way round), in summer as in winter: "+
			"want the zone of a city, like Area/City", name, base[4:], east)
	}
	if city := fixedZones[plain]; city != "" {
		return fmt.Sprintf("zone %s has no summer time: want the zone of a city, such as %s", name, city)
	}
	if city := oldZones[name]; city != "" {
		return fmt.Sprintf("zone %s is an abbreviation that is no city's: want the zone of a city, such as %s", name, city)
	}
	return ""
}

// checkZone reports a zone that there is not, or that may not be what is meant; more are words that may stand in its
// place.
func (p *parser) checkZone(what string, t yamlpos.Text, more ...string) bool {
	if !t.Given() || slices.Contains(more, t.V) {
		return true
	}
	if !isZone(t.V) {
		p.Add(t.Pos, what, "unknown zone %q%s", t.V, p.suggestZone(t.V, more...))
		return false
	}
	if w := zoneWarning(t.V); w != "" && !p.warned[t.V] {
		p.warned[t.V] = true // once is enough, for however many people
		p.warnings.Add(t.Pos, what, "%s", w)
	}
	return true
}
