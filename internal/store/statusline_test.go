package store

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	diff "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"holdfast/internal/plan"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
)

func drawRow(t *rapid.T) reconcile.StatusRow {
	text := func(name string) string { return rapid.String().Draw(t, name) }
	yes := func(name string) bool { return rapid.Bool().Draw(t, name) }
	date := func(name string) series.Date {
		if yes("no " + name) {
			return series.Date{}
		}
		return day(1).AddDays(rapid.IntRange(0, 400).Draw(t, name))
	}
	at := func(name string) time.Time {
		switch rapid.IntRange(0, 9).Draw(t, name) {
		case 0:
			return time.Time{}
		case 1:
			return time.Date(4000, 1, 1, 0, 0, 0, 0, time.UTC) // no count of nanoseconds goes that far
		}
		return noon.Add(time.Duration(rapid.Int64Range(-1e18, 1e18).Draw(t, name)))
	}
	slot := func(name string) series.Slot {
		if yes("no " + name) {
			return series.Slot{}
		}
		return series.Slot{Weekday: time.Tuesday, At: 600, Duration: time.Hour, Every: rapid.IntRange(1, 4).Draw(t, name),
			Zone: text(name + "'s zone")}
	}
	r := reconcile.StatusRow{
		Slot:    slot("slot"),
		Wanted:  slot("wanted"),
		More:    yes("more"),
		Zone:    text("zone"),
		State:   reconcile.OnSlot,
		PrepDoc: text("document"),
		Linked:  yes("linked"),
		Place:   text("place"),
		Names:   [2]string{text("manager"), text("report")},
		Zones:   [2]string{text("manager's zone"), text("report's zone")},
		Length:  time.Duration(rapid.Int64().Draw(t, "length")),
		First:   date("first"),
		Last:    date("last"),
		Until:   at("until"),
	}
	for range rapid.IntRange(0, 3).Draw(t, "coming") {
		r.Coming = append(r.Coming, at("next"))
	}
	for range rapid.IntRange(0, 2).Draw(t, "skips") {
		r.Skips = append(r.Skips, series.Skip{Date: date("skip"), Why: text("why")})
	}
	for range rapid.IntRange(0, 2).Draw(t, "chain") {
		r.Chain = append(r.Chain, reconcile.Link{UID: text("uid"), Before: at("before")})
	}
	if yes("rare") {
		r.MadeUp = []reconcile.MadeUp{{Occurrence: day(3), To: noon}}
		r.Others = []reconcile.Meeting{{Date: day(4), Slot: slot("other"), Start: noon}}
		r.Held = []plan.Held{{Because: text("because"), Brake: yes("brake")}}
	}
	return r
}

// A row is read as it was written, in either form.
func TestStatusLine(t *testing.T) {
	all := diff.Exporter(func(reflect.Type) bool { return true })
	rapid.Check(t, func(t *rapid.T) {
		row := drawRow(t)
		line, err := encodeStatus(row)
		if err != nil {
			t.Fatal(err)
		}
		data, err := json.Marshal(statusJSON(row))
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{line, string(data)} {
			got, err := decodeStatus(text)
			if err != nil {
				t.Fatal(err)
			}
			if d := diff.Diff(row, got, diff.Comparer(time.Time.Equal), all); d != "" {
				t.Fatalf("%q: %s", text, d)
			}
		}
		if !strings.HasPrefix(line, statusForm) && !strings.Contains(string(data), `\u001f`) &&
			!strings.Contains(string(data), "4000-") {
			t.Fatalf("without need in JSON: %s", line)
		}
		// A line that was cut is an error, or the last field is: nothing else is made of it.
		cut := rapid.IntRange(0, max(0, strings.LastIndex(line, fieldEnd))).Draw(t, "cut")
		if got, err := decodeStatus(line[:cut]); err == nil {
			t.Fatalf("of %q is made %+v", line[:cut], got)
		}
	})
}

func BenchmarkStatusRow(b *testing.B) {
	row := reconcile.StatusRow{Slot: series.Slot{Weekday: time.Tuesday, At: 600, Duration: time.Hour, Every: 1,
		Zone: "Europe/Berlin"}, State: reconcile.OnSlot, Names: [2]string{"Mia Berg", "Raj Patel"},
		Zones: [2]string{"Europe/Berlin", "Asia/Kolkata"}, PrepDoc: "https://docs.example.com/d/mia-raj", First: day(1),
		Coming: []time.Time{noon, noon, noon}, More: true, Chain: []reconcile.Link{{UID: "7f0a9c1e5b@holdfast"}}}
	row.Wanted = row.Slot
	line, err := encodeStatus(row)
	if err != nil {
		b.Fatal(err)
	}
	data, err := json.Marshal(statusJSON(row))
	if err != nil {
		b.Fatal(err)
	}
	for name, text := range map[string]string{"line": line, "JSON": string(data)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := decodeStatus(text); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(text)), "bytes")
		})
	}
}
