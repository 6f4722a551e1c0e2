// Package feed is the calendar that a person subscribes to: their 1:1s with times, title, place and agenda link, for
// those whose calendar Holdfast cannot reach. It reads what the last round left, and no calendar.
package feed

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"

	"holdfast/internal/reconcile"
	"holdfast/internal/series"
)

// events are the series of the pair, each up to where the next has its place, and what the two put in the place of
// meetings to come.
func events(row *reconcile.StatusRow, calendars map[string]series.Snapshot) []series.Event {
	var out []series.Event
	manager, report := calendars[row.Pair.Manager], calendars[row.Pair.Report]
	named := func(e series.Event) series.Event {
		e.Title = cmp.Or(e.Title, row.Names[0]+" / "+row.Names[1])
		if e.Link == "" {
			e.Link, e.Overrides = row.PrepDoc, slices.Clone(e.Overrides)
			for i := range e.Overrides {
				e.Overrides[i].Link = cmp.Or(e.Overrides[i].Link, row.PrepDoc)
			}
		}
		return e
	}
	for _, x := range row.Chain {
		i := slices.IndexFunc(manager.Series, func(e series.Event) bool { return e.UID == x.UID })
		k := slices.IndexFunc(manager.Candidates, func(c series.Candidate) bool { return c.Event.UID == x.UID })
		var e series.Event
		switch {
		case i >= 0:
			e = named(manager.Series[i])
		case k >= 0:
			e = named(manager.Candidates[k].Event)
		default:
			continue
		}
		if last := x.Before.Add(-time.Second); !x.Before.IsZero() && (e.Rule.Until.IsZero() || e.Rule.Until.After(last)) {
			e.Rule.Until = last
		}
		if e.Rule.Until.IsZero() || !e.Rule.Until.Before(e.Start) {
			out = append(out, e)
		}
	}
	seen := map[int64]bool{} // it may be in both calendars
	for _, x := range slices.Concat(manager.StandIns, report.StandIns) {
		if x.Pair == row.Pair && slices.ContainsFunc(row.Coming, x.Start.Equal) && !seen[x.Start.Unix()] {
			seen[x.Start.Unix()] = true
			out = append(out, named(series.Event{
				UID:      "holdfast-" + digest(row.Pair.String()+x.Start.UTC().String()),
				Start:    x.Start,
				Zone:     row.Zone,
				Duration: x.Duration,
				Place:    row.Place,
				Rule:     series.Rule{Starts: []time.Time{x.Start}},
			}))
		}
	}
	return out
}

// digest is a short one that says nothing of the text.
func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:16])
}
