package daemon

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"holdfast/internal/clock"
	"holdfast/internal/provider/google"
	"holdfast/internal/provider/google/googletest"
	"holdfast/internal/series"
)

// handled answers requests without a network.
type handled struct{ http.Handler }

func (h handled) RoundTrip(r *http.Request) (answer *http.Response, err error) {
	a := httptest.NewRecorder()
	if r = r.Clone(r.Context()); r.Body == nil {
		r.Body = http.NoBody // as a server has it
	}
	defer func() {
		switch why := recover(); {
		case why == nil:
		case why != http.ErrAbortHandler:
			panic(why)
		case a.Flushed: // what was sent arrives
			answer = a.Result()
			answer.Body = io.NopCloser(io.MultiReader(a.Body, iotest.ErrReader(io.ErrUnexpectedEOF)))
		default:
			err = io.EOF
		}
	}()
	h.ServeHTTP(a, r)
	return a.Result(), nil
}

var pairs = flag.Int("pairs", 8, "how many pairs TestRequestsADay watches; what it prints is scaled to 1,000")

// reports is how many each manager has.
const reports = 8

// newProject are the quotas of one.
var newProject = googletest.Quota{PerProject: 10_000, PerUser: 600}

// company is a Google with so many pairs, under the quotas of a new project, and the program for them. It is to be
// opened in a bubble.
func company(t testing.TB, dir string, pairs int, web string) (*googletest.Server, *App) {
	return companyUnder(t, newProject, dir, pairs, web)
}

// companyUnder is a company under other quotas.
func companyUnder(t testing.TB, quota googletest.Quota, dir string, pairs int, web string) (*googletest.Server, *App) {
	var users []googletest.User
	var people, ones bytes.Buffer
	hire := func(id string) {
		users = append(users, googletest.User{Email: id + "@example.com", Name: id, Zone: "Europe/Berlin"})
		fmt.Fprintf(&people, "  %s: {name: %[1]s, email: %[1]s@example.com, calendar: office, zone: Europe/Berlin}\n", id)
	}
	for n := range pairs {
		m, i := n/reports, n%reports
		if i == 0 {
			hire(fmt.Sprint("m", m))
			fmt.Fprintf(&ones, "  - manager: m%d\n    reports:\n", m)
		}
		hire(fmt.Sprint("r", n))
		fmt.Fprintf(&ones, "      - {report: r%d, slot: %s %d:00}\n", n, time.Weekday(i%4 + 1).String()[:3], 10+i/4)
	}
	s := googletest.New(
		googletest.Options{
			Clock: clock.System,
			Base:  "http://google.test",
			Users: users,
			Quota: quota,
			Delegation: []googletest.ServiceAccount{
				{Email: "holdfast@project.iam.gserviceaccount.com", Scopes: []string{google.Scope}},
			},
		},
	)
	for name, text := range map[string]string{
		"key.json": string(s.ServiceAccountJSON("holdfast@project.iam.gserviceaccount.com")),
		"holdfast.yaml": "org: acme\nroster: [roster.yaml]\ncalendars: {office: {google: {service_account_file: key.json, endpoint: http://google.test}}}\n" +
			fmt.Sprintf("policy: {max_creations: {count: 0, percent: 100}, max_mails: %d}\n", 2*pairs+5000) + web,
		"roster.yaml": "defaults: {prep_doc: \"https://docs.example.com/{manager.id}-{report.id}\"}\npeople:\n" + people.String() + "one_on_ones:\n" + ones.String(),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	a, err := Open(
		t.Context(),
		Options{Config: filepath.Join(dir, "holdfast.yaml"), Clock: clock.System, Log: zerolog.New(io.Discard)},
	)
	if err != nil {
		t.Fatal(err)
	}
	a.http = &http.Client{Transport: handled{s}}
	return s, a
}

// TestRequestsADay counts what Holdfast asks of Google in a day (24 hours of a bubble's clock, every round of them), of
// calendars in which nothing happens and of such in which everybody changes ten events and every pair moves a 1:1, by
// polling alone and with push. What is printed is for 1,000 pairs, 1,125 people; README.md has it. Google refuses
// nothing meanwhile.
func TestRequestsADay(t *testing.T) {
	long(t)
	for _, x := range []struct {
		name    string
		push    bool
		edits   int // by each person
		atMost  int // requests, for 1,000 pairs
		project int // units in the busiest minute, for 1,000 pairs
	}{
		{"polling, idle", false, 0, 330_000, 2_500},
		{"polling, busy", false, 10, 345_000, 2_500},
		{"push, idle", true, 0, 60_000, 2_500},
		{"push, busy", true, 10, 90_000, 2_500},
	} {
		t.Run(x.name, func(t *testing.T) {
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				web := ""
				if x.push {
					web = "web: {url: https://holdfast.example.com}\n"
				}
				s, a := company(t, dir, *pairs, web)
				defer a.Close()
				d := newDay(t, s, a)
				d.round("start")
				d.watch()
				<-time.After(
					15 * time.Hour,
				) // from midnight of a Saturday, when bubbles begin: tokens and full listings lie scattered
				s.Reset()
				d.live(x.edits)
				d.report(x.name, x.atMost, x.project)
			})
		})
	}
}

