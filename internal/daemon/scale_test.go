package daemon

import (
	"bufio"
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"holdfast/internal/provider/caldav/caldavtest"
	"holdfast/internal/reconcile"
)

// What a round costs at scale, each beside the bare loop: a program that sends the same requests to the same server,
// reads the answers, and thinks nothing. CPU seconds are those of this process, garbage collection and the kernel's
// part of its requests included; the server is another process. Wall time says more about the machine than about
// Holdfast, and is only given as a ratio.
//
//	go test ./internal/daemon -run XXX -bench Idle -benchtime 5x -scale 1000,10000

var scales = flag.String("scale", "1000", "how many pairs the benchmarks of scale have; comma separated")

const (
	// fleetEnv makes the test binary a calendar server: pairs and the unix time that its clock shows.
	fleetEnv = "HOLDFAST_TEST_FLEET"
	// fleetPassword is everybody's: what reading a thousand files costs is no part of a round.
	fleetPassword = "fleet-pw"
	// bareWorkers is how many requests the bare loop has under way: as many as a round has of one server.
	bareWorkers = 8
)

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

// employ calls with everybody of an org of so many pairs, each manager before their reports; a manager's report is -1.
func employ(pairs int, each func(id string, manager, report int)) {
	for n := range pairs {
		if n%reports == 0 {
			each(fmt.Sprint("m", n/reports), n/reports, -1)
		}
		each(fmt.Sprint("r", n), n/reports, n)
	}
}

// fleet is the calendar server of an org: one caldavtest.Server for each manager and their reports, told apart by who
// logs in. Those of one whole org would spend their time on searching it for addresses, one request after another.
type fleet map[string]*caldavtest.Server

func (f fleet) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	user, _, _ := r.BasicAuth()
	if s := f[user]; s != nil {
		s.ServeHTTP(w, r)
		return
	}
	w.Header().Set("WWW-Authenticate", `Basic realm="calendars"`)
	w.WriteHeader(http.StatusUnauthorized)
}

// newFleet makes the server. Everybody has ten single events and three weekly ones, none of them where a 1:1 is to be.
func newFleet(pairs int, now time.Time) (fleet, error) {
	f, team := fleet{}, (*caldavtest.Server)(nil)
	var err error
	employ(pairs, func(id string, _, report int) {
		if report < 0 {
			team = caldavtest.New(caldavtest.Options{Scheduling: true, Now: func() time.Time { return now }})
		}
		team.Join(caldavtest.User{Name: id, Password: fleetPassword, Email: id + "@example.com", Zone: "Europe/Berlin"})
		f[id] = team
		err = errors.Join(err, f.occupy(id, now))
	})
	return f, err
}

// occupy puts a person's other events into their calendar.
func (f fleet) occupy(id string, now time.Time) error {
	day := now.UTC().Truncate(24 * time.Hour)
	for n := range 13 {
		start, rule := day.AddDate(0, 0, 3*n+1).Add(14*time.Hour), ""
		if n >= 10 {
			start, rule = day.AddDate(0, 0, n-17).Add(15*time.Hour), "RRULE:FREQ=WEEKLY\r\n"
		}
		const stamp = "20060102T150405Z"
		text := fmt.Sprintf("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//example//app//EN\r\nBEGIN:VEVENT\r\n"+
			"UID:%s-%d@example.com\r\nDTSTAMP:%s\r\nDTSTART:%s\r\nDURATION:PT45M\r\n%sSUMMARY:Something %[2]d\r\n"+
			"END:VEVENT\r\nEND:VCALENDAR\r\n", id, n, now.UTC().Format(stamp), start.Format(stamp), rule)
		w, path := httptest.NewRecorder(), fmt.Sprintf("/calendars/%s/default/other-%d.ics", id, n)
		r := httptest.NewRequest(http.MethodPut, path, strings.NewReader(text))
		r.SetBasicAuth(id, fleetPassword)
		r.Header.Set("Content-Type", "text/calendar; charset=utf-8")
		if f.ServeHTTP(w, r); w.Code != http.StatusCreated {
			return fmt.Errorf("PUT %s is answered %d: %s", path, w.Code, w.Body)
		}
	}
	return nil
}

