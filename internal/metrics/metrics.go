// Package metrics counts what Holdfast does, for Prometheus. No label holds a person, a pair, an address or a host, and
// no figure about how people meet counts fewer than five pairs: who watches the machine learns nothing of anybody.
package metrics

import (
	"context"
	"os"
	"slices"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"holdfast/internal/channel"
	"holdfast/internal/plan"
	"holdfast/internal/provider"
)

// Options are what the figures need to know beside what happens.
type Options struct {
	Version string // of the program, as `holdfast version` has it
	// Calendars are the names that the settings give to calendars: of those alone there are labels.
	Calendars []string
	// CalendarOf names the settings' calendar of a person of the roster, "" for somebody else.
	// Nil: it knows nobody.
	CalendarOf func(person string) string
	// Journal is the path of the journal's file; "" where it is none.
	Journal string
}

// Metrics are the figures of one daemon, in a registry of their own. A nil *Metrics counts nothing. It is safe for
// concurrent use.
type Metrics struct {
	o        Options
	registry *prometheus.Registry
	pages    *pages
	standing *standing
	waiting  atomic.Pointer[func(context.Context) (int, error)]

	rounds    *prometheus.CounterVec
	took      *prometheus.HistogramVec
	good      *prometheus.GaugeVec
	judged    prometheus.Counter
	otherwise prometheus.Counter
	writes    *prometheus.CounterVec
	mails     prometheus.Counter
	delivered prometheus.Counter
	failures  *prometheus.CounterVec
	reads     *prometheus.CounterVec
	readTook  *prometheus.HistogramVec
	notices   *prometheus.CounterVec
	writable  prometheus.Gauge
}

// other is the label of what has no name of its own here: a new word, or one that somebody else chose.
const other = "other"

// The words of labels. What is none of them counts as other, so that nothing gets into a label that is not in the code.
var (
	reasons  = []string{"start", "poll", "signal", "roster", "late", "push", "act"}
	outcomes = []string{"ok", "incomplete", "failed"}
	actions  = words(plan.Create, plan.Update, plan.End, plan.Adopt, plan.Skip, plan.Heal, plan.Restore, plan.Rebook)
	reading  = append([]string{"ok"}, text(provider.Auth, provider.Transient, provider.Permanent)...)
	channels = []string{"mail", "slack", "google-chat", "admins", "webhook"}
	sending  = append([]string{"ok"}, text(channel.Transient, channel.BadAddress, channel.Broken)...)
)

func words[S ~string](all ...S) (out []string) {
	for _, s := range all {
		out = append(out, string(s))
	}
	return out
}

func text[S interface{ String() string }](all ...S) (out []string) {
	for _, s := range all {
		out = append(out, s.String())
	}
	return out
}

// oneOf is the word where it is one of those, else other.
func oneOf(all []string, word string) string {
	if slices.Contains(all, word) {
		return word
	}
	return other
}

// Buckets, in seconds: of rounds, which take from milliseconds to minutes, of requests to calendars and of pages.
var (
	roundBuckets   = []float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300}
	readBuckets    = []float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}
	requestBuckets = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 5}
)

