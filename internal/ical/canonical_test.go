package ical

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"holdfast/internal/series"
)

// wanted is what a calendar that holds s has to tell of it.
func wanted(s series.Series) series.Event {
	loc, err := series.Location(s.Slot.Zone)
	if err != nil {
		panic(err)
	}
	e := series.Event{
		UID: "uid-1", Mark: s.Mark(), Start: s.Slot.On(s.First).In(loc), Zone: s.Slot.Zone, Duration: s.Slot.Duration,
		Rule: series.Rule{Plain: true, Every: s.Slot.Every}, Title: s.Title, Place: s.Place, Link: s.Link,
		Organizer: "mia@example.test", Guests: []series.Guest{{Address: "raj@example.test", Answer: series.NeedsAction}},
	}
	for _, k := range s.Skips {
		e.Excluded = append(e.Excluded, s.Slot.On(k.Date).In(loc))
	}
	return e
}

// A series comes back as it was given, and stays so whatever servers do to its spelling (reference/caldav.md, section 7).
func TestSeriesComesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSeries(t)
		o := mustParse(New(s, "uid-1", testNow))
		want := wanted(s)
		if diff := cmp.Diff(want, event(o)); diff != "" {
			t.Fatalf("not what was created (-want +got):\n%s\n%s", diff, o.raw)
		}
		got := event(o)
		if got.Slot() != s.Slot || got.First() != s.First {
			t.Fatalf("slot %s from %s came back as %s from %s", s.Slot, s.First, got.Slot(), got.First())
		}
		for f, d := range s.Digests() {
			if got.Digests()[f] != d {
				t.Fatalf("digest of %s differs", f)
			}
		}
		seed := rapid.Uint64().Draw(t, "seed")
		served := mustParse([]byte(rewrite(o, s.Slot, rand.New(rand.NewPCG(seed, 1)))))
		if diff := cmp.Diff(want, event(served)); diff != "" {
			t.Fatalf("not the same after a server had it (-want +got):\n%s\n%s", diff, served.raw)
		}
	})
}

// rewrite is what servers make of an object: other order of lines and parameters, lists for lines, defaults added or
// dropped, notes of their own.
func rewrite(o *Object, slot series.Slot, r *rand.Rand) string {
	maybe := func() bool { return r.IntN(2) == 0 }
	c := o.root.clone()
	e := c.components("VEVENT")[0]
	if dates := e.lines("EXDATE"); len(dates) > 1 && maybe() {
		merged := dates[0]
		for _, d := range dates[1:] {
			merged = merged.withValue(merged.prop.Value + "," + d.prop.Value)
		}
		e.put("EXDATE", merged)
	}
	if maybe() {
		e.edit("EXDATE", func(n node) (node, bool) { // Evolution: UTC
			if strings.Contains(n.prop.Value, ",") {
				return n, true
			}
			m, _ := o.moment(n.prop, "UTC")
			return line("EXDATE", m.UTC().Format(utcForm)), true
		})
	}
	e.edit("RRULE", func(n node) (node, bool) {
		v := n.prop.Value
		if slot.Every == 1 && maybe() {
			v += ";INTERVAL=1"
		}
		if maybe() {
			v += ";WKST=MO"
		}
		parts := strings.Split(v, ";")
		r.Shuffle(len(parts), func(i, k int) { parts[i], parts[k] = parts[k], parts[i] })
		return n.withValue(strings.Join(parts, ";")), true
	})
	if maybe() {
		e.dropNames("CLASS", "CREATED", "SEQUENCE", "CALSCALE")
	} else {
		e.put("CLASS", line("CLASS", "PUBLIC"))
	}
	e.add(line("LAST-MODIFIED", "20261123T090000Z"), line("X-SERVER", "1"))
	sogo := maybe()
	var attendees int
	for i, n := range e.nodes {
		if n.name == "ATTENDEE" {
			if attendees++; attendees == 1 && sogo { // drops the organizer's own line
				e.nodes[i] = line("X-DROPPED", "")
				continue
			}
			n = n.withParam("SCHEDULE-STATUS", "1.2").withParam("X-DTSTAMP", "20261123T090000Z")
		}
		if n.name == "ORGANIZER" {
			n = n.withParam("CN", "Directory Name")
		}
		if n.name == "ATTACH" && sogo {
			n = n.withValue(strings.ReplaceAll(n.prop.Value, ";", `\;`))
		}
		l := unfold(n.raw)
		at := partsOf(l)
		var params []string
		for _, p := range at.params {
			params = append(params, l[p.from:p.to])
		}
		r.Shuffle(len(params), func(i, k int) { params[i], params[k] = params[k], params[i] })
		e.nodes[i].raw = fold(n.name + strings.Join(params, "") + l[at.value-1:])
	}
	if maybe() {
		slices.SortStableFunc(e.nodes, func(a, b node) int { return strings.Compare(a.name, b.name) })
	}
	if maybe() {
		c.drop(func(n node) bool { return n.comp != nil && n.comp.name == "VTIMEZONE" })
	}
	text := c.text()
	if maybe() {
		text = strings.ReplaceAll(text, "\r\n", "\n")
	}
	if maybe() {
		text = strings.TrimRight(text, "\r\n") // no final line end
	}
	return text
}

func TestWrittenMarkIsOfItsOrgOnly(t *testing.T) {
	o := mustParse(New(mia(), "uid-1", testNow))
	e, err := o.Event("other", testNow)
	if err != nil || !e.Mark.IsZero() {
		t.Fatalf("the mark of acme was read for another org: %+v, %v", e.Mark, err)
	}
	if e.Link != mia().Link {
		t.Errorf("link %q", e.Link)
	}
	if !maps.Equal(event(o).Mark.Written, mia().Digests()) {
		t.Errorf("digests %v", event(o).Mark.Written)
	}
}
