package google

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"holdfast/internal/provider"
)

// pace is a budget of quota units a minute. It gives way where Google allows less than was thought: a refusal halves it, at
// most once a second, and it comes back by a quarter every ten minutes without one.
type pace struct {
	full    float64
	limiter *rate.Limiter

	mu      sync.Mutex
	now     float64
	lowered time.Time // last
	raised  time.Time // last, or lowered
}

// slowest is the least that a pace comes down to, in units a minute.
const slowest = 30

func newPace(perMinute int) *pace {
	full := float64(perMinute)
	return &pace{full: full, now: full, limiter: rate.NewLimiter(limits(full))}
}

// limits let a burst of a tenth of a minute through.
func limits(perMinute float64) (rate.Limit, int) {
	return rate.Limit(perMinute / 60), max(int(perMinute/10), patchCost)
}

func (p *pace) set(perMinute float64) {
	p.now = perMinute
	limit, burst := limits(perMinute)
	p.limiter.SetLimit(limit)
	p.limiter.SetBurst(burst)
}

// refused is told that Google refused a request for its quota.
func (p *pace) refused(at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if at.Sub(p.lowered) >= time.Second {
		p.lowered, p.raised = at, at
		p.set(max(p.now/2, min(slowest, p.full)))
	}
}

// wait waits until there is room for so many units.
func (p *pace) wait(ctx context.Context, units int, at time.Time) error {
	p.mu.Lock()
	if p.now < p.full && at.Sub(p.raised) >= 10*time.Minute {
		p.raised = at
		p.set(min(p.now*1.25, p.full))
	}
	p.mu.Unlock()
	err := p.limiter.WaitN(ctx, units)
	if err != nil && ctx.Err() == nil { // it would take longer than there is
		return &provider.Error{Kind: provider.Transient, Op: "wait", Err: errors.New("no room is left in the quota for now"), Hint: "it is tried again later"}
	}
	return err
}

// overQuota reports whether Google refused for a quota that comes back within a minute, and whether it is the user's.
// The domain of quotas alone does not say so: an API that is not enabled is refused under it too.
func (a *refusal) overQuota(now time.Time) (over, user bool) {
	kind, _, _ := a.classify(now)
	switch {
	case kind != provider.Transient:
		return false, false
	case slices.Contains(longQuotas, a.reason):
		return false, false
	}
	over = a.Code == http.StatusTooManyRequests || a.domain == "usageLimits" || a.reason == "RESOURCE_EXHAUSTED"
	return over, a.reason == "userRateLimitExceeded"
}

// longQuotas are the reasons of refusals for a quota that does not come back within minutes.
var longQuotas = []string{"quotaExceeded", "dailyLimitExceeded", "calendarLimitsExceeded"}

// slow takes notice of a refusal for a quota.
func (c *Calendar) slow(err error) {
	a := answerTo(err)
	if a == nil {
		return
	}
	switch over, user := a.overQuota(c.now()); {
	case over && user:
		c.pace.refused(c.now())
	case over:
		c.p.pace.refused(c.now())
	}
}
