package googletest

import (
	"slices"
	"strconv"
	"time"
)

// Quota is how many units may be spent in any window of time. Zero numbers are no limit.
type Quota struct {
	PerProject, PerUser int
	Window              time.Duration // default 1 minute
	Status              int           // 403 (default) or 429
	RetryAfter          time.Duration // told in the answer where not 0
}

// meter is what was spent.
type meter struct {
	project []spent
	users   map[string][]spent
}

type spent struct {
	at    time.Time
	units int
}

// SetQuota changes the quota from now on.
func (s *Server) SetQuota(q Quota) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opt.Quota = q
}

// units is what a request costs: a patch is three (reference/events/patch).
func units(method string) int {
	if method == "calendar.events.patch" {
		return 3
	}
	return 1
}

// spend takes the units of a request, or refuses it. With domain-wide delegation it is the service account that pays as
// a user, unless the request names another (guides/quota).
func (s *Server) spend(c *caller, r *request, n int) *problem {
	q := s.opt.Quota
	if q.PerProject == 0 && q.PerUser == 0 {
		return nil
	}
	user := r.query.Get("quotaUser")
	if user == "" {
		user = r.header.Get("X-Goog-Quota-User")
	}
	if user == "" {
		user = c.payer
	}
	if q.Window == 0 {
		q.Window = time.Minute
	}
	since := s.now().Add(-q.Window)
	left := func(all []spent) ([]spent, int) {
		all = slices.DeleteFunc(all, func(x spent) bool { return !x.at.After(since) })
		sum := 0
		for _, x := range all {
			sum += x.units
		}
		return all, sum
	}
	if s.quota.users == nil {
		s.quota.users = map[string][]spent{}
	}
	project, all := left(s.quota.project)
	mine, own := left(s.quota.users[user])
	s.quota.project, s.quota.users[user] = project, mine
	reason := ""
	switch {
	case q.PerUser > 0 && own+n > q.PerUser:
		reason = "userRateLimitExceeded"
	case q.PerProject > 0 && all+n > q.PerProject:
		reason = "rateLimitExceeded"
	}
	if reason == "" {
		now := spent{s.now(), n}
		s.quota.project, s.quota.users[user] = append(project, now), append(mine, now)
		return nil
	}
	p := &problem{code: 403, domain: "usageLimits", reason: reason, text: "Rate Limit Exceeded"}
	if q.Status == 429 {
		p.code, p.reason = 429, "rateLimitExceeded"
	}
	if q.RetryAfter > 0 {
		p.retryAfter = strconv.Itoa(int(q.RetryAfter / time.Second))
	}
	return p
}
