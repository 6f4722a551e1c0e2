package caldav

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"holdfast/internal/provider"
)

// endless answers every request with a multistatus that has no end, of resources of some size, and counts what it could
// send until the client had enough.
type endless struct {
	row  string
	sent atomic.Int64
	most atomic.Int64 // answers that were under way at once beyond small
	now  atomic.Int64
}

func (e *endless) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.WriteHeader(http.StatusMultiStatus)
	_, _ = fmt.Fprint(w, `<d:multistatus xmlns:d="DAV:">`)
	sent := 0
	for i := 0; ; i++ {
		n, err := fmt.Fprintf(w, e.row, i)
		e.sent.Add(int64(n))
		if err != nil {
			break
		}
		// What the two ends of a connection keep by themselves is not read.
		if was := sent; was <= small+socket && was+n > small+socket {
			now := e.now.Add(1)
			for most := e.most.Load(); now > most && !e.most.CompareAndSwap(most, now); most = e.most.Load() {
			}
			defer e.now.Add(-1)
		}
		sent += n
	}
}

// socket is the most that may lie between the two ends of a connection.
const socket = 8 << 20

const (
	manyRows = `<d:response><d:href>/mia/cal/%d.ics</d:href><d:propstat><d:status>HTTP/1.1 200 OK</d:status>` +
		`<d:prop><d:getetag>"1"</d:getetag></d:prop></d:propstat></d:response>`
	largeRows = `<d:response><d:href>/mia/cal/%d.ics</d:href><d:propstat><d:status>HTTP/1.1 200 OK</d:status><d:prop><x>`
)

// serveEndless starts such a server with small buffers on its connections.
func serveEndless(t testing.TB, row string) (*endless, Options) {
	e := &endless{row: row}
	s := httptest.NewUnstartedServer(e)
	s.Config.ConnState = func(c net.Conn, state http.ConnState) {
		if tcp, ok := c.(*net.TCPConn); ok && state == http.StateNew {
			_ = tcp.SetWriteBuffer(64 << 10)
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	return e, server{base: s.URL + "/", calendar: s.URL + "/mia/cal/", configured: true}.options("mia")
}

// Servers that answer without end, to several readers at once, are read up to the bound, two of them at a time, and say
// why they are not read.
func TestAnswersWithoutEnd(t *testing.T) {
	const readers = 3
	for name, c := range map[string]struct {
		row, says string
		most      int64 // bytes of one answer that are read
	}{
		"rows": {manyRows, "it is about more than 150000 objects", maxRows * int64(len(manyRows)+8)},
		"bytes": {
			largeRows + strings.Repeat("x", 1<<20) + "</x></d:prop></d:propstat></d:response>",
			"it is longer than 128 MiB",
			maxBody,
		},
	} {
		t.Run(name, func(t *testing.T) {
			if testing.Short() && name == "bytes" {
				t.Skip("-short leaves out the second bound, 3 s of CPU time: go test ./... has it, and so has .ci/run")
			}
			e, o := serveEndless(t, c.row)
			var wg sync.WaitGroup
			for range readers {
				wg.Go(func() {
					own := o
					own.HTTP = &http.Client{Transport: &http.Transport{}}
					_, err := Open(own).Observe(context.Background(), noSnapshot, interestOf("mia"))
					if err == nil || !strings.Contains(err.Error(), c.says) || provider.KindOf(err) != provider.Permanent ||
						provider.HintOf(err) == "" {
						t.Errorf("%v, hint %q", err, provider.HintOf(err))
					}
				})
			}
			wg.Wait()
			if n := e.sent.Load(); n > readers*(c.most+socket) {
				t.Errorf("%d MiB were sent to %d readers", n>>20, readers)
			}
			if n := e.most.Load(); n > provider.LargeBodies {
				t.Errorf("%d large answers were read at once", n)
			}
		})
	}
}

// BenchmarkAnswerWithoutEnd is what such an answer costs: B/op, most of it not at once.
func BenchmarkAnswerWithoutEnd(b *testing.B) {
	_, o := serveEndless(b, manyRows)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Open(o).Observe(context.Background(), noSnapshot, interestOf("mia")); err == nil {
			b.Fatal("it was read")
		}
	}
}
