package recur

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"holdfast/internal/series"
)

// at is the moment of "2026-12-01 10:00" on the zone's clock, or of "2026-12-01T09:00:00Z".
func at(t testing.TB, text, zone string) time.Time {
	t.Helper()
	loc, err := series.Location(zone)
	if err != nil {
		t.Fatal(err)
	}
	v, err := time.Parse(time.RFC3339, text)
	if err != nil {
		v, err = time.ParseInLocation("2006-01-02 15:04", text, loc)
	}
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// show is times as the zone's clock has them, with their offsets.
func show(zone string, times ...time.Time) string {
	loc, _ := series.Location(zone)
	var out []string
	for _, t := range times {
		out = append(out, t.In(loc).Format("01-02T15:04-0700"))
	}
	return strings.Join(out, " ")
}

const ny, london, lordHowe, kolkata = "America/New_York", "Europe/London", "Australia/Lord_Howe", "Asia/Kolkata"

func TestStarts(t *testing.T) {
	tests := []struct{ name, rule, start, zone, from, to, want string }{
		{"weekly", "FREQ=WEEKLY", "2026-12-01 10:00", kolkata, "2026-12-01 00:00", "2026-12-20 00:00", "12-01T10:00+0530 12-08T10:00+0530 12-15T10:00+0530"},
		{"spring, New York", "FREQ=WEEKLY;BYDAY=SU", "2026-03-01 10:00", ny, "2026-03-01 00:00", "2026-03-16 00:00", "03-01T10:00-0500 03-08T10:00-0400 03-15T10:00-0400"},
		{"spring gap, New York", "FREQ=WEEKLY;BYDAY=SU", "2026-03-01 02:30", ny, "2026-03-01 00:00", "2026-03-16 00:00", "03-01T02:30-0500 03-08T03:30-0400 03-15T02:30-0400"},
		{"autumn, New York", "FREQ=WEEKLY;BYDAY=SU", "2026-10-25 01:30", ny, "2026-10-25 00:00", "2026-11-09 00:00", "10-25T01:30-0400 11-01T01:30-0400 11-08T01:30-0500"},
		{"spring gap, London", "FREQ=DAILY", "2026-03-28 01:15", london, "2026-03-28 00:00", "2026-03-31 00:00", "03-28T01:15+0000 03-29T02:15+0100 03-30T01:15+0100"},
		{"autumn, London", "FREQ=DAILY", "2026-10-24 01:15", london, "2026-10-24 00:00", "2026-10-27 00:00", "10-24T01:15+0100 10-25T01:15+0100 10-26T01:15+0000"},
		{"spring gap, Lord Howe", "FREQ=WEEKLY", "2026-09-27 02:15", lordHowe, "2026-09-27 00:00", "2026-10-12 00:00", "09-27T02:15+1030 10-04T02:45+1100 10-11T02:15+1100"},
		{"autumn, Lord Howe", "FREQ=WEEKLY", "2026-03-29 01:45", lordHowe, "2026-03-29 00:00", "2026-04-13 00:00", "03-29T01:45+1100 04-05T01:45+1100 04-12T01:45+1030"},
		{"monthly by engine, spring gap", "FREQ=MONTHLY;BYDAY=2SU", "2026-02-08 02:30", ny, "2026-02-01 00:00", "2026-05-01 00:00", "02-08T02:30-0500 03-08T03:30-0400 04-12T02:30-0400"},
		{"monthly by engine, autumn", "FREQ=MONTHLY;BYDAY=-1SU", "2026-09-27 01:30", london, "2026-09-01 00:00", "2026-12-01 00:00", "09-27T01:30+0100 10-25T01:30+0100 11-29T01:30+0000"},
		{"a first start in the repeated hour", "FREQ=WEEKLY", "2026-10-25T01:30:00Z", london, "2026-10-25 00:00", "2026-11-02 00:00", "10-25T01:30+0000 11-01T01:30+0000"},
		{"a start on another day leads", "FREQ=WEEKLY;BYDAY=TU,TH", "2026-11-30 09:00", ny, "2026-11-01 00:00", "2026-12-09 00:00", "11-30T09:00-0500 12-01T09:00-0500 12-03T09:00-0500 12-08T09:00-0500"},
		{"and is counted", "FREQ=WEEKLY;BYDAY=TU,TH;COUNT=3", "2026-11-30 09:00", ny, "2026-11-01 00:00", "2027-12-09 00:00", "11-30T09:00-0500 12-01T09:00-0500 12-03T09:00-0500"},
		{"by engine too", "FREQ=MONTHLY;BYMONTHDAY=5;COUNT=3", "2026-11-30 09:00", ny, "2026-11-01 00:00", "2027-12-09 00:00", "11-30T09:00-0500 12-05T09:00-0500 01-05T09:00-0500"},
		{"every other week, week from Sunday", "FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=SU,TU", "1997-08-05 09:00", ny, "1997-08-01 00:00", "1997-08-30 00:00", "08-05T09:00-0400 08-17T09:00-0400 08-19T09:00-0400"},
		{"every other week, week from Monday", "FREQ=WEEKLY;INTERVAL=2;WKST=MO;BYDAY=SU,TU", "1997-08-05 09:00", ny, "1997-08-01 00:00", "1997-08-30 00:00", "08-05T09:00-0400 08-10T09:00-0400 08-19T09:00-0400 08-24T09:00-0400"},
		{"working days", "FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR", "2026-12-04 09:00", ny, "2026-12-04 00:00", "2026-12-09 00:00", "12-04T09:00-0500 12-07T09:00-0500 12-08T09:00-0500"},
		{"last working day of the month", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "2026-10-30 09:00", london, "2026-10-01 00:00", "2027-01-01 00:00", "10-30T09:00+0000 11-30T09:00+0000 12-31T09:00+0000"},
		{"29 February", "FREQ=YEARLY", "2024-02-29 09:00", london, "2024-03-01 00:00", "2033-01-01 00:00", "02-29T09:00+0000 02-29T09:00+0000"},
		{"long running, by engine", "FREQ=DAILY;BYHOUR=9,15", "1990-01-01 09:00", london, "2026-12-01 00:00", "2026-12-02 00:00", "12-01T09:00+0000 12-01T15:00+0000"},
		{"until in UTC, to the moment", "FREQ=WEEKLY;UNTIL=20261208T043000Z", "2026-12-01 10:00", kolkata, "2026-12-01 00:00", "2027-12-20 00:00", "12-01T10:00+0530 12-08T10:00+0530"},
		{"until in UTC, an evening in the west", "FREQ=WEEKLY;UNTIL=20261209T010000Z", "2026-12-01 20:00", ny, "2026-12-01 00:00", "2027-12-20 00:00", "12-01T20:00-0500 12-08T20:00-0500"},
		{"until by the local clock", "FREQ=WEEKLY;UNTIL=20261208T200000", "2026-12-01 20:00", ny, "2026-12-01 00:00", "2027-12-20 00:00", "12-01T20:00-0500 12-08T20:00-0500"},
		{"until a day", "FREQ=WEEKLY;UNTIL=20261208", "2026-12-01 20:00", ny, "2026-12-01 00:00", "2027-12-20 00:00", "12-01T20:00-0500 12-08T20:00-0500"},
		{"until a day, by engine", "FREQ=MONTHLY;UNTIL=20270101", "2026-12-01 20:00", ny, "2026-12-01 00:00", "2027-12-20 00:00", "12-01T20:00-0500 01-01T20:00-0500"},
		{"until before the start", "FREQ=WEEKLY;UNTIL=20261101", "2026-12-01 20:00", ny, "2026-12-01 00:00", "2027-12-20 00:00", ""},
		{"lower case, trailing semicolon", "freq=weekly;interval=1;byday=tu;", "2026-12-01 10:00", kolkata, "2026-12-02 00:00", "2026-12-09 00:00", "12-08T10:00+0530"},
		{"rscale", "RSCALE=GREGORIAN;FREQ=WEEKLY;SKIP=OMIT", "2026-12-01 10:00", kolkata, "2026-12-02 00:00", "2026-12-09 00:00", "12-08T10:00+0530"},
		{"no rule", "", "2026-12-01 10:00", kolkata, "2026-11-02 00:00", "2026-12-09 00:00", "12-01T10:00+0530"},
	}
	for _, test := range tests {
		got, err := Starts(test.rule, at(t, test.start, test.zone), test.zone, at(t, test.from, test.zone), at(t, test.to, test.zone), 100)
		if err != nil || show(test.zone, got...) != test.want {
			t.Errorf("%s: %v\n got %s\nwant %s", test.name, err, show(test.zone, got...), test.want)
		}
	}
}

func TestStartsLimit(t *testing.T) {
	start := at(t, "2026-12-01 10:00", ny)
	for _, rule := range []string{"FREQ=DAILY", "FREQ=DAILY;BYMONTH=12,1"} {
		for _, limit := range []int{0, 3} {
			got, err := Starts(rule, start, ny, start, start.AddDate(1, 0, 0), limit)
			if err != nil || len(got) != limit {
				t.Errorf("%s: %v, %v", rule, got, err)
			}
		}
	}
}

// Each of these makes rrule-go panic, run for ever or guess, and nothing tells what it means.
var hostile = []string{
	"FREQ=HOURLY;INTERVAL=24;BYHOUR=3", "FREQ=SECONDLY", "FREQ=MINUTELY", "FREQ=FORTNIGHTLY", "FREQ=", "INTERVAL=2",
	"nonsense", ";",
	"FREQ=DAILY;INTERVAL=99999999999999999999", "FREQ=YEARLY;INTERVAL=1000000000", "RSCALE=CHINESE;FREQ=YEARLY",
	"FREQ=YEARLY;SKIP=FORWARD", "FREQ=DAILY;BYHOUR=1,2,3,4,5;BYMINUTE=1,2,3,4,5;BYSECOND=1,2,3,4,5",
	"FREQ=WEEKLY;" + strings.Repeat(";", maxRule),
}

// senseless are rules with parts that make no sense, and what is left of them.
var senseless = map[string]string{
	"FREQ=WEEKLY;COUNT=0;BYDAY=MO,TU":        "FREQ=WEEKLY;BYDAY=MO,TU",
	"FREQ=WEEKLY;COUNT=-1":                   "FREQ=WEEKLY",
	"FREQ=WEEKLY;COUNT=many":                 "FREQ=WEEKLY",
	"FREQ=WEEKLY;COUNT=0;COUNT=3":            "FREQ=WEEKLY;COUNT=3",
	"FREQ=WEEKLY;COUNT=99999999999999999999": "FREQ=WEEKLY",
	"FREQ=WEEKLY;INTERVAL=0":                 "FREQ=WEEKLY",
	"FREQ=WEEKLY;INTERVAL=-2":                "FREQ=WEEKLY",
	"FREQ=WEEKLY;UNTIL=20261399":             "FREQ=WEEKLY",
	"FREQ=WEEKLY;UNTIL=":                     "FREQ=WEEKLY",
	"FREQ=WEEKLY;BYDAY=1MO":                  "FREQ=WEEKLY;BYDAY=MO",
	"FREQ=WEEKLY;BYDAY=":                     "FREQ=WEEKLY",
	"FREQ=WEEKLY;BYDAY=OT":                   "FREQ=WEEKLY",
	"FREQ=WEEKLY;BYDAY=XX,TH":                "FREQ=WEEKLY;BYDAY=TH",
	"FREQ=WEEKLY; byday = mo , th":           "FREQ=WEEKLY;BYDAY=MO,TH",
	"FREQ=WEEKLY;BYDAY=MO;BYDAY=TU":          "FREQ=WEEKLY;BYDAY=MO,TU",
	"FREQ=WEEKLY;WKST=XX":                    "FREQ=WEEKLY",
	"FREQ=WEEKLY;BYMONTHDAY=1":               "FREQ=WEEKLY",
	"FREQ=WEEKLY;X-WHAT=1;NONSENSE":          "FREQ=WEEKLY",
	"FREQ=WEEKLY;BYMONTH=13":                 "FREQ=WEEKLY",
	"FREQ=MONTHLY;BYMONTHDAY=99":             "FREQ=MONTHLY",
	"FREQ=MONTHLY;BYMONTHDAY=3,99,-0":        "FREQ=MONTHLY;BYMONTHDAY=3",
	"FREQ=MONTHLY;BYDAY=-6SU":                "FREQ=MONTHLY",
	"FREQ=MONTHLY;BYDAY=30SA,5SA":            "FREQ=MONTHLY;BYDAY=5SA",
	"FREQ=MONTHLY;BYDAY=0MO,1MO":             "FREQ=MONTHLY;BYDAY=1MO",
	"FREQ=MONTHLY;BYWEEKNO=1":                "FREQ=MONTHLY",
	"FREQ=YEARLY;BYMONTH=2;BYDAY=-9SU,2SU":   "FREQ=YEARLY;BYMONTH=2;BYDAY=2SU",
	"FREQ=YEARLY;BYDAY=54MO":                 "FREQ=YEARLY",
	"FREQ=YEARLY;BYWEEKNO=1;BYDAY=2MO":       "FREQ=YEARLY;BYWEEKNO=1;BYDAY=MO",
	"FREQ=YEARLY;BYEASTER=400":               "FREQ=YEARLY",
	"FREQ=DAILY;BYYEARDAY=1":                 "FREQ=DAILY",
	"FREQ=DAILY;BYSETPOS=1":                  "FREQ=DAILY",
	"FREQ=DAILY;BYHOUR=25":                   "FREQ=DAILY",
	"FREQ=DAILY;BYDAY=3MO":                   "FREQ=DAILY;BYDAY=MO",
	"RSCALE=GREGORIAN;FREQ=DAILY;SKIP=OMIT":  "FREQ=DAILY",
}

// The senseless part is dropped, the rest counts (faults 2.1).
func TestSenselessParts(t *testing.T) {
	start := at(t, "2026-12-01 10:00", ny)
	for rule, left := range senseless {
		got, err := Starts(rule, start, ny, start, start.AddDate(2, 0, 0), 200)
		want, err2 := Starts(left, start, ny, start, start.AddDate(2, 0, 0), 200)
		if err != nil || err2 != nil || len(want) < 2 || !slices.EqualFunc(got, want, time.Time.Equal) {
			t.Errorf("%q: %d starts, %v; %q: %d starts, %v", rule, len(got), err, left, len(want), err2)
		}
		weeks, until, ok := Plain(rule, start, ny)
		if weeks2, until2, ok2 := Plain(left, start, ny); weeks != weeks2 || ok != ok2 || !until.Equal(until2) {
			t.Errorf("%q: plain %v, every %d until %v", rule, ok, weeks, until)
		}
		if Unknown(series.Busy{RRule: rule}) {
			t.Errorf("%q is unknown", rule)
		}
	}
}

// Of a rule that cannot be read only the first time is known; slots are not chosen over that time of any week.
func TestUnknown(t *testing.T) {
	b := series.Busy{Start: at(t, "2026-12-01 10:00", ny), Duration: time.Hour, Zone: ny}
	b.RRule = "FREQ=WEEKLY\nFREQ=HOURLY"
	exclusions := series.Busy{RRule: "FREQ=DAILY", ExRule: "FREQ=X"}
	if !Unknown(b) || Unknown(series.Busy{RRule: "FREQ=DAILY"}) || !Unknown(exclusions) || Unknown(series.Busy{}) {
		t.Error("what is unknown is not told from what is known")
	}
	// Before and after, and over a change of the clock.
	for _, from := range []string{"2026-11-02 10:30", "2027-03-02 10:30"} {
		got := Weekly(b, at(t, from, ny), at(t, from, ny).AddDate(0, 0, 21))
		var texts []string
		for _, i := range got {
			texts = append(texts, i.Start.In(b.Start.Location()).Format("Mon 15:04"))
		}
		want, first := "Tue 10:00 Tue 10:00 Tue 10:00", at(t, from, ny).AddDate(0, 0, 8)
		if !strings.HasPrefix(strings.Join(texts, " "), want) || len(got) > 4 || !got[0].Start.Before(first) {
			t.Errorf("from %s: %v", from, texts)
		}
	}
}

func TestHostileRules(t *testing.T) {
	start := at(t, "2026-12-01 10:00", ny)
	for _, rule := range hostile {
		if got, err := Starts(rule, start, ny, start, start.AddDate(1, 0, 0), 10); !errors.Is(err, ErrRule) {
			t.Errorf("%q: %v, %v", rule, got, err)
		}
		if _, _, ok := Plain(rule, start, ny); ok {
			t.Errorf("%q is plain", rule)
		}
		got, approximate := Expand(series.Busy{Start: start, Duration: time.Hour, Zone: ny, RRule: rule, Kind: series.Hard}, start, start.AddDate(1, 0, 0))
		if !approximate || len(got) != 1 || !got[0].Start.Equal(start) {
			t.Errorf("%q: %v, %v", rule, got, approximate)
		}
	}
}

// Rules that never come true end soon, and long ones at the limit.
func TestStartsGivesUp(t *testing.T) {
	start := at(t, "2026-12-01 10:00", ny)
	for _, rule := range []string{"FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "FREQ=DAILY;INTERVAL=7;BYDAY=MO", "FREQ=YEARLY;BYWEEKNO=1;BYMONTH=7"} {
		got, err := Starts(rule, start, ny, start, start.AddDate(5, 0, 0), 10)
		if err != nil || len(got) != 1 {
			t.Errorf("%s: %v, %v", rule, got, err)
		}
	}
	if _, err := Starts("FREQ=DAILY;BYHOUR=9;COUNT=1000000", at(t, "1950-12-01 10:00", ny), ny, start, start.AddDate(5, 0, 0), 10); !errors.Is(err, ErrRule) {
		t.Error(err)
	}
	b := series.Busy{Start: start.AddDate(-60, 0, 0), Duration: 100 * 365 * 24 * time.Hour, Zone: ny, RRule: "FREQ=DAILY"}
	if got, approximate := Expand(b, start, start.AddDate(1, 0, 0)); !approximate || len(got) != 1 {
		t.Error(len(got), approximate)
	}
}

func TestExpand(t *testing.T) {
	hour := func(b series.Busy) series.Busy { b.Duration, b.Kind = time.Hour, series.Soft; return b }
	days := func(n int, b series.Busy) series.Busy {
		b.AllDay, b.Duration, b.Kind = true, time.Duration(n)*24*time.Hour, series.AwayKind
		return b
	}
	ruled := func(rrule, exrule string) series.Busy {
		return hour(series.Busy{Start: at(t, "2026-12-01 10:00", ny), Zone: ny, RRule: rrule, ExRule: exrule})
	}
	moments := func(zone string, texts ...string) (out []time.Time) {
		for _, x := range texts {
			out = append(out, at(t, x, zone))
		}
		return out
	}
	tests := []struct {
		name     string
		b        series.Busy
		from, to string
		want     string
	}{
		{"single", hour(series.Busy{Start: at(t, "2026-12-01 10:00", ny), Zone: ny}), "2026-12-01 10:59", "2026-12-01 11:00", "12-01T10:00-0500 12-01T11:00-0500 soft"},
		{"ends when the window begins", hour(series.Busy{Start: at(t, "2026-12-01 10:00", ny), Zone: ny}), "2026-12-01 11:00", "2026-12-01 12:00", ""},
		{"begins when the window ends", hour(series.Busy{Start: at(t, "2026-12-01 10:00", ny), Zone: ny}), "2026-12-01 09:00", "2026-12-01 10:00", ""},
		{"began before the window", hour(series.Busy{Start: at(t, "2026-11-24 23:30", ny), Zone: ny, RRule: "FREQ=WEEKLY"}), "2026-12-02 00:00", "2026-12-03 00:00", "12-01T23:30-0500 12-02T00:30-0500 soft"},
		{"exclusions, in UTC or not, and dates added", hour(series.Busy{Start: at(t, "2026-03-01 10:00", ny), Zone: ny, RRule: "FREQ=WEEKLY", ExDates: moments(ny, "2026-03-08T14:00:00Z", "2026-03-15 10:00"), RDates: moments(ny, "2026-03-03 08:00", "2026-03-22 10:00")}),
			"2026-03-01 00:00", "2026-03-25 00:00", "03-01T10:00-0500 03-01T11:00-0500 soft 03-03T08:00-0500 03-03T09:00-0500 soft 03-22T10:00-0400 03-22T11:00-0400 soft"},
		{"an added date excluded", hour(series.Busy{Start: at(t, "2026-03-01 10:00", ny), Zone: ny, RDates: moments(ny, "2026-03-03 08:00"), ExDates: moments(ny, "2026-03-03 08:00")}), "2026-03-02 00:00", "2026-03-25 00:00", ""},
		{"no duration", series.Busy{Start: at(t, "2026-12-01 10:00", ny), Zone: ny, Kind: series.Hard}, "2026-12-01 10:00", "2026-12-01 11:00", "12-01T10:00-0500 12-01T10:00-0500 hard"},
		{"whole days over spring", days(2, series.Busy{Start: at(t, "2026-03-28 00:00", london), Zone: london}), "2026-03-29 12:00", "2026-03-29 13:00", "03-28T00:00+0000 03-30T00:00+0100 away"},
		{"whole days over autumn, 30 minutes", days(1, series.Busy{Start: at(t, "2026-04-04 00:00", lordHowe), Zone: lordHowe, RRule: "FREQ=DAILY;COUNT=3"}), "2026-04-05 00:00", "2026-04-06 00:00", "04-05T00:00+1100 04-06T00:00+1030 away"},
		{"whole days, ended by a moment", days(1, series.Busy{Start: at(t, "2026-12-01 00:00", ny), Zone: ny, RRule: "FREQ=WEEKLY;UNTIL=20261208T000000Z"}), "2026-12-08 00:00", "2026-12-30 00:00", "12-08T00:00-0500 12-09T00:00-0500 away"},
		{"whole days, ended by a moment of the owner's day before",
			days(1, series.Busy{Start: at(t, "2026-12-01 00:00", ny), Zone: ny, RRule: "FREQ=WEEKLY;UNTIL=20261208T040000Z"}),
			"2026-12-08 00:00", "2026-12-30 00:00", ""},
		{"two rules, of which each begins at the start", ruled("FREQ=WEEKLY;COUNT=2\nFREQ=MONTHLY", ""),
			"2026-12-01 00:00", "2027-01-30 00:00",
			"12-01T10:00-0500 12-01T11:00-0500 soft " +
				"12-08T10:00-0500 12-08T11:00-0500 soft 01-01T10:00-0500 01-01T11:00-0500 soft"},
		{"a rule of exclusions", ruled("FREQ=WEEKLY;COUNT=4", "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU"),
			"2026-12-01 00:00", "2027-01-30 00:00",
			"12-08T10:00-0500 12-08T11:00-0500 soft 12-22T10:00-0500 12-22T11:00-0500 soft"},
		{"a rule of exclusions that does not name the start", ruled("FREQ=DAILY;COUNT=3", "FREQ=WEEKLY;BYDAY=WE"),
			"2026-12-01 00:00", "2027-01-30 00:00",
			"12-01T10:00-0500 12-01T11:00-0500 soft 12-03T10:00-0500 12-03T11:00-0500 soft"},
		{"a general rule of exclusions that does not name the start",
			ruled("FREQ=DAILY;COUNT=3", "FREQ=MONTHLY;BYMONTHDAY=2"),
			"2026-12-01 00:00", "2027-01-30 00:00",
			"12-01T10:00-0500 12-01T11:00-0500 soft 12-03T10:00-0500 12-03T11:00-0500 soft"},
		{"a general rule of exclusions that names it", ruled("FREQ=DAILY;COUNT=2", "FREQ=MONTHLY;BYMONTHDAY=1"),
			"2026-12-01 00:00", "2027-01-30 00:00",
			"12-02T10:00-0500 12-02T11:00-0500 soft"},
		{"what is available is cut out", series.Busy{
			Start:    at(t, "2020-01-01 00:00", ny),
			Duration: 20 * 365 * 24 * time.Hour,
			Zone:     ny,
			Kind:     series.AwayKind,
			Except: []series.Available{
				{Start: at(t, "2020-01-01 09:00", ny), Duration: 3 * time.Hour, Zone: ny, RRule: "FREQ=DAILY"},
				{Start: at(t, "2026-12-01 13:00", ny), Duration: time.Hour, Zone: ny},
			},
		}, "2026-12-01 00:00", "2026-12-02 10:00",
			"12-01T00:00-0500 12-01T09:00-0500 away 12-01T12:00-0500 12-01T13:00-0500 away " +
				"12-01T14:00-0500 12-02T09:00-0500 away"},
		{"whole days, ended by local midnight in UTC", days(1, series.Busy{Start: at(t, "2026-12-01 00:00", kolkata), Zone: kolkata, RRule: "FREQ=WEEKLY;UNTIL=20261207T183000Z"}), "2026-12-08 00:00", "2026-12-30 00:00", "12-08T00:00+0530 12-09T00:00+0530 away"},
		{"whole days excluded by day", days(1, series.Busy{Start: at(t, "2026-12-01 00:00", ny), Zone: ny, RRule: "FREQ=DAILY", ExDates: moments(ny, "2026-12-02 09:00")}), "2026-12-02 00:00", "2026-12-04 00:00", "12-03T00:00-0500 12-04T00:00-0500 away"},
		{"whole days where midnight does not exist", days(1, series.Busy{Start: at(t, "2026-04-24T00:00:00+03:00", "Africa/Cairo"), Zone: "Africa/Cairo", RRule: "FREQ=DAILY"}), "2026-04-25 00:00", "2026-04-26 00:00", "04-25T00:00+0300 04-26T00:00+0300 away"},
		{"a day at least", days(0, series.Busy{Start: at(t, "2026-12-01 00:00", ny), Zone: ny}), "2026-12-01 12:00", "2026-12-02 00:00", "12-01T00:00-0500 12-02T00:00-0500 away"},
	}
	for _, test := range tests {
		got, approximate := Expand(test.b, at(t, test.from, test.b.Zone), at(t, test.to, test.b.Zone))
		var texts []string
		for _, i := range got {
			texts = append(texts, show(test.b.Zone, i.Start, i.End)+" "+string(i.Kind))
		}
		if diff := cmp.Diff(test.want, strings.Join(texts, " ")); diff != "" || approximate {
			t.Errorf("%s: %v\n%s", test.name, approximate, diff)
		}
	}
}

func TestPlain(t *testing.T) {
	tests := []struct {
		rule  string
		weeks int // 0: not plain
		until string
	}{
		{"FREQ=WEEKLY", 1, ""},
		{"FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=TU", 2, ""},
		{"freq=weekly;byday=tu;", 1, ""},
		{"FREQ=DAILY;INTERVAL=28", 4, ""},
		{"FREQ=WEEKLY;BYDAY=WE", 0, ""},
		{"FREQ=WEEKLY;BYDAY=TU,WE", 0, ""},
		{"FREQ=WEEKLY;BYMONTH=1", 0, ""},
		{"FREQ=WEEKLY;BYHOUR=10", 0, ""},
		{"FREQ=DAILY", 0, ""},
		{"FREQ=MONTHLY;BYDAY=1TU", 0, ""},
		{"FREQ=WEEKLY;UNTIL=20261230T180000Z", 1, "2026-12-30T18:00:00Z"},
		{"FREQ=WEEKLY;UNTIL=20261230", 1, "2026-12-31T04:59:59Z"},
		{"FREQ=WEEKLY;UNTIL=20261230T100000", 1, "2026-12-30T15:00:00Z"},
		{"FREQ=WEEKLY;COUNT=1", 1, "2026-10-27T14:00:00Z"},
		{"FREQ=WEEKLY;COUNT=3;INTERVAL=2", 2, "2026-11-24T15:00:00Z"},
		{"FREQ=WEEKLY;COUNT=30;UNTIL=20261230T180000Z", 1, "2026-12-30T18:00:00Z"},
		{"FREQ=WEEKLY;UNTIL=99991231T235959Z", 1, ""},
		{"FREQ=WEEKLY;COUNT=1000000", 1, ""},
	}
	start := at(t, "2026-10-27 10:00", ny)
	for _, test := range tests {
		weeks, until, ok := Plain(test.rule, start, ny)
		text := ""
		if !until.IsZero() {
			text = until.UTC().Format(time.RFC3339)
		}
		if weeks != test.weeks || ok != (weeks > 0) || text != test.until {
			t.Errorf("%s: %d, %s, %v", test.rule, weeks, text, ok)
		}
	}
}

// anyCycle draws a rule that the fast path takes.
func anyCycle(t *rapid.T) string {
	rule := rapid.SampledFrom([]string{"FREQ=WEEKLY", "FREQ=DAILY"}).Draw(t, "freq")
	interval := rapid.IntRange(1, 5).Draw(t, "interval")
	days := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"SU", "MO", "TU", "WE", "TH", "FR", "SA"}), 0, 7, rapid.ID[string]).Draw(t, "days")
	if len(days) > 0 && (rule == "FREQ=WEEKLY" || interval == 1) {
		rule += ";BYDAY=" + strings.Join(days, ",")
	}
	rule += fmt.Sprintf(";INTERVAL=%d;WKST=%s", interval, rapid.SampledFrom([]string{"SU", "MO", "WE"}).Draw(t, "wkst"))
	if rapid.Bool().Draw(t, "counted") {
		rule += fmt.Sprintf(";COUNT=%d", rapid.IntRange(1, 60).Draw(t, "count"))
	}
	return rule
}

