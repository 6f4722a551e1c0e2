package vtimezone

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"holdfast/internal/series"
)

// Resolve is the zone, for series.Location, that a TZID means. component is the text of the VTIMEZONE of that name in
// the same object, "" if it has none. False means that nothing tells.
//
// A name of the zone database with a slash in it, or UTC, counts whatever the component says, in any case and behind a
// vendor's prefix: what is told of it in an object is often years old (Doubtful tells where). Then come other names of
// the database, the component's X-LIC-LOCATION, a name or a display name of Windows. But where the component itself
// keeps another clock for days within a year of the day around, its rules count (RFC 5545 section 3.6.5), as they do
// under an unknown name: as the zone of the database with the same clock from 2020 to 2035, or else as one of
// series.CustomZone. Without a component "GMT+0100" and its like are an hour ahead of UTC.
//
// One day should be passed for one event, as its present: a zone that gives up its rules may be told in another way
// after.
func Resolve(tzid, component string, around series.Date) (zone string, ok bool) {
	k := question{tzid, component, clamp(around.Year)}
	if len(tzid)+len(component) > maxRemembered {
		zone = k.answer()
		return zone, zone != ""
	}
	answers.Lock()
	defer answers.Unlock()
	zone, ok = answers.m[k]
	if !ok {
		if len(answers.m) >= maxAnswers {
			clear(answers.m)
		}
		zone = k.answer()
		answers.m[k] = zone
	}
	return zone, zone != ""
}

// A calendar repeats few components in many objects: answers are remembered, but only so many.
const (
	maxAnswers    = 1000
	maxRemembered = 8 << 10 // bytes of a question
)

type question struct {
	tzid, component string
	year            int
}

var answers = struct {
	sync.Mutex
	m map[question]string
}{m: map[question]string{}}

func (k question) answer() string {
	tzid := strings.Trim(k.tzid, "\" \t")
	if zone := certain(tzid); zone != "" {
		return zone
	}
	var c *component
	if k.component != "" {
		c, _ = parse(k.component) // what cannot be read says nothing
	}
	names := []func() string{
		func() string { return known(tzid) },
		func() string { return vendors(tzid) },
		func() string {
			if c == nil {
				return ""
			}
			return cmp.Or(known(c.location), vendors(c.location))
		},
		func() string { return known(windowsName(tzid)) },
		func() string { return displayed(tzid, k.year) },
	}
	var zone string
	for _, name := range names {
		if zone = name(); zone != "" {
			break
		}
	}
	if c == nil {
		return cmp.Or(zone, fixedOffset(tzid))
	}
	if zone != "" && c.agrees(zone, k.year) {
		return zone
	}
	return c.byRules(tzid, zone, k.year)
}

// certain is the zone of a name that needs no description: of the database, with a slash in it, or UTC.
func certain(tzid string) string {
	if strings.EqualFold(tzid, "UTC") || strings.EqualFold(tzid, "Z") {
		return "UTC"
	}
	zone := cmp.Or(known(tzid), vendors(tzid))
	if strings.Contains(zone, "/") || zone == "UTC" {
		return zone
	}
	return ""
}

// Doubtful is the zone that a TZID certainly names and of which its component tells another clock in the year from the
// day on; "" for none. One of the two is out of date: the component, or the zone data in use.
func Doubtful(tzid, component string, from series.Date) string {
	zone := certain(strings.Trim(tzid, "\" \t"))
	if zone == "" || component == "" || len(component) > maxRemembered {
		return ""
	}
	k := doubt{zone, component, from}
	doubts.Lock()
	defer doubts.Unlock()
	doubtful, known := doubts.m[k]
	if !known {
		if len(doubts.m) >= maxAnswers {
			clear(doubts.m)
		}
		doubtful = k.founded()
		doubts.m[k] = doubtful
	}
	if !doubtful {
		return ""
	}
	return zone
}

type doubt struct {
	zone, component string
	from            series.Date
}

var doubts = struct {
	sync.Mutex
	m map[doubt]bool
}{m: map[doubt]bool{}}

func (k doubt) founded() bool {
	c, err := parse(k.component)
	if err != nil {
		return false // what cannot be read says nothing
	}
	a, err := series.Location(k.zone)
	_, b, err2 := c.spelledOut()
	begin := series.Instant(k.from, 0, "UTC")
	end := earlier(begin.AddDate(1, 0, 0), c.until)
	return err == nil && err2 == nil && !sameClock(a, b, later(begin, c.since), end, 48*time.Hour)
}

// offsetName matches "GMT+0100", "UTC-5", "+02:00" and their like.
var offsetName = regexp.MustCompile(`(?i)^(?:GMT|UTC|UT)?([+-])(\d{1,2})(?::?(\d\d))?$`)

