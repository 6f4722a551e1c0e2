package googletest

import "strconv"

// Fault is what goes wrong with one request.
type Fault struct {
	// Status and Reason answer an error: 500, 503 backendError; 403 rateLimitExceeded, quotaExceeded; 429 … RetryAfter, in
	// seconds, is its Retry-After header where not 0. After: the request is done all the same.
	Status     int
	Reason     string
	RetryAfter int
	After      bool
	// Description is what "oauth.token" says beside the Reason; "" for the Reason itself.
	Description string

	Drop            bool            // the connection ends without an answer, and nothing is done
	DropAfterCommit bool            // it ends without an answer, and all is done
	TruncateJSON    bool            // half of the answer
	HTML            bool            // a page of another content type
	EmptyList       bool            // 200 with no items where there are some
	Slow            <-chan struct{} // the answer waits for this to be closed
	Hold            <-chan struct{} // the request waits for this to be closed, before anything is done
	Arrived         chan<- struct{} // is closed when the request has come in
}

func (f *Fault) problem() *problem {
	p := &problem{code: f.Status, domain: "global", reason: f.Reason, text: f.Reason}
	switch f.Reason {
	case "":
		p.reason, p.text = "backendError", "Backend Error"
	case "rateLimitExceeded", "userRateLimitExceeded":
		p.domain, p.text = "usageLimits", "Rate Limit Exceeded"
	case "quotaExceeded":
		p.domain, p.text = "usageLimits", "Calendar usage limits exceeded."
	}
	if f.RetryAfter > 0 {
		p.retryAfter = strconv.Itoa(f.RetryAfter)
	}
	return p
}

// Faults is what goes wrong from now on.
type Faults struct {
	// Every is what happens to every request of a method ("calendar.events.patch"), or under "" to every request.
	Every map[string]Fault
}

// faults is the plan.
type faults struct {
	Faults
	seen map[string]int
	nth  map[string]map[int]Fault
}

// SetFaults replaces the whole plan; the zero Faults ends all of them.
func (s *Server) SetFaults(f Faults) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = faults{Faults: f}
}

// FailNth makes the n-th request from now on to a method, or with "" to any, fail; the first is 1. "oauth.token" is the
// token endpoint, where Status and Reason ("invalid_grant") count.
func (s *Server) FailNth(method string, n int, f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fs := &s.faults
	if fs.nth == nil {
		fs.nth, fs.seen = map[string]map[int]Fault{}, map[string]int{}
	}
	if fs.nth[method] == nil {
		fs.nth[method] = map[int]Fault{}
	}
	fs.nth[method][fs.seen[method]+n] = f
}

// next is the fault of this request, nil for none.
func (fs *faults) next(method string) *Fault {
	var found *Fault
	for _, name := range []string{method, ""} {
		if fs.seen != nil {
			fs.seen[name]++
		}
		if f, ok := fs.nth[name][fs.seen[name]]; ok && found == nil {
			found = &f
		}
		if f, ok := fs.Every[name]; ok && found == nil {
			found = &f
		}
	}
	return found
}
