package store

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"holdfast/internal/reconcile"
	"holdfast/internal/series"
	"holdfast/internal/series/seriestest"
)

// whole is a snapshot with nothing left out, as a provider makes it.
func whole() series.Snapshot {
	s := seriestest.Filled[series.Snapshot]()
	for i := range s.Candidates {
		s.Candidates[i].Event.Title, s.Candidates[i].Event.Raw = "", ""
	}
	return s
}

// packed are snapshots as a round and the journal have them.
func packed(snapshots map[string]series.Snapshot) map[string]series.Packed {
	out := map[string]series.Packed{}
	for id, s := range snapshots {
		out[id] = series.Pack(s)
	}
	return out
}

func TestSnapshotsComeBackWhole(t *testing.T) {
	want := packed(map[string]series.Snapshot{"mia": whole(), "raj": {At: noon}})
	s := open(t, file(t), noon)
	must(t, s.Commit(t.Context(), reconcile.Record{At: noon, Snapshots: want}))
	got := load(t, s).Snapshots
	if d := cmp.Diff(want, got); d != "" {
		t.Fatal(d)
	}
	berlin, err := series.Location("Europe/Berlin")
	must(t, err)
	if got := got["mia"].Snapshot().Series[0].Overrides[0].Start.Location(); got != berlin {
		t.Errorf("a start came back in %v, want the zone of its event", got)
	}
}

// A calendar that has not changed is written without its blob; what has columns of its own moves on.
func TestSnapshotsThatDidNotChange(t *testing.T) {
	s := open(t, file(t), noon)
	x := whole()
	for range 2 {
		x.At, x.FullAt, x.Cursor = x.At.Add(time.Minute), x.FullAt.Add(time.Hour), x.Cursor+"+"
		must(t, s.Commit(t.Context(), reconcile.Record{At: x.At, Snapshots: packed(map[string]series.Snapshot{"mia": x})}))
		if d := cmp.Diff(x, load(t, s).Snapshots["mia"].Snapshot()); d != "" {
			t.Error(d)
		}
	}
	x.Busy = x.Busy[:1]
	must(t, s.Commit(t.Context(), reconcile.Record{At: x.At, Snapshots: packed(map[string]series.Snapshot{"mia": x})}))
	if d := cmp.Diff(x, load(t, s).Snapshots["mia"].Snapshot()); d != "" {
		t.Error(d)
	}
	must(t, s.Commit(t.Context(), reconcile.Record{At: x.At, Forget: []string{"mia"}}))
	if got := load(t, s).Snapshots; len(got) != 0 {
		t.Errorf("%d snapshots are left", len(got))
	}
	var readings int
	must(t, s.db.QueryRow(`SELECT count(*) FROM readings`).Scan(&readings))
	if readings > 0 {
		t.Errorf("%d readings are left", readings)
	}
}

