package reconcile

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"holdfast/internal/outage"
	"holdfast/internal/series"
)

// standingOutages are those that were found in a round, each since it began, and those of them that are new. Of several
// of one subject the last counts.
func (g *given) standingOutages(found ...map[Subject]Outage) (all map[Subject]Outage, anew []Outage) {
	all = map[Subject]Outage{}
	for _, f := range found {
		maps.Copy(all, f)
	}
	for _, s := range Subjects(all) {
		o := all[s]
		o.Since = g.now
		if old, ok := g.mem.Outages[s]; ok {
			o.Since = old.Since
		} else {
			anew = append(anew, o)
		}
		all[s] = o
	}
	return all, anew
}

// zoneDoubts is the one outage about zones of which calendars have other clocks than the zone data in use. It is
// another one when the zones are others.
func (o *office) zoneDoubts(zoneData string) map[Subject]Outage {
	zones := map[string]bool{}
	var people []string
	for _, id := range slices.Sorted(maps.Keys(o.doubts)) {
		for _, z := range o.doubts[id] {
			zones[z] = true
		}
		people = append(people, id)
	}
	if len(people) == 0 {
		return nil
	}
	all, who := slices.Sorted(maps.Keys(zones)), "the calendar of "+people[0]+" has"
	if len(people) > 1 {
		who = "the calendars of " + some(people) + " have"
	}
	return map[Subject]Outage{{Matter: MatterZones, Name: strings.Join(all, " ")}: {
		Kind:  "zones",
		Cause: "other clocks for " + some(all) + " in the coming year than the zone data in use",
		Text: fmt.Sprintf("%s other clocks for %s in the coming year than the zone data in use, %s",
			who, some(all), zoneData),
		Hint: "one of the two is out of date: `holdfast doctor` names both",
	}}
}

// refusedVideo is the one outage about series that were to have a video conference and were refused it.
func (o *office) refusedVideo(now time.Time) map[Subject]Outage {
	var pairs []string
	for _, v := range o.views {
		if h := v.Head(); v.Wanted && h != nil && h.NoVideo && !h.Ended(now) {
			pairs = append(pairs, v.Pair.String())
		}
	}
	if len(pairs) == 0 {
		return nil
	}
	return map[Subject]Outage{{Matter: MatterVideo}: {
		Kind:  "video",
		Cause: "an account may not have the video conference that is wanted",
		Text:  "Google refused the video conference of the 1:1s that it booked without: " + some(pairs),
		Hint: "turn Google Meet on for their managers in the Google admin console and add it to the series, or take " +
			"video: meet out of the settings",
	}}
}

// some are the first few of a list.
func some(list []string) string {
	const most = 5
	if len(list) <= most {
		return strings.Join(list, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(list[:most], ", "), len(list)-most)
}

// causes is what is out, by cause. Changes that failed are among it from the first time on, but for a lost race, which
// the next round may win.
func causes(people map[string]series.Person, r remains) outage.Standing {
	out := outage.Standing{}
	add := func(where, kind, cause, id string) {
		c := outage.Cause{Where: where, Kind: kind, Text: cause}
		out[c] = append(out[c], id)
	}
	for _, s := range Subjects(r.outages) {
		o := r.outages[s]
		if s.Matter != MatterChange {
			of := cmp.Or(s.Person, s.Pair.String(), s.Name, string(s.Matter))
			add(people[s.Person].Calendar, o.Kind, cmp.Or(o.Cause, o.Text), of)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(r.Failing)) {
		if f := r.Failing[id]; f.Kind != "conflict" || f.tooOften() {
			add(people[f.Pair.Manager].Calendar, f.Kind, "a change cannot be made: "+cmp.Or(f.Cause, f.Text), f.Pair.String())
		}
	}
	return out
}

// logOutages writes into the log what of all that is out has begun, changed or ended.
func (r *Reconciler) logOutages(now time.Time, standing outage.Standing) {
	for _, l := range r.outages.See(now, standing) {
		LogOutage(r.Log, l)
	}
}

// LogOutage writes the line.
func LogOutage(log zerolog.Logger, l outage.Line) {
	level := zerolog.WarnLevel
	if l.Event == outage.Ended {
		level = zerolog.InfoLevel
	}
	e := log.WithLevel(level).Str("where", l.Where).Str("kind", l.Kind).Str("cause", l.Text).Time("since", l.Since).
		Int("count", l.Count).Strs("first", l.First)
	if l.Was != "" {
		e.Str("was", l.Was)
	}
	if l.Event == outage.Ended {
		e.Dur("took", l.Took)
	}
	e.Msg("outage " + string(l.Event))
}