// serveFleet is the process of a fleet: it prints its address and serves until its input ends.
func serveFleet(what string) error {
	var pairs int
	var now int64
	if _, err := fmt.Sscan(what, &pairs, &now); err != nil {
		return fmt.Errorf("%s=%q: %w", fleetEnv, what, err)
	}
	f, err := newFleet(pairs, time.Unix(now, 0))
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server, served := &http.Server{Handler: f}, make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	fmt.Println(l.Addr())
	_, err = io.Copy(io.Discard, os.Stdin)
	err = errors.Join(err, server.Close())
	if ended := <-served; !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, ended)
	}
	return err
}

// startFleet starts a fleet's process and returns its address. It ends with the benchmark, or when stop is called.
func startFleet(b *testing.B, pairs int, now time.Time) (address string, stop func()) {
	b.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env, cmd.Stderr = append(os.Environ(), fmt.Sprintf("%s=%d %d", fleetEnv, pairs, now.Unix())), os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	stop = sync.OnceFunc(func() {
		if err := errors.Join(in.Close(), cmd.Wait()); err != nil {
			b.Error("the fleet: ", err)
		}
	})
	b.Cleanup(stop)
	address, err = bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatal("the fleet gives no address: ", err)
	}
	return strings.TrimSpace(address), stop
}

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

// resident is how much memory this process holds, in MB, after what it can give back is given back.
func resident(b *testing.B) float64 {
	b.Helper()
	debug.FreeOSMemory() // collects first
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Skip("the memory of this process is not known here: ", err)
	}
	found := regexp.MustCompile(`VmRSS:\s*(\d+) kB`).FindSubmatch(text)
	if found == nil {
		b.Fatal("/proc/self/status has no VmRSS")
	}
	kilobytes, err := strconv.Atoi(string(found[1]))
	if err != nil {
		b.Fatal(err)
	}
	return float64(kilobytes) * 1024 / 1e6
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
// bare loop. One on the day of the booking stands beside it: the journal has much of that day.
func BenchmarkIdle(b *testing.B) {
	atScale(b, func(b *testing.B, pairs int) {
		o := newOrg(b, pairs)
		o.book()
		o.rest()
		var busy, ours, bare cost
		busy.measure(b, o.idle)
		o.now.Add(int64((48 * time.Hour).Seconds()))
		o.rest() // everything is read again once a day
		o.rest()
		before, rounds := o.tape.n.Load(), 0.0
		for b.Loop() {
			ours.measure(b, o.idle)
			rounds++
		}
		requests := float64(o.tape.n.Load()-before) / rounds
		memory := resident(b)
		letters := o.tape.record(o.idle)
		o.close() // its memory is not the bare loop's to look after
		c := client(nil)
		defer c.CloseIdleConnections()
		replay(b, c, letters) // opens the connections, as Holdfast's are open
		sent, same := int64(0), int64(0)
		for range int(rounds) {
			bare.measure(b, func() { sent, same = replay(b, c, letters) })
		}
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(ours.cpu/rounds, "cpu-s/round")
		b.ReportMetric(bare.cpu/rounds, "bare-cpu-s/round")
		b.ReportMetric(ours.cpu/bare.cpu, "x-bare")
		b.ReportMetric(ours.wall/bare.wall, "x-bare-wall")
		b.ReportMetric(ours.megabytes/rounds, "MB/round")
		b.ReportMetric(bare.megabytes/rounds, "bare-MB/round")
		b.ReportMetric(requests, "requests/round")
		b.ReportMetric(busy.cpu, "booking-day-cpu-s/round")
		b.ReportMetric(busy.megabytes, "booking-day-MB/round")
		b.ReportMetric(memory, "MB-rss")
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
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(ours.cpu/rounds, "cpu-s/round")
		b.ReportMetric(bare.cpu/rounds, "bare-cpu-s/round")
		b.ReportMetric(ours.cpu/bare.cpu, "x-bare")
		b.ReportMetric(ours.wall/bare.wall, "x-bare-wall")
		b.ReportMetric(ours.megabytes/rounds, "MB/round")
		b.ReportMetric(bare.megabytes/rounds, "bare-MB/round")
		b.ReportMetric(float64(requests)/rounds, "requests/round")
		b.ReportMetric(float64(same)/float64(sent), "same-status")
	})
}

