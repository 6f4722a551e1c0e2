// Package seriestest tells stories of a roster and its calendars, for the tests of what decides about them. A story is
// a txtar text: a heading, and then sections in the order of time.
//
//	-- roster --                  what the admin wrote, whole; see roster.go
//	-- settings --                policy and server, key: value
//	-- Mon 2026-12-07 09:00 --    a moment (Europe/Berlin): what was done since the one before; see verbs.go
//	-- plan --                    what is then expected; any other name is left alone
//
// At each moment, when all of its lines are done, every calendar is observed. Calendars are those of package memory.
package seriestest

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"holdfast/internal/drift"
	"holdfast/internal/ical/recur"
	"holdfast/internal/lineage"
	"holdfast/internal/plan"
	"holdfast/internal/provider/memory"
	"holdfast/internal/provider/providertest"
	"holdfast/internal/series"
)

var update = flag.Bool("update", false, "rewrite the expected sections of stories")

// Zone is that of the moments of stories and, where the roster says nothing else, of people.
const Zone = "Europe/Berlin"

// Moment is what is there to decide from.
type Moment struct {
	Now      time.Time
	Fresh    bool // nothing is remembered
	Want     []series.Series
	Views    []*series.View
	Observed map[string]lineage.Observed
	Busy     map[string][]series.Interval
	Chosen   map[series.Pair][]string
	NoSlot   map[series.Pair]string
	Better   map[series.Pair]series.Slot // what is proposed to pairs whose slot does not work any more
	Policy   plan.Policy
	Asks     []plan.Ask
	Allowed  map[string]string
	Held     map[string]plan.Hold // what brakes held the time before
	Recent   []plan.Recent
	Settling bool
	Writes   map[series.Pair]int
	Doubtful map[series.Pair]bool
	Stuck    map[string]plan.Stuck
	// Documents are what is wrong with pairs' documents.
	Documents map[series.Pair][]drift.Finding
}

// PlanInput is the moment as Diff takes it.
func (m *Moment) PlanInput() plan.Input {
	better := map[series.Pair]plan.Better{}
	for p, s := range m.Better {
		better[p] = plan.Better{Slot: s, Why: []string{"both are free"}}
	}
	return plan.Input{
		Now:      m.Now,
		Views:    m.Views,
		Policy:   m.Policy,
		Chosen:   m.Chosen,
		NoSlot:   m.NoSlot,
		Better:   better,
		Asks:     m.Asks,
		Allowed:  m.Allowed,
		Writes:   m.Writes,
		Fresh:    m.Fresh,
		Doubtful: m.Doubtful,
		Busy:     m.Busy,
		Held:     m.Held,
		Recent:   m.Recent,
		Settling: m.Settling,
		Stuck:    m.Stuck,
	}
}

// Shuffled is the same moment with all lists that have no order of their own in another one.
func (m *Moment) Shuffled(r *rand.Rand) *Moment {
	n := *m
	n.Want, n.Busy, n.Observed = shuffled(r, m.Want), map[string][]series.Interval{}, map[string]lineage.Observed{}
	for id, busy := range m.Busy {
		n.Busy[id] = shuffled(r, busy)
	}
	for id, o := range m.Observed {
		for _, s := range []*series.Snapshot{&o.Snapshot, &o.Last} {
			s.Series, s.Copies, s.Candidates = shuffled(r, s.Series), shuffled(r, s.Copies), shuffled(r, s.Candidates)
			s.StandIns, s.Gone, s.Busy = shuffled(r, s.StandIns), shuffled(r, s.Gone), shuffled(r, s.Busy)
		}
		o.Busy = shuffled(r, o.Busy)
		n.Observed[id] = o
	}
	n.Views = shuffled(r, lineage.Gather(n.Want, n.Observed))
	return &n
}

func shuffled[T any](r *rand.Rand, xs []T) []T {
	xs = slices.Clone(xs)
	r.Shuffle(len(xs), func(i, k int) { xs[i], xs[k] = xs[k], xs[i] })
	return xs
}

// Run tells all stories of the directory. A section of that name after a moment holds what expect's function, made anew
// for each story, says of the moment.
func Run(t *testing.T, dir, section string, expect func() func(*Moment) string) {
	files, err := filepath.Glob(filepath.Join(dir, "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no stories in %s: %v", dir, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			src, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := tell(t, file, txtar.Parse(src), section, expect())
			switch {
			case bytes.Equal(got, src):
			case *update:
				if err := os.WriteFile(file, got, 0o644); err != nil {
					t.Fatal(err)
				}
			default:
				t.Errorf("(-want +got; -update rewrites):\n%s", cmp.Diff(string(src), string(got)))
			}
		})
	}
}

