package daemon

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"regexp"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// bareWorkers is how many requests the bare loop has under way: as many as a round has of one server.
const bareWorkers = 8

// letter is a request that was sent, to be sent again.
type letter struct {
	method, url string
	header      http.Header
	body        []byte
	turn        int64 // when it was sent: after how many others
	status      int   // of the answer
}

// tape is a transport that counts requests, and keeps them while it is on.
type tape struct {
	http.RoundTripper
	n  atomic.Int64
	on atomic.Bool

	mu  sync.Mutex
	of  map[string]int // places in kept, by user
	all [][]*letter    // by user, in the order in which they were sent
}

func (t *tape) RoundTrip(r *http.Request) (*http.Response, error) {
	turn := t.n.Add(1)
	if !t.on.Load() {
		return t.RoundTripper.RoundTrip(r)
	}
	l := &letter{method: r.Method, url: r.URL.String(), header: r.Header.Clone(), turn: turn}
	if r.Body != nil {
		body, err := io.ReadAll(r.Body)
		if err = errors.Join(err, r.Body.Close()); err != nil {
			return nil, err
		}
		l.body, r = body, r.Clone(r.Context())
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	t.keep(l, r)
	a, err := t.RoundTripper.RoundTrip(r)
	if err == nil {
		l.status = a.StatusCode
	}
	return a, err
}

// keep puts the letter behind the others of who sent it.
func (t *tape) keep(l *letter, r *http.Request) {
	user, _, _ := r.BasicAuth()
	t.mu.Lock()
	defer t.mu.Unlock()
	i, known := t.of[user]
	if !known {
		i = len(t.all)
		t.of[user], t.all = i, append(t.all, nil)
	}
	t.all[i] = append(t.all[i], l)
}

// record keeps what is sent meanwhile.
func (t *tape) record(f func()) [][]*letter {
	t.of, t.all = map[string]int{}, nil
	t.on.Store(true)
	f()
	t.on.Store(false)
	return t.all
}

// replay is the bare loop: it sends letters again, each user's in their order, and reports how many of them are
// answered with the status that they had.
func replay(b *testing.B, c *http.Client, all [][]*letter) (sent, same int64) {
	b.Helper()
	var next, total, equal atomic.Int64
	var wg sync.WaitGroup
	for range bareWorkers {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(all) {
					return
				}
				for _, l := range all[i] {
					status, err := l.send(c)
					if err != nil {
						b.Error(err)
						return
					}
					if total.Add(1); status == l.status {
						equal.Add(1)
					}
				}
			}
		})
	}
	wg.Wait()
	return total.Load(), equal.Load()
}

// send sends it and reads the answer to its end.
func (l *letter) send(c *http.Client) (status int, err error) {
	var body io.Reader
	if len(l.body) > 0 {
		body = bytes.NewReader(l.body)
	}
	r, err := http.NewRequest(l.method, l.url, body)
	if err != nil {
		return 0, err
	}
	r.Header = l.header
	a, err := c.Do(r)
	if err != nil {
		return 0, err
	}
	_, err = io.Copy(io.Discard, a.Body)
	return a.StatusCode, errors.Join(err, a.Body.Close())
}

// usage is what this process has used since it began.
type usage struct {
	cpu   float64 // seconds
	wall  time.Time
	bytes uint64 // allocated
}

func used(b *testing.B) usage {
	b.Helper()
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		b.Fatal(err)
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	cpu := time.Duration(r.Utime.Nano() + r.Stime.Nano()).Seconds()
	return usage{cpu: cpu, wall: time.Now(), bytes: m.TotalAlloc}
}

// cost is what something takes of this process. Costs add up.
type cost struct{ cpu, wall, megabytes float64 }

// measure adds what f costs. What was thrown away before is collected before it, and not at its expense.
func (c *cost) measure(b *testing.B, f func()) {
	b.Helper()
	runtime.GC()
	from := used(b)
	f()
	to := used(b)
	c.cpu += to.cpu - from.cpu
	c.wall += to.wall.Sub(from.wall).Seconds()
	c.megabytes += float64(to.bytes-from.bytes) / 1e6
}

// resident is how much memory this process holds, in MB, after what it can give back is given back; where the machine
// says (Linux).
func resident(b *testing.B) (megabytes float64, known bool) {
	b.Helper()
	debug.FreeOSMemory() // collects first
	text, err := os.ReadFile("/proc/self/status")
	if errors.Is(err, fs.ErrNotExist) {
		return 0, false
	}
	if err != nil {
		b.Fatal(err)
	}
	found := regexp.MustCompile(`VmRSS:\s*(\d+) kB`).FindSubmatch(text)
	if found == nil {
		b.Fatal("/proc/self/status has no VmRSS")
	}
	kilobytes, err := strconv.Atoi(string(found[1]))
	if err != nil {
		b.Fatal(err)
	}
	return float64(kilobytes) * 1024 / 1e6, true
}

// beside reports what rounds cost, with the same requests sent by the bare loop.
func beside(b *testing.B, ours, bare cost, rounds float64) {
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(ours.cpu/rounds, "cpu-s/round")
	b.ReportMetric(bare.cpu/rounds, "bare-cpu-s/round")
	b.ReportMetric(ours.cpu/bare.cpu, "x-bare")
	b.ReportMetric(ours.wall/bare.wall, "x-bare-wall")
	b.ReportMetric(ours.megabytes/rounds, "MB/round")
	b.ReportMetric(bare.megabytes/rounds, "bare-MB/round")
}
