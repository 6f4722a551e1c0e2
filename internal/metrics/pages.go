package metrics

import (
	"io"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// pages counts requests.
type pages struct {
	requests *prometheus.CounterVec
	took     *prometheus.HistogramVec
	streams  prometheus.Gauge
}

func newPages(m *Metrics) *pages {
	return &pages{
		requests: m.counts("http_requests_total", "Requests answered, by the pattern of their route.",
			"route", "method", "code"),
		took: m.times("http_request_duration_seconds",
			"How long it took until an answer began: an event stream may go on for days.", requestBuckets, "route"),
		streams: m.gauge("event_streams", "Event streams that are open, of pages and of the API."),
	}
}

// HTTP counts the requests that the mux answers, by the pattern of their route: paths hold names and tokens. What
// people did with pages, sign-in, feeds and the API is told by route and status. It stands directly around the mux,
// which notes the pattern on the request that it is given, or around a handler of one route.
func (m *Metrics) HTTP(mux http.Handler) http.Handler {
	if m == nil {
		return mux
	}
	by := promhttp.WithLabelFromRequest("route", route)
	return promhttp.InstrumentHandlerCounter(m.pages.requests,
		promhttp.InstrumentHandlerTimeToWriteHeader(m.pages.took, m.pages.open(mux), by), by)
}

// open counts the event streams of next for as long as they are open.
func (p *pages) open(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b := &begun{ResponseWriter: w, streams: p.streams}
		defer b.end()
		next.ServeHTTP(b, r)
	})
}

// begun notes when the answer begins whether it is an event stream.
type begun struct {
	http.ResponseWriter
	streams     prometheus.Gauge
	yes, stream bool
}

// WriteHeader is http.ResponseWriter's.
func (b *begun) WriteHeader(status int) {
	b.begin()
	b.ResponseWriter.WriteHeader(status)
}

// Write is http.ResponseWriter's.
func (b *begun) Write(text []byte) (int, error) {
	b.begin()
	return b.ResponseWriter.Write(text)
}

// Unwrap is for http.ResponseController.
func (b *begun) Unwrap() http.ResponseWriter { return b.ResponseWriter }

func (b *begun) begin() {
	if !b.yes && strings.HasPrefix(b.Header().Get("Content-Type"), "text/event-stream") {
		b.stream = true
		b.streams.Inc()
	}
	b.yes = true
}

func (b *begun) end() {
	if b.stream {
		b.streams.Dec()
	}
}

// route is the pattern without its method; "none" where no route is of that path.
func route(r *http.Request) string {
	if r.Pattern == "" {
		return "none"
	}
	return r.Pattern[strings.LastIndexByte(r.Pattern, ' ')+1:]
}

// Handler answers /metrics, and /healthz and /readyz by h. It is for an address that only those who run Holdfast
// reach (settings' web.metrics_listen). m may be nil: then there is no /metrics.
func (m *Metrics) Handler(h *Health) http.Handler {
	mux := http.NewServeMux()
	if m != nil {
		mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry}))
	}
	mux.HandleFunc("GET /healthz", Alive)
	mux.HandleFunc("GET /readyz", h.ready)
	return mux
}

// Alive answers /healthz: whoever gets an answer has the proof.
func Alive(w http.ResponseWriter, _ *http.Request) { says(w, http.StatusOK, "alive") }

// Health is whether this replica can answer requests from what it has: its settings are read, its journal is migrated,
// it does not stop. How old the last round is and whether the journal can be written are figures and alarms: were they
// part of it, a slow calendar server would take all replicas away at once. Its zero value is starting.
type Health struct{ phase atomic.Int32 }

// The phases of a replica.
const (
	starting int32 = iota
	ready
	stopping
)

// Ready says that requests can be answered from now on. Once Stopping was called it says nothing.
func (h *Health) Ready() { h.phase.CompareAndSwap(starting, ready) }

// Stopping says that no more requests are wanted.
func (h *Health) Stopping() { h.phase.Store(stopping) }

// ready answers /readyz.
func (h *Health) ready(w http.ResponseWriter, _ *http.Request) {
	switch h.phase.Load() {
	case ready:
		says(w, http.StatusOK, "ready")
	case stopping:
		says(w, http.StatusServiceUnavailable, "stopping")
	default:
		says(w, http.StatusServiceUnavailable, "starting")
	}
}

func says(w http.ResponseWriter, status int, word string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, word+"\n")
}