// What cannot be read is a full listing next time, never an error.
func TestSnapshotsThatCannotBeRead(t *testing.T) {
	for name, damage := range map[string]string{
		"other format": `UPDATE snapshots SET format = '0-'`,
		"later format": `UPDATE snapshots SET format = '1000'`,
		"not JSON":     `UPDATE snapshots SET data = CAST('{"Series":[' AS BLOB)`,
		"not gzip":     `UPDATE snapshots SET data = x'1f8b0000'`,
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, file(t), noon)
			r := reconcile.Record{At: noon, Snapshots: packed(map[string]series.Snapshot{"mia": whole()})}
			must(t, s.Commit(t.Context(), r))
			if _, err := s.db.Exec(damage); err != nil {
				t.Fatal(err)
			}
			if m := load(t, s); len(m.Snapshots) != 0 || m.Empty {
				t.Errorf("got %d snapshots, empty %v", len(m.Snapshots), m.Empty)
			}
			must(t, s.Commit(t.Context(), r))
			if d := cmp.Diff(r.Snapshots, load(t, s).Snapshots); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestSnapshotFormat: whoever changes the type raises the format, and says in upgrades what it means for a snapshot
// that is kept.
func TestSnapshotFormat(t *testing.T) {
	const want = "30b9a1f5982a924a5b20f0235a98b3bc"
	if got := digest([]byte(shape(reflect.TypeFor[series.Snapshot](), nil))); got != want {
		t.Errorf("series.Snapshot has another shape, %s: raise snapshotFormat and write an upgrade", got)
	}
	for n, f := range upgrades {
		if (f == nil) != (n == 0) {
			t.Errorf("no upgrade from format %d", n)
		}
	}
}

// shape spells the fields of t, and of all it is made of; of a type that t is a part of only the name.
func shape(t reflect.Type, within []reflect.Type) string {
	switch t.Kind() {
	case reflect.Struct:
		if t == reflect.TypeFor[time.Time]() {
			return "time"
		}
		if slices.Contains(within, t) {
			return t.Name()
		}
		within = append(slices.Clip(within), t)
		var fields []string
		for i := range t.NumField() {
			fields = append(fields, t.Field(i).Name+" "+shape(t.Field(i).Type, within))
		}
		return "{" + strings.Join(fields, ",") + "}"
	case reflect.Slice, reflect.Array, reflect.Pointer:
		return t.Kind().String() + " " + shape(t.Elem(), within)
	case reflect.Map:
		return "map[" + shape(t.Key(), within) + "]" + shape(t.Elem(), within)
	}
	return t.Kind().String()
}

// A snapshot of an earlier format is read and written in today's; what the format did not say is read anew, of the
// calendars where it matters.
func TestSnapshotsOfEarlierFormats(t *testing.T) {
	for _, format := range []string{formerly, "1"} {
		s := open(t, file(t), noon)
		cut, on := whole(), whole()
		on.Series, on.Gone = nil, nil
		r := reconcile.Record{At: noon, Snapshots: packed(map[string]series.Snapshot{"mia": cut, "raj": on})}
		must(t, s.Commit(t.Context(), r))
		_, err := s.db.Exec(`UPDATE snapshots SET format = ?`, format)
		must(t, err)
		want := packed(map[string]series.Snapshot{"mia": cut.Unread(), "raj": on})
		for range 2 {
			m := load(t, s)
			if d := cmp.Diff(want, m.Snapshots); d != "" {
				t.Fatal(d)
			}
			must(t, s.Commit(t.Context(), reconcile.Record{At: noon, Snapshots: m.Snapshots}))
		}
		var left int
		must(t, s.db.QueryRow(`SELECT count(*) FROM snapshots WHERE format <> '2'`).Scan(&left))
		if left != 0 {
			t.Errorf("%d snapshots are kept in an earlier format", left)
		}
	}
}

// Calendars say "until the end of 9999" in zones where that is later still in UTC; RFC 3339 has no such year.
func TestSnapshotsAtTheEndOfTime(t *testing.T) {
	s := open(t, file(t), noon)
	e := series.Event{Zone: "America/New_York", Rule: series.Rule{Plain: true, Every: 1}}
	loc, err := series.Location(e.Zone)
	must(t, err)
	e.Start = time.Date(2026, time.December, 1, 10, 0, 0, 0, loc)
	e.Rule.Until = time.Date(9999, time.December, 31, 23, 0, 0, 0, loc)
	e.Excluded = []time.Time{time.Time{}.In(loc)}
	is := map[string]series.Snapshot{"mia": {Series: []series.Event{e}}}
	must(t, s.Commit(t.Context(), reconcile.Record{At: noon, Snapshots: packed(is)}))
	got := load(t, s).Snapshots["mia"].Snapshot().Series
	if len(got) != 1 || got[0].Rule.Until.Year() != 9999 || !got[0].Start.Equal(e.Start) {
		t.Errorf("got %v", got)
	}
}
