package reconcile_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast/internal/provider/memory"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
)

// A calendar that shows nothing is an alarm in every round, and nothing is written, until a person says that it is
// empty; that is used up by the round that reads it.
func TestCalendarThatShowsNothing(t *testing.T) {
	x := newOrg(t, servers["delivers"])
	x.wish("mia/raj", tuesdays, nil)
	r, j := x.holdfast()
	x.round(r)
	x.world.SetFaults(func(c memory.Call) memory.Fault {
		if c.Person == "mia" {
			return memory.Vanished
		}
		return memory.None
	})
	before := x.world.Counts()
	for range 3 {
		got := x.round(r)
		emptied := got.Outages[reconcile.Subject{Matter: reconcile.MatterEmptied, Person: "mia"}]
		if emptied.Hint == "" || len(got.Applied) > 0 || x.world.Counts() != before {
			x.Fatalf("%v\n%s", got.Outages, said(got))
		}
	}
	x.must(j.ConfirmEmpty(context.Background(), "mia"))
	x.round(r)
	if len(j.certain) > 0 {
		x.Fatalf("not used up")
	}
}

// The account is under another address than the roster's: it is the person's all the same, and that is told once.
func TestOtherAddress(t *testing.T) {
	x := newOrg(t, servers["delivers"])
	x.wish("mia/raj", tuesdays, nil)
	b := &between{lists: func(s series.Snapshot) series.Snapshot {
		s.Owner = []string{"mia.chen@example.com", "mia.chen@example.com", "mia@example.com"}
		return s
	}}
	r, _ := x.through(b)
	x.round(r)
	got := x.round(r)
	if got.Outages[reconcile.Subject{Matter: reconcile.MatterAddress, Person: "mia"}].Hint == "" || len(got.Alarms) != 1 ||
		!slices.Equal(got.Views[0].Want.Manager.Aliases, []string{"mia.chen@example.com"}) {
		x.Fatalf("%v, alarms %v, %v", got.Outages, got.Alarms, got.Views[0].Want.Manager.Aliases)
	}
	if got := x.round(r); len(got.Alarms) > 0 || len(got.Applied) > 0 {
		x.Fatalf("alarms %v\n%s", got.Alarms, said(got))
	}
}

// What calendars say of a zone, and is not what the zone data in use says, is one alarm for all of them, and a new one
// when it is about other zones. It ends with the events that it comes from.
func TestZoneDoubts(t *testing.T) {
	x := newOrg(t, servers["delivers"])
	x.wish("mia/raj", tuesdays, nil)
	doubts := []string{"Europe/London"}
	b := &between{lists: func(s series.Snapshot) series.Snapshot {
		s.Objects = maps.Clone(s.Objects)
		s.Objects["theirs"] = series.Object{Version: "1", ZoneDoubts: doubts}
		return s
	}}
	r, _ := x.through(b)
	r.ZoneData = "2025b"
	const london = "the calendar of mia has other clocks for Europe/London in the coming year than the zone data in " +
		"use, 2025b"
	for i, step := range []struct {
		doubts []string
		alarms int
		text   string // "" for none
	}{
		{doubts, 1, london},
		{doubts, 0, london},
		{[]string{"America/Mexico_City", "Europe/London"}, 1, "the calendar of mia has other clocks for " +
			"America/Mexico_City, Europe/London in the coming year than the zone data in use, 2025b"},
		{nil, 0, ""},
	} {
		doubts = step.doubts
		got := x.round(r)
		var texts []string
		for _, b := range got.Outages {
			texts = append(texts, b.Text)
		}
		if len(got.Alarms) != step.alarms || strings.Join(texts, "\n") != step.text || len(got.Failures) > 0 {
			t.Errorf("step %d: alarms %v, standing %q, failures %v", i, got.Alarms, texts, got.Failures)
		}
	}
}

// Under another release of the zone database every calendar is read anew, whether it is due or not.
func TestOtherZoneDataIsAFullRound(t *testing.T) {
	x := newOrg(t, servers["delivers"])
	x.wish("mia/raj", tuesdays, nil)
	r, j := x.holdfast()
	r.ZoneData = "2025b"
	x.round(r)
	x.round(r)
	full := func() map[string]bool {
		m, err := j.Load(t.Context())
		x.must(err)
		out := map[string]bool{}
		for id, s := range m.Snapshots {
			out[id] = s.At.Equal(x.now) && s.FullAt.Equal(x.now)
		}
		return out
	}
	for _, release := range []string{"2025b", "2026a"} {
		r.ZoneData = release
		x.now = x.now.Add(time.Minute)
		want := release == "2026a"
		if x.reads(r, "nobody"); full()["mia"] != want || full()["raj"] != want {
			t.Errorf("%s: read anew is %v", release, full())
		}
	}
}

// Series that were refused their video conference are one alarm, until they have one.
func TestRefusedVideo(t *testing.T) {
	x := newOrg(t, servers["delivers"])
	x.wish("mia/raj", tuesdays, nil)
	refused := true
	b := &between{lists: func(s series.Snapshot) series.Snapshot {
		s.Series = slices.Clone(s.Series)
		for i := range s.Series {
			s.Series[i].NoVideo = refused
		}
		return s
	}}
	r, _ := x.through(b)
	for i, alarms := range []int{1, 0, 0} {
		refused = i < 2
		got := x.round(r)
		b := got.Outages[reconcile.Subject{Matter: reconcile.MatterVideo}]
		if len(got.Alarms) != alarms || (b.Text != "") != refused || refused && !strings.HasSuffix(b.Text, ": mia/raj") {
			t.Errorf("round %d: alarms %v, standing %v", i, got.Alarms, got.Outages)
		}
	}
}
