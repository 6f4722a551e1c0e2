package daemon

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"holdfast/internal/series"
)

// watchersEnv makes the test binary people with pages open.
const watchersEnv = "HOLDFAST_TEST_WATCHERS"

// watcher is a page that somebody has open: where it hears of changes, and what it then asks for.
type watcher struct {
	Stream, Part string // addresses
	Cookie       string
	Agent        string // what the browser calls itself: each has a limit of streams of its own
}

// serveWatchers is the process of watchers, until its input ends. It writes a line once a stream is open, and one
// whenever a page has been refreshed.
func serveWatchers() error {
	in := json.NewDecoder(os.Stdin)
	var all []watcher
	if err := in.Decode(&all); err != nil {
		return err
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true}}
	opening := make(chan struct{}, 64)
	failed := make(chan error, len(all))
	for _, w := range all {
		go func() {
			opening <- struct{}{}
			failed <- w.watch(client, sync.OnceFunc(func() { <-opening }))
		}()
	}
	ended := make(chan error, 1)
	go func() {
		_, err := io.Copy(io.Discard, in.Buffered())
		_, err2 := io.Copy(io.Discard, os.Stdin)
		ended <- errors.Join(err, err2)
	}()
	select {
	case err := <-failed:
		return fmt.Errorf("a stream ended: %w", err)
	case err := <-ended:
		return err
	}
}

func (w watcher) watch(client *http.Client, open func()) error {
	defer open()
	r, err := http.NewRequest(http.MethodGet, w.Stream, nil)
	if err != nil {
		return err
	}
	r.Header = http.Header{"Cookie": {w.Cookie}, "User-Agent": {w.Agent}, "Accept": {"text/event-stream"}}
	a, err := client.Do(r)
	if err != nil {
		return err
	}
	defer a.Body.Close()
	lines := bufio.NewScanner(a.Body)
	for lines.Scan() {
		switch lines.Text() {
		case "event: open":
			open()
			fmt.Println("open")
		case "event: change":
			if _, err := (page{w.Part, w.Cookie}).open(client); err != nil {
				return err
			}
			fmt.Println("refreshed")
		}
	}
	return fmt.Errorf("%s: %w", a.Status, errors.Join(lines.Err(), io.EOF))
}

// BenchmarkStreams is 5,000 pages that are open, ten of each report's, and a round that changed five pairs: from then
// until the 50 pages of these reports have heard of it and have asked for themselves anew. The aim is a second. The
// browsers are another process.
//
//	go test ./internal/daemon -run XXX -bench Streams -benchtime 20x -cpu 1
func BenchmarkStreams(b *testing.B) {
	const pairs, tabs, changed = 500, 10, 5
	o := newOrg(b, pairs)
	o.book()
	o.remember()
	p := o.serve()
	var all []watcher
	var news []series.Pair
	employ(pairs, func(id string, manager, report int) {
		if report < 0 {
			return
		}
		pair, cookie := series.Pair{Manager: fmt.Sprint("m", manager), Report: id}, p.signIn(id)
		for n := range tabs {
			all = append(all, watcher{p.url + "/live?pair=" + pair.String(), p.url + "/pairs/" + pair.String(), cookie,
				fmt.Sprint("browser ", n)})
		}
		if report%(pairs/changed) == 0 {
			news = append(news, pair)
		}
	})
	runtime.GC()
	before, _ := resident(b)
	cmd := exec.Command(os.Args[0])
	cmd.Env, cmd.Stderr = append(os.Environ(), watchersEnv+"=1"), os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		b.Fatal(err)
	}
	defer func() {
		if err := errors.Join(in.Close(), cmd.Wait()); err != nil {
			b.Error("the watchers: ", err)
		}
	}()
	if err := json.NewEncoder(in).Encode(all); err != nil {
		b.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	hear := func(what string, n int) {
		for range n {
			if !lines.Scan() || strings.TrimSpace(lines.Text()) != what {
				b.Fatalf("the watchers say %q: %v", lines.Text(), lines.Err())
			}
		}
	}
	hear("open", len(all))
	after, known := resident(b)
	var took []float64
	from := used(b)
	for b.Loop() {
		begin := time.Now()
		o.app.hub.Publish(news...)
		hear("refreshed", len(news)*tabs)
		took = append(took, float64(time.Since(begin))/1e6)
	}
	to := used(b)
	slices.Sort(took)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(took[len(took)/2], "p50-ms")
	b.ReportMetric(took[len(took)-1], "most-ms")
	b.ReportMetric(1000*(to.cpu-from.cpu)/float64(len(took)*len(news)*tabs), "cpu-ms/refresh")
	if known {
		b.ReportMetric(1000*(after-before)/float64(len(all)), "kB/stream")
	}
}
