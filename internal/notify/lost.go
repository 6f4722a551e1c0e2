package notify

import (
	"time"

	"holdfast/internal/drift"
	"holdfast/internal/series"
)

// A run of lost weeks: so many of the last weeks that count.
const (
	lostOf   = 6
	lostFrom = 3
)

// Lost is the run of lost weeks that a pair is in, as a matter, and the lost ones of its last weeks; false for none.
// The outcomes are the pair's, by week, of at least half a year if there are as many. Only final ones count, and of
// those neither the excused nor the unknown. Changed is since when the last of them is final.
func Lost(p series.Pair, outcomes []drift.Outcome, changed time.Time) (m Matter, weeks []series.Week, ok bool) {
	m = Matter{Kind: LostWeeks, Key: "lost|" + p.String(), Pair: p, Changed: changed}
	var last []drift.Outcome
	for _, o := range outcomes {
		if !o.Final || !o.Result.Counts() {
			continue
		}
		last = append(last, o)
		last = last[max(0, len(last)-lostOf):]
		weeks = nil
		for _, c := range last {
			if !c.Result.Kept() {
				weeks = append(weeks, c.Week)
			}
		}
		if ok = len(weeks) >= lostFrom; !ok && len(weeks)+lostOf-len(last) < lostFrom { // whatever those before were
			m.Began = series.Instant(o.Week.Monday().AddDays(7), 0, "UTC")
		}
	}
	m.Says = m.Began.String()
	return m, weeks, ok
}