// New makes the figures, all of them zero.
func New(o Options) *Metrics {
	if o.CalendarOf == nil {
		o.CalendarOf = func(string) string { return "" }
	}
	m := &Metrics{o: o, registry: prometheus.NewRegistry()}
	m.rounds = m.counts("rounds_total", "Rounds made, by what they were asked for and how they went.", "reason", "outcome")
	m.took = m.times("round_duration_seconds", "How long rounds took.", roundBuckets, "reason")
	m.good = m.gauges("last_good_round_timestamp_seconds", "When the last round began that did not fail.")
	m.judged = m.count("pairs_judged_total", "Pairs that rounds judged anew.")
	m.otherwise = m.count("pairs_judged_otherwise_total",
		"Pairs that the daily round of all judged otherwise than the ones before: an error of Holdfast.")
	m.writes = m.counts("writes_total", "Changes written to calendars.", "action")
	m.mails = m.count("calendar_mails_total", "Mails that calendar servers were made to send by those changes.")
	m.delivered = m.count("deliveries_total", "Invitations and answers that Holdfast itself wrote into calendars.")
	m.failures = m.counts("failures_total", "What failed within rounds, by what it was about.", "matter")
	m.reads = m.counts("calendar_reads_total", "Readings of people's calendars.", "calendar", "result")
	m.readTook = m.times("calendar_read_duration_seconds", "How long readings took that succeeded.", readBuckets,
		"calendar")
	m.notices = m.counts("notices_total", "Messages handed to channels.", "channel", "result")
	m.writable = m.gauge("journal_writable", "Whether the journal took what it was last given.")
	m.pages = newPages(m)
	m.standing = newStanding(m)
	m.writable.Set(1)
	m.gauge("build_info", "The program: always 1.", "version", o.Version).Set(1)
	m.asked("jobs_waiting", "Jobs that wait to be worked, or to be tried again.", m.jobsWaiting)
	if o.Journal != "" {
		m.asked("journal_size_bytes", "Size of the journal on disk.", func() float64 { return float64(sizeOf(o.Journal)) })
	}
	m.registry.MustRegister(collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.begin()
	return m
}

// begin has the counters at zero that alerts look at: what is not there cannot rise.
func (m *Metrics) begin() {
	for _, o := range outcomes {
		m.rounds.WithLabelValues("poll", o)
	}
	for _, a := range actions {
		m.writes.WithLabelValues(a)
	}
	for _, c := range m.o.Calendars {
		for _, r := range reading {
			m.reads.WithLabelValues(c, r)
		}
	}
	for _, c := range channels {
		for _, r := range sending {
			m.notices.WithLabelValues(c, r)
		}
	}
}

// sizeOf is that of the journal's file with its log beside it (https://sqlite.org/wal.html); 0 where it is gone.
func sizeOf(path string) (bytes int64) {
	for _, p := range []string{path, path + "-wal"} {
		if i, err := os.Stat(p); err == nil {
			bytes += i.Size()
		}
	}
	return bytes
}

// calendar is the label of a calendar of the settings.
func (m *Metrics) calendar(name string) string { return oneOf(m.o.Calendars, name) }

const namespace = "holdfast_"

func register[C prometheus.Collector](m *Metrics, c C) C {
	m.registry.MustRegister(c)
	return c
}

func (m *Metrics) count(name, help string) prometheus.Counter {
	return register(m, prometheus.NewCounter(prometheus.CounterOpts{Name: namespace + name, Help: help}))
}

func (m *Metrics) counts(name, help string, labels ...string) *prometheus.CounterVec {
	return register(m, prometheus.NewCounterVec(prometheus.CounterOpts{Name: namespace + name, Help: help}, labels))
}

// gauge is one with constant labels, given as names and values in turn.
func (m *Metrics) gauge(name, help string, constant ...string) prometheus.Gauge {
	labels := prometheus.Labels{}
	for pair := range slices.Chunk(constant, 2) {
		labels[pair[0]] = pair[1]
	}
	return register(m, prometheus.NewGauge(prometheus.GaugeOpts{Name: namespace + name, Help: help, ConstLabels: labels}))
}

// gauges without labels are one figure that is not there until it is set.
func (m *Metrics) gauges(name, help string, labels ...string) *prometheus.GaugeVec {
	return register(m, prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: namespace + name, Help: help}, labels))
}

func (m *Metrics) times(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	return register(m, prometheus.NewHistogramVec(
		prometheus.HistogramOpts{Name: namespace + name, Help: help, Buckets: buckets}, labels))
}

// asked is a gauge whose value is found at each scrape.
func (m *Metrics) asked(name, help string, value func() float64) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: namespace + name, Help: help}, value))
}