// TestQuotaAtTheStart books 1,000 pairs at once: everything is listed in full, everybody invited, and what it takes is
// spread so that Google refuses nothing.
func TestQuotaAtTheStart(t *testing.T) {
	long(t)
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s, a := company(t, dir, 1000, "")
		defer a.Close()
		begin := a.o.Clock()
		r, err := a.Reconciler.Once(t.Context())
		if err != nil || len(r.Failures) > 0 || len(r.Applied) != 1000 {
			t.Fatalf("applied %d, failures %v, %v", len(r.Applied), len(r.Failures), err)
		}
		units := 0
		for _, q := range s.Requests() {
			units += q.Units
			if q.Status == http.StatusForbidden || q.Status == http.StatusTooManyRequests {
				t.Fatalf("%s is refused", q.Method)
			}
		}
		took := a.o.Clock().Sub(begin)
		t.Logf("1,000 pairs are booked within %v by %d units", took.Round(time.Second), units)
		if took > 2*time.Minute {
			t.Errorf("booking took %v", took)
		}
	})
}

// TestQuotaOfAnOldProject: where Google allows far less than a new project has, everything takes longer and nobody is
// left out.
func TestQuotaOfAnOldProject(t *testing.T) {
	long(t)
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s, a := company(t, dir, 80, "")
		defer a.Close()
		s.SetQuota(googletest.Quota{PerProject: 70, PerUser: 20})
		d := newDay(t, s, a)
		d.round("start")
		d.until(d.a.o.Clock().Add(3 * time.Hour))
		s.Reset()
		d.until(d.a.o.Clock().Add(3 * time.Hour))
		refused := 0
		for _, r := range s.Requests() {
			if r.Status == http.StatusForbidden {
				refused++
			}
		}
		mem, err := a.Store.Load(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		booked, oldest := 0, time.Duration(0)
		for _, x := range mem.Snapshots {
			oldest = max(oldest, a.o.Clock().Sub(x.At))
			for _, e := range x.Snapshot().Series {
				if e.Mark.Pair != (series.Pair{}) {
					booked++
				}
			}
		}
		if booked != 80 || oldest > 10*time.Minute || len(mem.Outages) > 0 || refused > len(s.Requests())/50 {
			t.Errorf(
				"%d booked, the oldest look %v ago, %d of %d requests refused, %d outages",
				booked,
				oldest,
				refused,
				len(s.Requests()),
				len(mem.Outages),
			)
		}
	})
}

// day is a day of the program's, without the queue that makes its rounds come.
type day struct {
	*testing.T
	s    *googletest.Server
	a    *App
	told atomic.Bool
	poll time.Time // when the next round is due
	hour time.Time // when the channels are looked after
}

func newDay(t *testing.T, s *googletest.Server, a *App) *day {
	d := &day{T: t, s: s, a: a, poll: a.o.Clock().Add(a.Poll()), hour: a.o.Clock().Add(channelsEvery)}
	a.push = a.pusher(func(string) { d.told.Store(true) })
	return d
}