// tell is the story with what was expected replaced by what came.
func tell(t *testing.T, file string, story *txtar.Archive, section string, expect func(*Moment) string) []byte {
	s := &teller{t: t, file: file, done: map[time.Time][]plan.Recent{}, documents: map[series.Pair][]drift.Finding{},
		policy: plan.Policy{Moved: plan.PolicyFlag, SeriesMoved: plan.PolicyFlag, SeriesEnded: plan.PolicyFlag,
			HorizonWeeks: 8,
			MaxCreations: plan.Limit{Count: 20, Percent: 10}, MaxEndings: plan.Limit{Count: 5, Percent: 5}, MaxMails: 200,
			MaxWrites: 12}}
	s.options = memory.Options{Clock: func() time.Time { return s.now }, Schedules: true, Quiet: true}
	out := &txtar.Archive{Comment: story.Comment}
	if heading, _, _ := strings.Cut(string(story.Comment), "\n"); len(heading) < 10 {
		t.Fatalf("%s: a story begins with a sentence that tells what it is about", file)
	}
	for _, f := range story.Files {
		if f.Name == section {
			continue
		}
		out.Files = append(out.Files, f)
		switch lines := lines(f.Data); {
		case f.Name == "roster":
			s.lines(lines, s.wish, s.newRoster)
		case f.Name == "settings":
			s.lines(lines, s.setting, func() {})
		case moment.MatchString(f.Name):
			s.begin(f.Name)
			s.lines(lines, s.event, func() {})
			out.Files = append(out.Files, txtar.File{Name: section, Data: []byte(expect(s.look()) + "\n")})
		}
	}
	for i := range out.Files {
		if d := out.Files[i].Data; i < len(out.Files)-1 || out.Files[i].Name == section {
			out.Files[i].Data = append(bytes.TrimLeft(append(bytes.TrimSpace(d), '\n'), "\n"), '\n')
		}
	}
	return append(bytes.TrimSpace(txtar.Format(out)), '\n')
}

var moment = regexp.MustCompile(`^[A-Z][a-z][a-z] \d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?$`)

// lines are the lines that say something.
func lines(data []byte) []string {
	var out []string
	for l := range strings.SplitSeq(string(data), "\n") {
		if l, _, _ = strings.Cut(l, " # "); strings.TrimSpace(l) != "" && !strings.HasPrefix(l, "#") {
			out = append(out, strings.TrimSpace(l))
		}
	}
	return out
}

// teller is a story being told.
type teller struct {
	t       *testing.T
	file    string
	line    string // being read
	now     time.Time
	options memory.Options
	singly  bool // what Snapshot.Singly says of every calendar
	policy  plan.Policy

	people map[string]series.Person // of the roster, by id
	want   []series.Series
	chosen map[series.Pair]series.Slot // for pairs with slot: auto
	better map[series.Pair]series.Slot // for pairs whose slot does not work
	next   roster                      // being read

	world    *memory.World
	seen     map[string]series.Person // everybody ever observed
	observed map[string]lineage.Observed
	last     *Moment
	fresh    bool
	unread   map[string]bool
	asks     []plan.Ask
	allowed  map[string]string
	allowNow bool
	held     map[string]plan.Hold
	done     map[time.Time][]plan.Recent
	settling bool
	writes   map[series.Pair]int
	doubtful map[series.Pair]bool
	stuck    plan.Action // of the changes that failed too often
	allows   plan.Action // of the changes that allowNow is about; "": all
	// documents are what is wrong with pairs' documents from now on.
	documents map[series.Pair][]drift.Finding
}

func (s *teller) fail(format string, args ...any) {
	s.t.Helper()
	s.t.Fatalf("%s: %q: %s", s.file, s.line, fmt.Sprintf(format, args...))
}

func (s *teller) must(err error) {
	s.t.Helper()
	if err != nil {
		s.fail("%v", err)
	}
}

func (s *teller) lines(lines []string, read func(string), end func()) {
	for _, l := range lines {
		s.line = l
		read(l)
	}
	end()
}

// begin sets the clock and forgets what held for the moment before only.
func (s *teller) begin(name string) {
	s.line = name
	layout := "Mon 2006-01-02 15:04"
	if strings.Count(name, ":") == 2 {
		layout += ":05"
	}
	now, err := time.ParseInLocation(layout, name, location(Zone))
	s.must(err)
	if now.Format(layout) != name {
		s.fail("that day is a %s", now.Weekday())
	}
	s.now, s.asks, s.allowed, s.allowNow, s.unread, s.writes, s.settling = now, nil, nil, false, map[string]bool{}, nil,
		false
	s.stuck, s.allows = "", ""
	if s.world == nil {
		s.world = memory.New(s.options)
		s.seen, s.observed, s.fresh = map[string]series.Person{}, map[string]lineage.Observed{}, true
		s.join()
	}
}