func TestFastPathAgreesWithTheEngine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		zone := rapid.SampledFrom([]string{ny, london, lordHowe, kolkata, "Africa/Cairo"}).Draw(t, "zone")
		loc, _ := series.Location(zone)
		start := time.Date(2026, 1, rapid.IntRange(1, 365).Draw(t, "day"), 0, rapid.IntRange(0, 24*60-1).Draw(t, "minute"), 0, 0, loc)
		from := start.Add(time.Duration(rapid.IntRange(-24*30, 24*700).Draw(t, "from")) * time.Hour)
		to := from.Add(time.Duration(rapid.IntRange(0, 24*200).Draw(t, "length")) * time.Hour)
		rule := anyCycle(t)
		r, err := parse(rule)
		if err != nil {
			t.Fatal(err)
		}
		c, ok := r.cycle(start, zone)
		if !ok {
			t.Fatalf("%s is no cycle", rule)
		}
		fast, err1 := c.starts(r.count, never, from, to, 1000)
		slow, err2 := r.general(start, zone, never, from, to, 1000)
		if err1 != nil || err2 != nil || !slices.EqualFunc(fast, slow, time.Time.Equal) {
			t.Fatalf("%s from %s: %v %v\nfast %s\nslow %s", rule, start, err1, err2, show(zone, fast...), show(zone, slow...))
		}
	})
}