func (d *day) round(reason string) {
	d.Helper()
	if err := d.a.Round(d.Context(), reason); err != nil {
		d.Fatal(err)
	}
}

func (d *day) watch() {
	d.Helper()
	if err := d.a.Watch(d.Context()); err != nil {
		d.Fatal(err)
	}
}

// until makes the rounds that come before the moment. Google's notifications come within a second.
func (d *day) until(end time.Time) {
	d.Helper()
	for {
		next := end
		for _, due := range []time.Time{d.poll, d.hour} {
			if due.Before(next) {
				next = due
			}
		}
		<-time.After(next.Sub(d.a.o.Clock()))
		switch now := d.a.o.Clock(); {
		case !now.Before(d.hour):
			d.watch()
			d.hour = now.Add(channelsEvery)
		case !now.Before(d.poll):
			d.round("poll")
			d.poll = now.Add(d.a.Poll())
		default:
			return
		}
		d.push()
	}
}

// push lets Google send its notifications, and the round come of it.
func (d *day) push() {
	d.Helper()
	if !d.a.pushes() {
		return
	}
	if _, err := d.s.Deliver(d.Context(), &http.Client{Transport: handled{d.a.push}}); err != nil {
		d.Fatal(err)
	}
	<-time.After(3 * time.Second)
	if d.told.Swap(false) {
		d.round("push")
	}
}

// live lets a day go by, in which everybody edits so many events between 8 and 18 o'clock, and where that is not none,
// every pair moves a 1:1.
func (d *day) live(edits int) {
	d.Helper()
	begin := d.a.o.Clock()
	people, _ := d.a.Roster.Good()
	if edits > 0 {
		n := len(people.People)*edits + len(people.Pairs)
		step := 10 * time.Hour / time.Duration(n)
		for i := range n {
			d.until(begin.Add(8*time.Hour + time.Duration(i)*step))
			at := begin.Add(time.Duration(24*7+i%40) * time.Hour).Truncate(time.Hour)
			p := people.People[i%len(people.People)]
			h := d.s.Hands(p.Email)
			var err error
			if i%(edits+1) == 0 && i/(edits+1) < len(people.Pairs) {
				err = d.drag(people.Pairs[i/(edits+1)].Pair)
			} else {
				_, err = h.AddBusy(series.Busy{Start: at, Duration: time.Hour, Zone: p.Zone}, "something")
			}
			if err != nil {
				d.Fatal(err)
			}
			d.push()
		}
	}
	d.until(begin.Add(24 * time.Hour))
}

// drag moves the pair's second meeting from here by an hour.
func (d *day) drag(p series.Pair) error {
	mem, err := d.a.Store.Load(d.Context())
	if err != nil {
		return err
	}
	for _, e := range mem.Snapshots[p.Manager].Snapshot().Series {
		if e.Mark.Pair == p {
			original := e.Mark.Slot.On(e.First().AddDays(14))
			return d.s.Hands(p.Manager+"@example.com").Move(e.ID, original, original.Add(time.Hour))
		}
	}
	return fmt.Errorf("%s has no series", p)
}

// report prints what the day cost, for 1,000 pairs.
func (d *day) report(name string, atMost, busiest int) {
	d.Helper()
	scale := 1000 / *pairs
	requests, methods, minute, peak := 0, map[string]int{}, map[int64]int{}, 0
	for _, r := range d.s.Requests() {
		requests++
		methods[r.Method]++
		if r.Status >= 400 && r.Status != http.StatusGone {
			d.Errorf("%s is answered %d", r.Method, r.Status)
		}
		minute[r.At.Unix()/60] += r.Units
		peak = max(peak, minute[r.At.Unix()/60])
	}
	d.Logf(
		"%s: %d requests a day for 1,000 pairs, %d units in the busiest minute; of these pairs %v",
		name,
		requests*scale,
		peak*scale,
		methods,
	)
	if requests*scale > atMost || peak*scale > busiest || requests == 0 {
		d.Errorf(
			"%s: %d requests, %d units in a minute; want at most %d and %d",
			name,
			requests*scale,
			peak*scale,
			atMost,
			busiest,
		)
	}
}