// fixedOffset is the zone of an offset that people write as a name: what is ahead of UTC has a plus.
func fixedOffset(tzid string) string {
	m := offsetName.FindStringSubmatch(strings.ReplaceAll(tzid, " ", ""))
	if m == nil {
		return ""
	}
	h, _ := strconv.Atoi(m[2])
	min, _ := strconv.Atoi(m[3])
	off := h*3600 + min*60
	switch {
	case h > 14 || min > 59:
		return ""
	case off == 0:
		return "UTC"
	case min == 0 && m[1] == "+":
		return known(fmt.Sprintf("Etc/GMT-%d", h)) // the database counts the other way
	case min == 0 && h <= 12:
		return known(fmt.Sprintf("Etc/GMT+%d", h))
	case m[1] == "-":
		off = -off
	}
	return series.CustomZone(byRules(nil, off))
}

// catalogue is the list of names, made when it is first needed.
var catalogue = sync.OnceValue(func() (c struct {
	names   []string            // of zones
	exact   map[string]string   // folded name, older ones too -> name as the database spells it
	current map[string]string   // name, older ones too -> the zone's
	cities  map[string][]string // folded last part of a name, older ones too -> zones
	windows map[string]string   // folded name of Windows -> zone
	world   map[string]bool     // zones that stand for one of Windows
}) {
	c.exact, c.current, c.cities = map[string]string{}, map[string]string{}, map[string][]string{}
	c.windows, c.world = map[string]string{}, map[string]bool{}
	for l := range strings.Lines(zoneNames) {
		all := strings.Fields(l)
		c.names = append(c.names, all[0])
		for _, n := range all {
			city := fold(n[strings.LastIndex(n, "/")+1:])
			c.exact[fold(n)], c.current[n] = n, all[0]
			c.cities[city] = append(c.cities[city], all[0])
		}
	}
	for name, zone := range windowsZones {
		c.windows[fold(name)], c.world[zone] = zone, true
	}
	return c
})

func fold(s string) string { return strings.ReplaceAll(strings.ToLower(s), " ", "_") }

// known is the zone of that name in the database, in any case; "" if there is none.
func known(name string) string {
	zone := catalogue().exact[fold(name)]
	if _, err := series.Location(zone); err != nil {
		return ""
	}
	return zone
}

// vendors is the zone named at the end of a path such as "/freeassociation.sourceforge.net/Europe/Berlin".
func vendors(tzid string) string {
	parts := strings.Split(tzid, "/")
	for n := 3; n >= 1; n-- {
		if len(parts) > n && (n > 1 || parts[0] == "") {
			if zone := known(strings.Join(parts[len(parts)-n:], "/")); zone != "" {
				return zone
			}
		}
	}
	return ""
}

func windowsName(tzid string) string { return catalogue().windows[fold(tzid)] }

// display matches "(UTC+01:00) Amsterdam, Berlin, …", as Windows shows zones to people.
var display = regexp.MustCompile(`^\((?:UTC|GMT)(?:([+-])(\d\d):?(\d\d))?\) *(.+)$`)

// regions are the places in display names that the database knows under other names.
var regions = map[string]string{
	"coordinated_universal_time":   "UTC",
	"international_date_line_west": "Etc/GMT+12",
	"hawaii":                       "Pacific/Honolulu",
	"alaska":                       "America/Anchorage",
	"baja_california":              "America/Tijuana",
	"pacific_time_(us_&_canada)":   "America/Los_Angeles",
	"arizona":                      "America/Phoenix",
	"mountain_time_(us_&_canada)":  "America/Denver",
	"central_america":              "America/Guatemala",
	"central_time_(us_&_canada)":   "America/Chicago",
	"saskatchewan":                 "America/Regina",
	"eastern_time_(us_&_canada)":   "America/New_York",
	"indiana_(east)":               "America/Indiana/Indianapolis",
	"haiti":                        "America/Port-au-Prince",
	"turks_and_caicos":             "America/Grand_Turk",
	"atlantic_time_(canada)":       "America/Halifax",
	"newfoundland":                 "America/St_Johns",
	"greenland":                    "America/Nuuk",
	"brasilia":                     "America/Sao_Paulo",
	"city_of_buenos_aires":         "America/Argentina/Buenos_Aires",
	"georgetown":                   "America/La_Paz",
	"salvador":                     "America/Bahia",
	"cabo_verde_is.":               "Atlantic/Cape_Verde",
	"west_central_africa":          "Africa/Lagos",
	"abu_dhabi":                    "Asia/Dubai",
	"port_louis":                   "Indian/Mauritius",
	"ekaterinburg":                 "Asia/Yekaterinburg",
	"islamabad":                    "Asia/Karachi",
	"chennai":                      "Asia/Kolkata",
	"sri_jayawardenepura":          "Asia/Colombo",
	"astana":                       "Asia/Almaty",
	"beijing":                      "Asia/Shanghai",
	"osaka":                        "Asia/Tokyo",
	"solomon_is.":                  "Pacific/Guadalcanal",
	"petropavlovsk-kamchatsky":     "Asia/Kamchatka",
	"wellington":                   "Pacific/Auckland",
	"nuku'alofa":                   "Pacific/Tongatapu",
	"samoa":                        "Pacific/Apia",
	"kiritimati_island":            "Pacific/Kiritimati",
}

