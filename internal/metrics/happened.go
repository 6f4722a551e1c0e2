package metrics

import (
	"cmp"
	"context"
	"errors"
	"math"
	"strings"
	"time"

	"holdfast/internal/channel"
	"holdfast/internal/provider"
	"holdfast/internal/reconcile"
)

// Round counts a round: why it was asked for, how long it took, and err of the round as such, with which r says
// nothing.
func (m *Metrics) Round(r reconcile.Round, reason string, took time.Duration, err error) {
	if m == nil {
		return
	}
	reason, outcome := oneOf(reasons, reason), "ok"
	switch {
	case err != nil:
		outcome = "failed"
	case len(r.Failures) > 0:
		outcome = "incomplete"
	}
	m.rounds.WithLabelValues(reason, outcome).Inc()
	m.took.WithLabelValues(reason).Observe(took.Seconds())
	if err != nil {
		return
	}
	m.good.WithLabelValues().Set(float64(r.At.UnixMilli()) / 1000)
	m.judged.Add(float64(r.Judged))
	m.otherwise.Add(float64(len(r.Otherwise)))
	for _, c := range r.Applied {
		m.writes.WithLabelValues(oneOf(actions, string(c.Action))).Inc()
	}
	m.mails.Add(float64(r.Mails))
	m.delivered.Add(float64(r.Delivered))
	for _, f := range r.Failures {
		m.failures.WithLabelValues(cmp.Or(string(f.Matter), "calendar")).Inc()
	}
	m.standing.take(r)
}

// Read counts a reading of a person's calendar; calendar is its name in the settings.
func (m *Metrics) Read(calendar string, took time.Duration, err error) {
	if m == nil || errors.Is(err, context.Canceled) {
		return
	}
	result := "ok"
	if err != nil {
		result = oneOf(reading, provider.KindOf(err).String())
	} else {
		m.readTook.WithLabelValues(m.calendar(calendar)).Observe(took.Seconds())
	}
	m.reads.WithLabelValues(m.calendar(calendar), result).Inc()
}

// Sender is s, with its messages counted; name is its channel's.
func (m *Metrics) Sender(name string, s channel.Sender) channel.Sender {
	if m == nil {
		return s
	}
	name, _, _ = strings.Cut(name, ":") // admins and webhooks have addresses in theirs
	return counted{s, m, oneOf(channels, name)}
}

type counted struct {
	channel.Sender
	m    *Metrics
	name string
}

func (c counted) Send(ctx context.Context, msg channel.Message) (channel.Sent, error) {
	sent, err := c.Sender.Send(ctx, msg)
	result := "ok"
	if err != nil {
		result = channel.KindOf(err).String()
	}
	if !errors.Is(err, context.Canceled) {
		c.m.notices.WithLabelValues(c.name, result).Inc()
	}
	return sent, err
}

// Journal takes whether the journal took what it was to record.
func (m *Metrics) Journal(err error) {
	switch {
	case m == nil:
	case err != nil:
		m.writable.Set(0)
	default:
		m.writable.Set(1)
	}
}

// JobsWaiting has the function asked at each scrape for how many jobs wait; the one that is given last.
func (m *Metrics) JobsWaiting(count func(context.Context) (int, error)) {
	if m != nil {
		m.waiting.Store(&count)
	}
}

// scrapePatience is for how long a scrape waits for a figure that is found then.
const scrapePatience = 5 * time.Second

// jobsWaiting is NaN where nobody knows.
func (m *Metrics) jobsWaiting() float64 {
	count := m.waiting.Load()
	if count == nil {
		return math.NaN()
	}
	ctx, cancel := context.WithTimeout(context.Background(), scrapePatience)
	defer cancel()
	n, err := (*count)(ctx)
	if err != nil {
		return math.NaN()
	}
	return float64(n)
}
