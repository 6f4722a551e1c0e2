package reconcile

import (
	"cmp"
	"maps"
	"slices"

	"github.com/rs/zerolog"

	"holdfast/internal/outage"
)

// causes is what is out as of this round, by cause. Changes that failed are among it from the first time on, but for
// a lost race, which the next round may win.
func (x *round) causes() outage.Standing {
	out := outage.Standing{}
	add := func(where, kind, cause, id string) {
		c := outage.Cause{Where: where, Kind: kind, Text: cause}
		out[c] = append(out[c], id)
	}
	for _, s := range Subjects(x.out.Outages) {
		o := x.out.Outages[s]
		if s.Matter != MatterChange {
			of := cmp.Or(s.Person, s.Pair.String(), s.Name, string(s.Matter))
			add(x.people[s.Person].Calendar, o.Kind, cmp.Or(o.Cause, o.Text), of)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(x.fails)) {
		if f := x.fails[id]; f.Kind != "conflict" || f.Rounds >= triesInARow {
			add(x.people[f.Pair.Manager].Calendar, f.Kind, "a change cannot be made: "+cmp.Or(f.Cause, f.Text), f.Pair.String())
		}
	}
	return out
}

// logOutages writes into the log what of all that is out has begun, changed or ended.
func (x *round) logOutages() {
	for _, l := range x.outages.See(x.now, x.causes()) {
		LogOutage(x.Log, l)
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