// join gives everybody of the roster a calendar on the server.
func (s *teller) join() {
	for id, p := range s.people {
		s.world.Join(p)
		if p.Calendar != "" {
			s.seen[id] = p
		} else {
			delete(s.seen, id)
		}
		for _, old := range p.Formerly {
			if o, ok := s.observed[old]; ok {
				s.observed[id] = o
				delete(s.observed, old)
				delete(s.seen, old)
			}
		}
	}
}

// look observes every calendar and puts the moment together.
func (s *teller) look() *Moment {
	m := &Moment{
		Now:       s.now,
		Fresh:     s.fresh,
		Policy:    s.policy,
		Asks:      s.asks,
		Writes:    s.writes,
		Chosen:    map[series.Pair][]string{},
		NoSlot:    map[series.Pair]string{},
		Busy:      map[string][]series.Interval{},
		Observed:  map[string]lineage.Observed{},
		Doubtful:  s.doubtful,
		Better:    s.better,
		Documents: maps.Clone(s.documents),
		Held:      s.held,
		Settling:  s.settling,
	}
	for _, at := range slices.SortedFunc(maps.Keys(s.done), time.Time.Compare) {
		if s.now.Sub(at) < plan.BrakeWindow {
			m.Recent = append(m.Recent, s.done[at]...)
		}
	}
	for id, p := range s.seen {
		last := s.observed[id].Snapshot
		snap, err := providertest.Observe(context.Background(), s.world.Calendar(id), last, s.interest(p))
		snap.Remember(last)
		snap.Singly = s.singly
		o := lineage.Observed{Snapshot: snap, Last: last}
		if err != nil || s.unread[id] {
			o = lineage.Observed{Snapshot: last, Last: last, Stale: true}
		}
		m.Observed[id], s.observed[id] = o, o
	}
	s.world.SetFaults(nil)
	from, to := s.now.AddDate(0, 0, -7), s.now.AddDate(0, 0, 7*(s.policy.HorizonWeeks+1))
	for id, o := range m.Observed {
		for _, b := range o.Snapshot.Busy {
			busy, _ := recur.Expand(b, from, to)
			m.Busy[id] = append(m.Busy[id], busy...)
		}
		o.Busy = m.Busy[id]
		m.Observed[id] = o
	}
	want := slices.Clone(s.want)
	for _, v := range lineage.Gather(want, m.Observed) {
		i := slices.IndexFunc(want, func(w series.Series) bool { return w.Pair == v.Pair })
		if i < 0 || !want[i].Auto || v.Head() != nil && !v.Head().Ended(s.now) {
			continue
		}
		if chosen, ok := s.chosen[v.Pair]; ok {
			want[i].Slot.Weekday, want[i].Slot.At = chosen.Weekday, chosen.At
			m.Chosen[v.Pair] = []string{"chosen because both are free"}
		} else {
			m.NoSlot[v.Pair] = "no slot is free for both"
		}
	}
	m.Want, m.Views = want, lineage.Gather(want, m.Observed)
	m.Stuck = map[string]plan.Stuck{}
	for _, c := range plan.Diff(m.PlanInput()).Changes {
		if c.Action == s.stuck {
			m.Stuck[c.ID()] = plan.Stuck{What: c.What(), Because: "it was tried in 3 rounds"}
		}
	}
	if m.Allowed = s.allowed; s.allowNow {
		m.Allowed = allowed(m, s.allows)
	}
	s.doubtful = map[series.Pair]bool{}
	p := plan.Diff(m.PlanInput())
	for _, p := range p.Doubtful {
		s.doubtful[p] = true
	}
	s.held = p.Braked()
	maps.DeleteFunc(s.held, func(_ string, h plan.Hold) bool { return h.Stuck }) // as reconcile remembers them
	s.last, s.fresh = m, false
	return m
}

// allowed is what `allow` lets through at the moment, of changes of the action alone unless that is "".
func allowed(m *Moment, only plan.Action) map[string]string {
	out := map[string]string{}
	for _, h := range plan.Diff(m.PlanInput()).Held {
		if h.Brake && (only == "" || h.Action == only) {
			out[h.ID()] = h.Digest()
		}
	}
	return out
}

func location(zone string) *time.Location {
	l, err := series.Location(zone)
	if err != nil {
		panic(err)
	}
	return l
}
