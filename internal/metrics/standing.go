package metrics

import (
	"cmp"
	"maps"
	"slices"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"holdfast/internal/drift"
	"holdfast/internal/outbox"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
)

// fewest is how many pairs a figure counts at least that tells how people meet.
const fewest = 5

// standing is how things stood after the last round. That is worked out when somebody asks, once for each round.
type standing struct {
	calendars  []string
	calendarOf func(person string) string

	mu      sync.Mutex
	last    *reconcile.Round // nil: figures are of the last one
	figures []prometheus.Metric

	pairs, flags, unread, outages, held, waits, broken *prometheus.Desc
}

func newStanding(m *Metrics) *standing {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(namespace+name, help, labels, nil)
	}
	return register(m, &standing{
		calendars:  m.o.Calendars,
		calendarOf: m.o.CalendarOf,
		pairs:      desc("pairs", "Pairs of the roster by how they stand; below five it is not shown.", "state"),
		flags:      desc("flags_open", "Open flags by kind; of fewer than five pairs it is not shown.", "kind"),
		unread:     desc("calendars_unread", "People's calendars that cannot be read.", "calendar"),
		outages:    desc("outages", "Causes for which something is out, by their kind.", "kind"),
		held:       desc("changes_held", "Changes that wait for a person to allow them or to decide."),
		waits:      desc("changes_waiting", "Changes that wait until the roster has stood for long enough."),
		broken:     desc("roster_broken", "Whether the roster's files have problems: the last good one stays."),
	})
}

// take takes what a round left.
func (s *standing) take(r reconcile.Round) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = &r
}

// Describe is prometheus.Collector's.
func (s *standing) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{s.pairs, s.flags, s.unread, s.outages, s.held, s.waits, s.broken} {
		out <- d
	}
}

// Collect is prometheus.Collector's. Before the first round there is nothing.
func (s *standing) Collect(out chan<- prometheus.Metric) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last != nil {
		s.figures, s.last = s.of(*s.last), nil
	}
	for _, f := range s.figures {
		out <- f
	}
}

// of are the figures of a round.
func (s *standing) of(r reconcile.Round) (out []prometheus.Metric) {
	show := func(d *prometheus.Desc, n int, label ...string) {
		out = append(out, prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(n), label...))
	}
	for state, n := range states(r) {
		show(s.pairs, n, string(state))
	}
	for kind, n := range flags(r.Open) {
		show(s.flags, n, string(kind))
	}
	unread := map[string]int{}
	for subject := range r.Outages {
		if subject.Matter == reconcile.MatterCalendar {
			unread[oneOf(s.calendars, s.calendarOf(subject.Person))]++
		}
	}
	for _, name := range append([]string{other}, s.calendars...) {
		show(s.unread, unread[name], name)
	}
	kinds := map[string]int{}
	for _, subjects := range outbox.Causes(r.Outages, s.calendarOf) {
		kinds[r.Outages[subjects[0]].Kind]++
	}
	for kind, n := range kinds {
		show(s.outages, n, kind)
	}
	held, waits, broken := 0, 0, 0
	for _, h := range r.Plan.Held {
		if h.Waits {
			waits++
		} else {
			held++
		}
	}
	if r.Problems != nil {
		broken = 1
	}
	show(s.held, held)
	show(s.waits, waits)
	show(s.broken, broken)
	return out
}

// states are how many pairs stand so, where that is fewest or more. Where but one is left out, it follows from the
// others for whoever knows how many pairs there are: the smallest of those is left out, too.
func states(r reconcile.Round) map[reconcile.State]int {
	all := map[reconcile.State]int{reconcile.Stale: 0, reconcile.Held: 0, reconcile.Flagged: 0, reconcile.Unbooked: 0,
		reconcile.OnSlot: 0}
	maps.Copy(all, r.States())
	shown := maps.Clone(all)
	maps.DeleteFunc(shown, func(_ reconcile.State, n int) bool { return n < fewest })
	if len(shown) == len(all)-1 {
		least := slices.MinFunc(slices.Collect(maps.Keys(shown)), func(a, b reconcile.State) int {
			return cmp.Or(cmp.Compare(shown[a], shown[b]), cmp.Compare(a, b))
		})
		delete(shown, least)
	}
	return shown
}

// flags are how many flags of a kind are open, where they are of fewest pairs or more.
func flags(open []drift.Flag) map[drift.Kind]int {
	counts, pairs := map[drift.Kind]int{}, map[drift.Kind]map[series.Pair]bool{}
	for _, f := range open {
		if pairs[f.Kind] == nil {
			pairs[f.Kind] = map[series.Pair]bool{}
		}
		counts[f.Kind]++
		pairs[f.Kind][f.Pair] = true
	}
	maps.DeleteFunc(counts, func(k drift.Kind, _ int) bool { return len(pairs[k]) < fewest })
	return counts
}