// program is the built program, with the settings of a folder.
type program struct {
	*testing.B
	binary, dir string
}

// command is one of its commands; what it prints on its standard output is not looked at.
func (p program) command(name string) (cmd *exec.Cmd, complaints *bytes.Buffer) {
	complaints = &bytes.Buffer{}
	cmd = exec.Command(p.binary, name, "--config", filepath.Join(p.dir, "holdfast.yaml"))
	cmd.Stderr = complaints
	return cmd, complaints
}

// look runs a command that only looks, and returns how long it took and the most memory it held, in MB.
func (p program) look(name string) (took time.Duration, megabytes float64) {
	p.Helper()
	cmd, complaints := p.command(name)
	begin := time.Now()
	if err := cmd.Run(); err != nil {
		p.Fatalf("holdfast %s: %v: %s", name, err, complaints)
	}
	took = time.Since(begin)
	r, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		p.Skip("what a process used is not known here")
	}
	return took, float64(r.Maxrss) * 1024 / 1e6
}

// start runs the daemon until its first request comes to the door, and returns how long that took.
func (p program) start(door <-chan time.Time) time.Duration {
	p.Helper()
	cmd, complaints := p.command("run")
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		p.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case at := <-door:
		_ = cmd.Process.Kill() // nobody will want its journal
		<-ended
		return at.Sub(begin)
	case err := <-ended:
		p.Fatalf("holdfast run ended before it asked anything: %v: %s", err, complaints)
		return 0
	}
}

// BenchmarkStart is how long the built program takes, with the journal of an org that is booked, from its start to its
// first request, and how long and with how much memory it shows what the journal has. The files were just read, and so
// are in the machine's memory.
func BenchmarkStart(b *testing.B) {
	binary := filepath.Join(b.TempDir(), "holdfast")
	if out, err := exec.Command("go", "build", "-o", binary, "holdfast/cmd/holdfast").CombinedOutput(); err != nil {
		b.Fatalf("go build: %v: %s", err, out)
	}
	atScale(b, func(b *testing.B, pairs int) {
		o := newOrg(b, pairs)
		o.book()
		o.close()
		o.stop()
		times, memory, runs := map[string]time.Duration{}, map[string]float64{}, time.Duration(0)
		for b.Loop() {
			p := program{b, binary, b.TempDir()}
			if err := os.CopyFS(p.dir, os.DirFS(o.dir)); err != nil {
				b.Fatal(err)
			}
			first := make(chan time.Time, 1)
			door := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				select {
				case first <- time.Now():
				default: // not the first
				}
				w.WriteHeader(http.StatusServiceUnavailable)
			}))
			o.settings(p.dir, door.Listener.Addr().String())
			for _, name := range []string{"status", "flags", "history"} {
				took, megabytes := p.look(name)
				times[name] += took
				memory[name] = max(memory[name], megabytes)
			}
			times["run-to-request"] += p.start(first)
			door.Close()
			runs++
			if err := os.RemoveAll(p.dir); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(0, "ns/op")
		for name, took := range times {
			b.ReportMetric(float64((took/runs).Microseconds())/1e3, name+"-ms")
		}
		for name, megabytes := range memory {
			b.ReportMetric(megabytes, name+"-MB-rss")
		}
	})
}
