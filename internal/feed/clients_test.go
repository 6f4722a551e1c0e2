package feed_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"holdfast/internal/access"
	"holdfast/internal/series"
)

// Real programs that subscribe show the meetings on their own clocks, those of half a year and over all changes of
// clocks in it.
func TestClients(t *testing.T) {
	clients := os.Getenv("HOLDFAST_TEST_CLIENTS")
	if clients == "" {
		if os.Getenv("HOLDFAST_TEST_REQUIRE") != "" {
			t.Fatal("HOLDFAST_TEST_CLIENTS names no programs")
		}
		t.Skip("Evolution and khal are Debian packages: .ci/run installs them, and names with HOLDFAST_TEST_CLIENTS " +
			"the folder of what drives them, .ci/clients")
	}
	o := newOffice(t)
	o.change()
	address := o.address("mia", access.Feed)
	from, to := series.Date{Year: 2026, Month: time.December, Day: 1}, series.Date{Year: 2027, Month: time.May, Day: 1}
	for _, client := range []string{"evolution", "khal"} {
		for _, zone := range []string{"Europe/Berlin", "Asia/Kolkata", "America/New_York"} {
			t.Run(client+" in "+zone, func(t *testing.T) {
				run := exec.Command(filepath.Join(clients, "feed.py"), client, address, zone, from.String(), to.String())
				var said strings.Builder
				run.Stderr = &said
				out, err := run.Output()
				if err != nil {
					t.Fatalf("%v: %s", err, &said)
				}
				if d := cmp.Diff(shown(t, zone, from, to), strings.Split(strings.TrimSpace(string(out)), "\n")); d != "" {
					t.Errorf("(-want +got):\n%s", d)
				}
			})
		}
	}
}

// shown is what Mia's feed has to show in the zone, as feed.py says it.
func shown(t *testing.T, zone string, from, to series.Date) []string {
	loc, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	rajs, err := series.ParseSlotLine("Tue 10:00 1h0m0s 1w Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	anas, err := series.ParseSlotLine("Thu 16:00 45m0s 2w America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	show := func(with string, start time.Time, length time.Duration, place string) {
		const form = "2006-01-02T15:04"
		out = append(out, fmt.Sprintf("%s %s 1:1 mia/%s; weekly, or so @ %s", start.In(loc).Format(form),
			start.Add(length).In(loc).Format(form), with, place))
	}
	for _, d := range rajs.Dates(from, from, to) {
		switch at := rajs.On(d); d {
		case tuesday:
			show("raj", at.Add(29*time.Hour), time.Hour, "Room 4")
		case tuesday.AddDays(7):
		case tuesday.AddDays(14):
			show("raj", at, time.Hour, "Café, 2nd floor")
		default:
			show("raj", at, time.Hour, "Room 4")
		}
	}
	first := from.AddDays(2)
	for _, d := range anas.Dates(first, first, to) {
		show("ana", anas.On(d), 45*time.Minute, "Room 4")
	}
	slices.Sort(out)
	return out
}
