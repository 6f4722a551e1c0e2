package google

import (
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"holdfast/internal/provider"
	"holdfast/internal/series"
)

// endless is an answer that never ends.
type endless struct{ read *atomic.Int64 }

func (e endless) Read(p []byte) (int, error) {
	n := len(p)
	for i := range p {
		p[i] = ' '
	}
	if e.read.Load() == 0 {
		n = copy(p, `{"items":[`)
	}
	e.read.Add(int64(n))
	return n, nil
}

func (endless) Close() error { return nil }

type alwaysSays func(*http.Request) *http.Response

func (f alwaysSays) RoundTrip(r *http.Request) (*http.Response, error) { return f(r), nil }

// A page without end is read up to the bound, and pages without end up to the most events.
func TestAnswerWithoutEnd(t *testing.T) {
	var read atomic.Int64
	page := `{"nextPageToken":"more","items":[` + strings.Repeat(`{"id":"x"},`, 9_999) + `{"id":"y"}]}`
	for name, c := range map[string]struct {
		body func() io.ReadCloser
		most int64
	}{
		"a page": {func() io.ReadCloser { return endless{&read} }, maxBody + 1},
		"pages": {func() io.ReadCloser {
			read.Add(int64(len(page)))
			return io.NopCloser(strings.NewReader(page))
		}, int64(len(page)) * (maxItems/10_000 + 2)},
	} {
		t.Run(name, func(t *testing.T) {
			read.Store(0)
			now := func() time.Time { return time.Date(2026, time.November, 30, 9, 0, 0, 0, time.UTC) }
			p := New(Options{Endpoint: "http://google.test", Clock: now, Budget: Budget{Project: 1e9, User: 1e9}})
			cal, err := p.Open(Account{Owner: series.Person{ID: "mia", Email: "mia@example.com", Zone: "Europe/Berlin"},
				HTTP: &http.Client{Transport: alwaysSays(func(r *http.Request) *http.Response {
					return &http.Response{
						StatusCode: 200,
						Header:     http.Header{"Content-Type": {"application/json"}},
						Body:       c.body(),
						Request:    r,
					}
				})}})
			if err != nil {
				t.Fatal(err)
			}
			_, err = cal.list(t.Context(), "")
			err = cal.fail("observe", err)
			if err == nil || provider.KindOf(err) != provider.Permanent || provider.HintOf(err) == "" || read.Load() > c.most {
				t.Errorf("%v, hint %q, %d bytes were read", err, provider.HintOf(err), read.Load())
			}
		})
	}
}