// The window only cuts: what two windows side by side show is what both together show.
func TestWindowsAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		loc, _ := series.Location(london)
		start := time.Date(2026, 1, rapid.IntRange(1, 60).Draw(t, "day"), 0, rapid.IntRange(0, 24*60-1).Draw(t, "minute"), 0, 0, loc)
		cut := start.AddDate(0, 0, rapid.IntRange(0, 400).Draw(t, "cut"))
		end := cut.AddDate(0, 0, rapid.IntRange(0, 400).Draw(t, "end"))
		rule := rapid.OneOf(rapid.Custom(anyCycle), rapid.SampledFrom([]string{
			"FREQ=MONTHLY;BYDAY=-1FR", "FREQ=DAILY;BYMONTH=1,6", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR;BYSETPOS=-1", "FREQ=WEEKLY;INTERVAL=3;BYMONTH=2,3,9;BYDAY=SU,SA",
			"FREQ=MONTHLY;BYMONTHDAY=31,-2", "FREQ=YEARLY;BYYEARDAY=-1,100", "FREQ=DAILY;INTERVAL=3;BYHOUR=1,2,3", "FREQ=YEARLY;BYWEEKNO=20,53;BYDAY=MO",
		})).Draw(t, "rule")
		get := func(a, b time.Time) []time.Time {
			out, err := Starts(rule, start, london, a, b, 5000)
			if err != nil {
				t.Fatal(err)
			}
			return out
		}
		parts := append(get(start, cut), get(cut, end)...)
		if whole := get(start, end); !slices.EqualFunc(parts, whole, time.Time.Equal) {
			t.Fatalf("%s\nparts %s\nwhole %s", rule, show(london, parts...), show(london, whole...))
		}
	})
}

