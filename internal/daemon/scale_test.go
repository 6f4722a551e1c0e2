package daemon

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"holdfast/internal/reconcile"
)

// What a round costs at scale, each beside the bare loop: a program that sends the same requests to the same server,
// reads the answers, and thinks nothing. CPU seconds are those of this process, garbage collection and the kernel's
// part of its requests included; the server is another process. Wall time says more about the machine than about
// Holdfast, and is only given as a ratio.
//
//	go test ./internal/daemon -run XXX -bench Idle -benchtime 5x -scale 1000,10000

var scales = flag.String("scale", "1000", "how many pairs the benchmarks of scale have; comma separated")

// atScale runs a benchmark at each size of -scale.
func atScale(b *testing.B, run func(b *testing.B, pairs int)) {
	for _, size := range strings.Split(*scales, ",") {
		pairs, err := strconv.Atoi(size)
		if err != nil || pairs < 1 {
			b.Fatalf("-scale: %q is no number of pairs", size)
		}
		b.Run(size, func(b *testing.B) { run(b, pairs) })
	}
}

// org is Holdfast with an org of so many pairs on a fleet.
type org struct {
	*testing.B
	pairs   int
	dir     string
	address string // of the fleet
	stop    func() // the fleet
	app     *App
	tape    *tape
	now     atomic.Int64 // unix time of Holdfast's clock
}

// newOrg opens it; nothing is read yet. Its clock is an hour behind, so that what it writes is in the past of a program
// that is started afterwards.
func newOrg(b *testing.B, pairs int) *org {
	b.Helper()
	o := &org{B: b, pairs: pairs, dir: b.TempDir()}
	begin := time.Now().Add(-time.Hour).Truncate(time.Minute)
	o.now.Store(begin.Unix())
	o.address, o.stop = startFleet(b, pairs, begin)
	var people, ones strings.Builder
	employ(pairs, func(id string, manager, report int) {
		fmt.Fprintf(&people, "  %s: {name: %[1]s, email: %[1]s@example.com, calendar: office, zone: Europe/Berlin}\n", id)
		if report < 0 {
			fmt.Fprintf(&ones, "  - manager: %s\n    reports:\n", id)
			return
		}
		i := report % reports
		fmt.Fprintf(&ones, "      - {report: %s, slot: %.3s %d:00}\n", id, time.Weekday(i%4+1), 10+i/4)
	})
	o.write("pw", fleetPassword)
	o.write("roster.yaml", "defaults: {prep_doc: \"https://docs.example.com/{manager.id}-{report.id}\"}\npeople:\n"+
		people.String()+"one_on_ones:\n"+ones.String())
	o.settings(o.dir, o.address)
	var err error
	o.app, err = Open(b.Context(), Options{Config: filepath.Join(o.dir, "holdfast.yaml"), Log: zerolog.Nop(),
		Clock: func() time.Time { return time.Unix(o.now.Load(), 0) }})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(o.close)
	o.tape = &tape{RoundTripper: o.app.http.Transport}
	o.app.http.Transport = o.tape
	// Writes go side by side as they do in the daemon; and a machine that is busy is not a server that hangs.
	o.app.Reconciler.Patience = time.Minute
	return o
}

func (o *org) write(name, text string) {
	o.Helper()
	if err := os.WriteFile(filepath.Join(o.dir, name), []byte(text), 0o600); err != nil {
		o.Fatal(err)
	}
}

// settings writes the settings file into a folder, with the address of the server.
func (o *org) settings(dir, address string) {
	o.Helper()
	text := fmt.Sprintf("org: acme\nroster: [roster.yaml]\ndatabase: sqlite:holdfast.db\ncalendars:\n"+
		"  office: {caldav: {url: http://%s, username: \"{person.id}\", password_file: pw}}\n"+
		"policy: {max_creations: {count: 0, percent: 100}, max_mails: %d}\n", address, 10*o.pairs)
	if err := os.WriteFile(filepath.Join(dir, "holdfast.yaml"), []byte(text), 0o600); err != nil {
		o.Fatal(err)
	}
}

// close closes the App, once.
func (o *org) close() {
	if o.app == nil {
		return
	}
	if err := o.app.Close(); err != nil {
		o.Error(err)
	}
	o.app = nil
}

// round is the next one, a minute later.
func (o *org) round() reconcile.Round {
	o.Helper()
	o.now.Add(60)
	r, err := o.app.Reconciler.Once(o.Context())
	if err != nil || len(r.Failures) > 0 || len(r.Late) > 0 {
		o.Fatalf("a round: %v; %d failures, the first %v; %d late", err, len(r.Failures),
			r.Failures[:min(1, len(r.Failures))], len(r.Late))
	}
	return r
}

// book makes rounds until nothing is left to do.
func (o *org) book() {
	o.Helper()
	booked := 0
	for range 10 {
		r := o.round()
		if booked += len(r.Applied); len(r.Applied)+r.Delivered > 0 {
			continue
		}
		if booked < o.pairs || len(r.Plan.Held) > 0 {
			o.Fatalf("%d of %d are booked, %d held", booked, o.pairs, len(r.Plan.Held))
		}
		return
	}
	o.Fatal("there is still something to do after ten rounds")
}

// quiet reports whether nothing came of a round.
func quiet(r reconcile.Round) bool {
	return len(r.Applied)+r.Delivered+len(r.Edges.Opened)+len(r.Edges.Changed)+len(r.Edges.Closed) == 0
}

// idle is a round in which nothing is to be done.
func (o *org) idle() {
	o.Helper()
	if r := o.round(); !quiet(r) {
		o.Fatalf("an idle round applied %d, delivered %d, flags %+v", len(r.Applied), r.Delivered, r.Edges)
	}
}