// displayed is the zone of the first place in a display name whose clock has the offset in brackets, outside of summer
// time.
func displayed(tzid string, year int) string {
	m := display.FindStringSubmatch(tzid)
	if m == nil {
		return ""
	}
	h, _ := strconv.Atoi(m[2])
	min, _ := strconv.Atoi(m[3])
	want := h*3600 + min*60
	if m[1] == "-" {
		want = -want
	}
	c := catalogue()
	for place := range strings.SplitSeq(m[4], ",") {
		place = fold(strings.TrimSpace(place))
		zones := c.cities[place]
		if zone := regions[place]; zone != "" {
			zones = append([]string{zone}, zones...)
		}
		for _, zone := range zones {
			if standard(zone, year) == want {
				return zone
			}
		}
	}
	return ""
}

// standard is a zone's offset outside of summer time.
func standard(zone string, year int) int {
	loc, err := series.Location(zone)
	if err != nil {
		return 1 << 30
	}
	return min(offsetAt(loc, yearStart(year)), offsetAt(loc, yearStart(year).AddDate(0, 6, 0)))
}

// agrees reports whether the component has the zone's clock near the year, wherever it speaks. Two clocks that differ
// for less than two days at a time are the same one with its turn told carelessly.
func (c *component) agrees(zone string, year int) bool {
	a, err1 := series.Location(zone)
	_, b, err2 := c.spelledOut()
	return err1 == nil && err2 == nil && sameClock(a, b, later(yearStart(year-1), c.since), earlier(yearStart(year+2), c.until), 48*time.Hour)
}

// sameClock reports whether two zones have the same offsets throughout [from, to), but for stretches shorter than
// slack.
func sameClock(a, b *time.Location, from, to time.Time, slack time.Duration) bool {
	if !from.Before(to) {
		return true
	}
	edges := []int64{from.Unix()}
	for _, c := range append(changes(a, from, to), changes(b, from, to)...) {
		edges = append(edges, c.at)
	}
	slices.Sort(edges)
	edges = append(edges, to.Unix())
	apart := time.Duration(0)
	for i, at := range edges[:len(edges)-1] {
		t := time.Unix(at, 0)
		if offsetAt(a, t) == offsetAt(b, t) {
			apart = 0
			continue
		}
		if apart += time.Duration(edges[i+1]-at) * time.Second; apart >= max(slack, 1) {
			return false
		}
	}
	return true
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// byRules is the zone that has the component's clock: of the database the one named, those that share a city with the
// TZID, then those that are nothing but an offset, that share a continent, that stand for a zone of Windows; else one
// made to measure.
func (c *component) byRules(tzid, named string, year int) string {
	data, loc, err := c.spelledOut()
	if err != nil {
		return ""
	}
	from, to := later(yearStart(2020), c.since), yearStart(2036)
	var same []string
	for _, name := range catalogue().names {
		l, err := series.Location(name)
		if err == nil && from.Before(to) && offsetAt(l, from) == offsetAt(loc, from) && sameClock(l, loc, from, to, 0) {
			same = append(same, name)
		}
	}
	if slices.Contains(same, catalogue().current[named]) {
		return named // the database has other rules only for the days around the event
	}
	if len(same) > 0 {
		told := words(tzid)
		rank := func(name string) int {
			n := 0
			for i, w := range words(name) {
				if slices.Contains(told, w) {
					n += 2 + 6*min(i, 1) // a city tells more than a continent
				}
			}
			if strings.HasPrefix(name, "Etc/") {
				n += 4
			}
			if catalogue().world[name] {
				n++
			}
			return n
		}
		return slices.MinFunc(same, func(a, b string) int { return cmp.Or(cmp.Compare(rank(b), rank(a)), strings.Compare(a, b)) })
	}
	year = min(year, lastYear-ruleYears)
	if turns, ok := describe(loc, year); ok {
		short := byRules(turns, offsetAt(loc, yearStart(year)))
		l, err := time.LoadLocationFromTZData("rules", short)
		// Package time misreads footers whose turns fall on the first or last day of a year.
		if err == nil && sameClock(l, loc, yearStart(year-1), yearStart(year+ruleYears), 0) {
			data = short
		}
	}
	return series.CustomZone(data)
}

// words are the runs of letters in a name, folded, of three or more.
func words(s string) []string {
	all := strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !('a' <= r && r <= 'z') })
	return slices.DeleteFunc(all, func(w string) bool { return len(w) < 3 })
}