func FuzzExpand(f *testing.F) {
	for _, rule := range hostile {
		f.Add(rule, int64(1796137200), int64(3600), 8, false)
	}
	f.Add("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", int64(0), int64(86400), 400, true)
	f.Add("FREQ=YEARLY;BYWEEKNO=1,-1,53;BYDAY=MO;UNTIL=20301231", int64(0), int64(86400), 400, true)
	f.Add("FREQ=WEEKLY;BYDAY=TU,TH;COUNT=30", int64(1796137200), int64(-1), 4000, false)
	f.Fuzz(func(t *testing.T, rule string, start, length int64, days int, allDay bool) {
		now := time.Unix(1796137200, 0)
		b := series.Busy{Start: time.Unix(start, 0), Duration: time.Duration(length), Zone: lordHowe, RRule: rule, AllDay: allDay}
		from, to := now, now.AddDate(0, 0, days%4000)
		got, approximate := Expand(b, from, to)
		if approximate && len(got) > 1 {
			t.Fatal("more than the first occurrence")
		}
		for i, v := range got {
			if !v.Start.Before(to) || v.End.Before(from) || v.End.Before(v.Start) || i > 0 && v.Start.Before(got[i-1].Start) {
				t.Fatal(v)
			}
		}
		starts, err := Starts(rule, b.Start, b.Zone, from, to, 50)
		if err != nil && !errors.Is(err, ErrRule) || len(starts) > 50 {
			t.Fatal(starts, err)
		}
		if weeks, until, ok := Plain(rule, b.Start, b.Zone); ok && (weeks < 1 || until.Year() > 9001) {
			t.Fatal(weeks, until)
		}
	})
}

// A year of a weekly series, meant to stay under 50 µs; a rule that never comes true, under 20 ms.
func BenchmarkWeek(b *testing.B) {
	start := at(b, "2026-01-06 10:00", london)
	r, err := parse("FREQ=WEEKLY;BYDAY=TU")
	if err != nil {
		b.Fatal(err)
	}
	to := start.AddDate(1, 0, 0)
	b.Run("cycle", func(b *testing.B) {
		for b.Loop() {
			c, _ := r.cycle(start, london)
			_, _ = c.starts(0, never, start, to, 1000)
		}
	})
	b.Run("engine", func(b *testing.B) {
		for b.Loop() {
			_, _ = r.general(start, london, never, start, to, 1000)
		}
	})
	b.Run("expand", func(b *testing.B) {
		busy := series.Busy{Start: start, Duration: time.Hour, Zone: london, RRule: "FREQ=WEEKLY;BYDAY=TU"}
		for b.Loop() {
			_, _ = Expand(busy, start, to)
		}
	})
	b.Run("never true", func(b *testing.B) {
		for b.Loop() {
			_, _ = Starts("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", start, london, start, to, 1000)
		}
	})
}
