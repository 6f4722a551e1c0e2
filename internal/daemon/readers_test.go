package daemon

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"holdfast/internal/drift"
	"holdfast/internal/series"
	"holdfast/internal/signin"
	"holdfast/internal/store"
	"holdfast/internal/yamlpos"
)

// readersEnv makes the test binary people who open pages.
const readersEnv = "HOLDFAST_TEST_READERS"

// reading is what readers ask for, one request after another, each when it is due, whether those before it are answered
// or not: who waits for an answer does not keep others from asking.
type reading struct {
	Pages []page
	Rate  float64 // requests in a second
}

// page is a page that somebody opens who is signed in.
type page struct{ URL, Cookie string }

// read is how long the answers of a reading took from when each was due, in ms, and how large they were.
type read struct {
	Took  []float64
	Bytes int64
	Error string // what was first no answer as it should be
}

// serveReaders is the process of readers: what they ask for comes on its input, what came of it goes to its output.
func serveReaders() error {
	var what reading
	if err := json.NewDecoder(os.Stdin).Decode(&what); err != nil {
		return err
	}
	client := &http.Client{
		Transport:     &http.Transport{MaxIdleConnsPerHost: len(what.Pages), DisableCompression: true},
		Timeout:       time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	out := read{Took: make([]float64, len(what.Pages))}
	var all sync.WaitGroup
	var mu sync.Mutex
	begin := time.Now()
	for i, p := range what.Pages {
		due := begin.Add(time.Duration(float64(i) / what.Rate * float64(time.Second)))
		// It is load, not a wait: readers come when it is their turn, whether those before them are answered or not.
		time.Sleep(time.Until(due))
		all.Go(func() {
			n, err := p.open(client)
			took := time.Since(due)
			mu.Lock()
			defer mu.Unlock()
			if out.Took[i], out.Bytes = float64(took)/1e6, out.Bytes+n; err != nil && out.Error == "" {
				out.Error = err.Error()
			}
		})
	}
	all.Wait()
	return json.NewEncoder(os.Stdout).Encode(out)
}

func (p page) open(client *http.Client) (size int64, err error) {
	r, err := http.NewRequest(http.MethodGet, p.URL, nil)
	if err != nil {
		return 0, err
	}
	r.Header.Set("Cookie", p.Cookie)
	a, err := client.Do(r)
	if err != nil {
		return 0, err
	}
	size, err = io.Copy(io.Discard, a.Body)
	if err = errors.Join(err, a.Body.Close()); err == nil && a.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", p.URL, a.Status)
	}
	return size, err
}

// opens has readers open the pages, and returns what came of it.
func opens(b *testing.B, what reading) (out read) {
	b.Helper()
	text, err := json.Marshal(what)
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env, cmd.Stdin, cmd.Stderr = append(os.Environ(), readersEnv+"=1"), bytes.NewReader(text), os.Stderr
	answer, err := cmd.Output()
	if err == nil {
		err = json.Unmarshal(answer, &out)
	}
	if err == nil && out.Error != "" {
		err = errors.New(out.Error)
	}
	if err != nil {
		b.Fatal("the readers: ", err)
	}
	return out
}

// pages are the org's pages, at an address of this machine.
type pages struct {
	*org
	url     string
	handler http.Handler
}

// serve answers browsers as the daemon does, until the benchmark ends.
func (o *org) serve() pages {
	o.Helper()
	server := httptest.NewUnstartedServer(nil)
	url := "http://" + server.Listener.Addr().String()
	o.app.Settings.URL, o.app.Settings.Web.Admins = url, []yamlpos.Text{{V: "m0"}}
	ctx, cancel := context.WithCancel(o.Context())
	q, err := NewQueue(ctx, o.app.Settings.Database, o.app, QueueOptions{Poll: time.Hour, Watch: time.Hour,
		Clock: o.app.o.Clock, Trouble: func(error) {}})
	if err != nil {
		o.Fatal(err)
	}
	var behind sync.WaitGroup
	p := pages{org: o, url: url}
	if p.handler, err = o.app.pages(ctx, q, &behind); err != nil {
		o.Fatal(err)
	}
	server.Config.Handler = p.handler
	server.Start()
	o.Cleanup(func() {
		o.app.hub.Close()
		server.Close()
		cancel()
		behind.Wait()
		if err := q.Stop(context.Background()); err != nil {
			o.Error(err)
		}
		o.close()
	})
	return p
}

