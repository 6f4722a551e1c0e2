package signin

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"
)

// Source is the address that a request comes from. A trusted proxy says for whom it asks; what stands left of the first
// who is not trusted in X-Forwarded-For may be anybody's invention.
func Source(r *http.Request, trusted []netip.Prefix) netip.Addr {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	source := at.Addr().Unmap()
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		if !slices.ContainsFunc(trusted, func(p netip.Prefix) bool { return p.Contains(source) }) {
			break
		}
		next, err := netip.ParseAddr(strings.TrimSpace(hop))
		if err != nil {
			break
		}
		source = next.Unmap().WithZone("")
	}
	return source
}

// The limits of asking for mails. They are counted in memory: after a restart they begin anew, and each replica has its
// own. How many a person gets is counted in the journal.
const (
	asksAnHour = 20
	maxSources = 100_000 // more at once are nobody that Holdfast knows
)

// limiter counts what sources do within an hour.
type limiter struct {
	most, keys int

	mu sync.Mutex
	of map[netip.Prefix][]time.Time
}

// take reports whether the source may do it once more at now. All addresses of a network of IPv6 are one source: that
// is what one customer has.
func (l *limiter) take(source netip.Addr, now time.Time) bool {
	bits := source.BitLen()
	if source.Is6() {
		bits = 64
	}
	key, _ := source.Prefix(bits) // fails for no address alone, which is a source, too
	l.mu.Lock()
	defer l.mu.Unlock()
	since := now.Add(-time.Hour)
	recent := func(of []time.Time) []time.Time {
		return slices.DeleteFunc(of, func(t time.Time) bool { return !t.After(since) })
	}
	if _, known := l.of[key]; !known && len(l.of) >= l.keys {
		for k, of := range l.of {
			if l.of[k] = recent(of); len(l.of[k]) == 0 {
				delete(l.of, k)
			}
		}
		if len(l.of) >= l.keys {
			return false
		}
	}
	if l.of == nil {
		l.of = map[netip.Prefix][]time.Time{}
	}
	l.of[key] = recent(l.of[key])
	if len(l.of[key]) >= l.most {
		return false
	}
	l.of[key] = append(l.of[key], now)
	return true
}