// rest makes rounds until one is quiet.
func (o *org) rest() {
	o.Helper()
	for range 5 {
		if quiet(o.round()) {
			return
		}
	}
	o.Fatal("five rounds, and no quiet one")
}

// BenchmarkIdle is a round in which nobody's calendar changed, on the second day after everybody was booked, beside the
// bare loop. Beside it stand one on the day of the booking, since the journal has much of that day, and the one of each
// day in which all pairs are judged anew.
func BenchmarkIdle(b *testing.B) {
	atScale(b, func(b *testing.B, pairs int) {
		o := newOrg(b, pairs)
		o.book()
		o.rest()
		var busy, check, ours, bare cost
		busy.measure(b, o.idle)
		o.now.Add(int64((48 * time.Hour).Seconds()))
		// Once a day everything is read, then judged as the day has it, then judged again to compare.
		o.rest()
		o.rest()
		check.measure(b, o.rest)
		before, rounds := o.tape.n.Load(), 0.0
		for b.Loop() {
			ours.measure(b, o.idle)
			rounds++
		}
		requests := float64(o.tape.n.Load()-before) / rounds
		memory, known := resident(b)
		letters := o.tape.record(o.idle)
		o.close() // its memory is not the bare loop's to look after
		c := client(nil)
		defer c.CloseIdleConnections()
		replay(b, c, letters) // opens the connections, as Holdfast's are open
		sent, same := int64(0), int64(0)
		for range int(rounds) {
			bare.measure(b, func() { sent, same = replay(b, c, letters) })
		}
		beside(b, ours, bare, rounds)
		b.ReportMetric(requests, "requests/round")
		b.ReportMetric(busy.cpu, "booking-day-cpu-s/round")
		b.ReportMetric(busy.megabytes, "booking-day-MB/round")
		b.ReportMetric(check.cpu, "daily-check-cpu-s")
		if known {
			b.ReportMetric(memory, "MB-rss")
		}
		b.ReportMetric(float64(same)/float64(sent), "same-status")
	})
}

// phases are letters in three parts: those before the first that writes, up to the last that does, and after it. What a
// round reads after it wrote is then read by the bare loop when all of it was written too.
func phases(all [][]*letter) (parts [3][][]*letter) {
	first, last := int64(math.MaxInt64), int64(0)
	for _, lane := range all {
		for _, l := range lane {
			if l.method == http.MethodPut {
				first, last = min(first, l.turn), max(last, l.turn)
			}
		}
	}
	for _, lane := range all {
		var of [len(parts)][]*letter
		for _, l := range lane {
			i := 1
			if l.turn < first {
				i = 0
			} else if l.turn > last {
				i = 2
			}
			of[i] = append(of[i], l)
		}
		for i := range of {
			parts[i] = append(parts[i], of[i])
		}
	}
	return parts
}

var (
	// tokenPattern is what a server's sync tokens begin with (see caldavtest); no two servers have it in common.
	tokenPattern = regexp.MustCompile(`data:,[0-9a-f]{12}-`)
	askToken     = []byte(`<propfind xmlns="DAV:"><prop><sync-token/></prop></propfind>`)
)

// readdress makes letters ones to another fleet, with sync tokens that it knows.
func readdress(b *testing.B, c *http.Client, all [][]*letter, from, to string) {
	b.Helper()
	for _, lane := range all {
		user, _, _ := (&http.Request{Header: lane[0].header}).BasicAuth()
		r, err := http.NewRequest("PROPFIND", "http://"+to+"/calendars/"+user+"/default/", bytes.NewReader(askToken))
		if err != nil {
			b.Fatal(err)
		}
		r.SetBasicAuth(user, fleetPassword)
		r.Header.Set("Depth", "0")
		a, err := c.Do(r)
		if err != nil {
			b.Fatal(err)
		}
		text, err := io.ReadAll(a.Body)
		token := tokenPattern.Find(text)
		if err = errors.Join(err, a.Body.Close()); err != nil || token == nil {
			b.Fatalf("the sync token of %s: %v, %s", user, err, a.Status)
		}
		for _, l := range lane {
			l.url = strings.Replace(l.url, from, to, 1)
			l.body = tokenPattern.ReplaceAllLiteral(l.body, token)
		}
	}
}

// BenchmarkCold is the first round of all, which reads everything and books everybody, beside the bare loop, which does
// so on another fleet. The requests are recorded meanwhile, at Holdfast's expense.
func BenchmarkCold(b *testing.B) {
	atScale(b, func(b *testing.B, pairs int) {
		var ours, bare cost
		rounds, requests, sent, same := 0.0, int64(0), int64(0), int64(0)
		for b.Loop() {
			b.StopTimer()
			o := newOrg(b, pairs)
			letters := o.tape.record(func() {
				ours.measure(b, func() {
					b.StartTimer()
					if r := o.round(); len(r.Applied) != pairs {
						b.Fatalf("%d of %d are booked", len(r.Applied), pairs)
					}
					b.StopTimer()
				})
			})
			requests += o.tape.n.Load()
			o.close()
			o.stop()
			fresh, stop := startFleet(b, pairs, time.Unix(o.now.Load()-60, 0))
			c := client(nil)
			readdress(b, c, letters, o.address, fresh)
			c.CloseIdleConnections()
			parts := phases(letters)
			bare.measure(b, func() {
				for _, part := range parts {
					n, equal := replay(b, c, part)
					sent, same = sent+n, same+equal
				}
			})
			c.CloseIdleConnections()
			stop()
			rounds++
			b.StartTimer()
		}
		beside(b, ours, bare, rounds)
		b.ReportMetric(float64(requests)/rounds, "requests/round")
		b.ReportMetric(float64(same)/float64(sent), "same-status")
	})
}