// signIn is the cookie of somebody who signs in by a link from the shell.
func (p pages) signIn(id string) string {
	p.Helper()
	link, _, err := signin.NewLink(p.Context(), p.app.Store, p.app.o.Clock, "", id)
	if err != nil {
		p.Fatal(err)
	}
	w := httptest.NewRecorder()
	p.handler.ServeHTTP(w, httptest.NewRequest(http.MethodPost, p.url+link, nil))
	var cookies []string
	for _, c := range w.Result().Cookies() {
		if c.MaxAge >= 0 && c.Value != "" {
			cookies = append(cookies, c.Name+"="+c.Value)
		}
	}
	if w.Code != http.StatusSeeOther || len(cookies) == 0 {
		p.Fatalf("%s does not sign in: %d %s", id, w.Code, w.Body)
	}
	return strings.Join(cookies, "; ")
}

// remember gives each pair a record of 26 weeks, of which every tenth was not kept.
func (o *org) remember() {
	o.Helper()
	db, err := store.OpenDB(o.app.Settings.Database)
	if err != nil {
		o.Fatal(err)
	}
	defer db.Close()
	week := series.DateOf(time.Unix(o.now.Load(), 0).UTC()).Monday()
	for n := range 26 {
		day := week.AddDays(-7 * (n + 1))
		if _, err := db.Exec(`INSERT OR IGNORE INTO outcomes (manager, report, week, occurrence, result, by_whom, final)
			SELECT manager, report, ?, ?, CASE (rowid + ?) % 10 WHEN 0 THEN ? ELSE ? END, ?, 1
			FROM (SELECT manager, report, row_number() OVER () AS rowid FROM statuses)`, day.Week().String(), day.String(),
			n, string(drift.CancelledWeek), string(drift.Kept), string(drift.ByUnknown)); err != nil {
			o.Fatal(err)
		}
	}
}

// BenchmarkPages is people who open pages of an org, 200 in a second on one core: how long they wait for 99 of 100,
// with nothing beside and while rounds are made, one every five seconds. The aim is 50 ms. The readers are another
// process. Beside it stands a server that gives everybody the same bytes: what that needs is the machine's.
//
//	go test ./internal/daemon -run XXX -bench Pages -benchtime 1x -cpu 1 -scale 10000 -timeout 1h
func BenchmarkPages(b *testing.B) {
	atScale(b, func(b *testing.B, pairs int) {
		o := newOrg(b, pairs)
		o.book()
		o.rest()
		o.remember()
		o.rest()
		p := o.serve()
		const rate, seconds, people = 200, 10, 500
		var all []page
		n := 0
		employ(pairs, func(id string, manager, report int) {
			if report%reports != 0 || n >= people { // the manager's first report, and so as many managers
				return
			}
			n++
			mine, other := p.signIn(id), p.signIn(fmt.Sprint("m", manager))
			pair := fmt.Sprintf("%s/pairs/m%d/%s", p.url, manager, id)
			for i := range 20 { // of twenty 14 are lists of 1:1s, 5 are 1:1s, one is about oneself
				who := []string{mine, other}[i%2]
				at := p.url + "/"
				if i >= 14 {
					at = pair
				}
				if i == 19 {
					at = p.url + "/me"
				}
				all = append(all, page{at, who})
			}
		})
		ask := func(b *testing.B) {
			var took []float64
			var bytes int64
			from := used(b)
			for b.Loop() {
				what := reading{Rate: rate}
				for i := range rate * seconds {
					what.Pages = append(what.Pages, all[(i*7919+len(took))%len(all)])
				}
				x := opens(b, what)
				took, bytes = append(took, x.Took...), bytes+x.Bytes
			}
			to, asked := used(b), float64(len(took))
			slices.Sort(took)
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(took[len(took)/2], "p50-ms")
			b.ReportMetric(took[len(took)*99/100], "p99-ms")
			b.ReportMetric(1000*(to.cpu-from.cpu)/asked, "cpu-ms/request")
			b.ReportMetric(float64(to.bytes-from.bytes)/asked/1e3, "kB-allocated/request")
			b.ReportMetric(float64(bytes)/asked/1e3, "kB/page")
		}
		same := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write(make([]byte, 14_000))
		}))
		defer same.Close()
		b.Run("bare", func(b *testing.B) {
			ours := all
			defer func() { all = ours }()
			all = []page{{same.URL, "x=y"}}
			ask(b)
		})
		b.Run("alone", ask)
		b.Run("beside rounds", func(b *testing.B) {
			stop, done := make(chan struct{}), make(chan int)
			go func() {
				every, n := time.NewTicker(5*time.Second), 0
				defer every.Stop()
				for {
					o.idle()
					n++
					select {
					case <-stop:
						done <- n
						return
					case <-every.C:
					}
				}
			}()
			ask(b)
			close(stop)
			b.ReportMetric(float64(<-done)/float64(b.N), "rounds")
		})
	})
}
