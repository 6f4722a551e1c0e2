// Package reconcile makes one round: read roster and calendars, decide, write, deliver invitations and answers where no
// server does, record what is different. The decisions are those of plan and drift.
package reconcile

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"holdfast/internal/clock"
	"holdfast/internal/drift"
	"holdfast/internal/outage"
	"holdfast/internal/plan"
	"holdfast/internal/provider"
	"holdfast/internal/series"
)

// Desired is what the roster wants at a moment.
type Desired struct {
	Series   []series.Series
	People   map[string]series.Person // everybody of the roster, by id
	Problems error                    // why the roster as it stands is not used; the rest is then the last good one
	Sources  string                   // a digest of what it was read from, the settings with it
	More     string                   // names of files that the roster names, for Options.Sources
}

// Options are what a Reconciler needs.
type Options struct {
	Org     string
	Roster  func(now time.Time) (Desired, error) // an error: there is no good roster at all
	Open    func(p series.Person) (provider.Calendar, error)
	Journal Journal
	// Due says whether a person's calendar is to be read in this round of Once; last is what is known of it. A calendar
	// that is not stays as known. One of which nothing is known, which could not be read, is another than it was or has
	// something else to be searched for is read in any case, and so is every one that something is written to. Nil, and
	// with asks: all are due.
	Due func(p series.Person, last series.Packed) bool
	// ZoneData is the release of the zone database in use (provider.Interest).
	ZoneData string
	// Sources is Desired.Sources of the files as they are, without reading what they say; more is Desired.More. It may be
	// nil: then nothing that a round left is of use to those who look.
	Sources func(more string) string
	// Documents tends the documents of pairs that are to have one of their own. It may be nil: then none has.
	Documents Documents
	Policy    plan.Policy
	// Settle is how long the roster must have stood before it is obeyed where it ends or replaces what is booked.
	Settle time.Duration
	// Part is how many pairs are judged at once: the busy times of their people are in memory meanwhile. 0: some hundred.
	Part int
	// Full is how often a round judges all pairs, to see whether it comes to the same as one that goes on from the last;
	// 0: never.
	Full time.Duration
	// Patience is for how long a round waits in vain for calendars that are being read, while there are others to go on
	// with; those that take longer are read on, and taken in the next round. 0: it waits for all.
	Patience time.Duration
	// Ready is called when a calendar that a round did not wait for is read. It may be nil.
	Ready func()
	Clock clock.Clock
	Log   zerolog.Logger
	// Progress is told of long work: what, how much of it is done, and of how much. It may be nil.
	Progress func(what string, done, of int)
}

// Reconciler makes rounds. One round at a time.
type Reconciler struct {
	Options
	deliveries map[string]int // made on the day, by calendar and pair
	day        series.Date
	rest       map[series.Pair]time.Time // until when a document is left alone that could not be tended
	outages    outage.Log
	readings   *readings
	left       *office   // by the last round
	checked    time.Time // when a round last judged all pairs
}

// New makes a Reconciler.
func New(o Options) *Reconciler {
	if o.Progress == nil {
		o.Progress = func(string, int, int) {}
	}
	return &Reconciler{Options: o, deliveries: map[string]int{}, rest: map[series.Pair]time.Time{},
		readings: newReadings()}
}

// Failure is something that did not work, with what a person can do.
type Failure struct {
	Subject
	Err  error
	Hint string
}

// String is for the log; it is not the subject's.
func (f Failure) String() string { return fmt.Sprintf("%s: %v", f.Subject, f.Err) }

// Round is what a round saw, did and found.
type Round struct {
	At       time.Time
	First    bool // the journal was empty
	Problems error
	Views    []*series.View // of all pairs, by pair; nobody writes to them
	Plan     plan.Plan
	Applied  []plan.Change
	// Delivered is how many deliveries were made as scheduling agent.
	Delivered int
	Sections  []Section
	Mails     int
	Found     drift.Found
	Judged    int           // how many pairs were judged: the others are as they were
	Otherwise []series.Pair // those that a full round judged otherwise than one that went on from the last
	Edges     drift.Edges
	Open      []drift.Flag // all that are open now
	Settles   time.Time    // when what the roster ends or replaces, and that waits, is done; zero: nothing waits
	Failures  []Failure
	Late      []string // people whose calendars are still being read: the round went on without them
	Outages   map[Subject]Outage
	Alarms    []Outage // those that are new
}

// round is the state of one round under way.
type round struct {
	*Reconciler
	now       time.Time
	mem       Memory
	asked     bool            // by a person's command
	sources   Origin          // of the roster, without the day
	awaited   map[string]bool // people without whose calendars the round does not go on; nil: all
	roster    RosterSeen
	want      []series.Series
	wantedOf  map[string][]int         // by person, the places in want of the pairs that they are of
	people    map[string]series.Person // to observe
	had       map[string][]series.Pair // by person, of which the journal has series or copies
	observed  map[string]observed
	read      map[string]bool              // people whose calendars were read in this round
	interests map[string]provider.Interest // what they were searched for, where that is not what the journal has
	mu        sync.Mutex                   // guards calendars, and wrote while changes are made
	calendars map[string]provider.Calendar
	hung      sync.Map // names of the settings' calendars whose server did not answer in time
	written   *versions
	tried     map[plan.Target]attempt // what was delivered, or tried to, in this round
	wrote     map[string]Wrote
	confirmed []string        // people whose confirmation was used
	behind    map[string]bool // of wrote: what this round found the listing behind with
	fails     map[string]Failing
	met       []plan.Change            // creations that found the series there
	ended     map[string]bool          // ids of the events that this round ended
	chosen    map[series.Pair][]string // auto pairs that got a slot in this round, and what mattered for it
	noSlot    map[series.Pair]string   // pairs for which no slot was found, and why
	judging
	unsettled map[series.Pair]bool         // by the journal
	openOf    map[series.Pair][]drift.Flag // of the journal
	out       Round
}

// Recall tells what is known without asking any calendar.
//
// Where there is no good roster, what the journal knows to be booked is taken for what it last wanted, with the
// problems.
func (r *Reconciler) Recall(ctx context.Context) (Round, error) {
	x, err := r.begin(ctx, r.lastWanted)
	if err != nil {
		return Round{}, err
	}
	x.remembered()
	x.out.Outages = x.mem.Outages
	x.links(false)
	x.decide(nil)
	x.out.Open = slices.Clone(x.mem.Open)
	flagged := map[series.Pair]bool{}
	for _, f := range x.out.Open {
		flagged[f.Pair] = true
	}
	drift.NewMakeUps(x.makeUpInput(flagged)).Fill(x.out.Open)
	for i, f := range x.out.Open {
		if f.Kind == drift.SlotUnfit {
			x.out.Open[i].Why = x.office.unfit[f.Pair].Why
		}
	}
	return x.out, nil
}

// remembered takes what is known of calendars for what they say.
func (x *round) remembered() {
	for id := range x.people {
		snap, ok := x.mem.Snapshots[id]
		_, broken := x.mem.Outages[CalendarOf(id)]
		x.observed[id] = observed{is: snap, was: snap, stale: broken || !ok}
	}
}

// Preview reads everything and decides, and stops there.
func (r *Reconciler) Preview(ctx context.Context, asks ...plan.Ask) (Round, error) {
	x, err := r.begin(ctx)
	if err != nil {
		return Round{}, err
	}
	x.observe(ctx, slices.Sorted(maps.Keys(x.people)), false)
	if err := ctx.Err(); err != nil {
		return Round{}, err
	}
	x.links(true)
	x.decide(asks)
	x.refuse()
	x.detect()
	x.zoneDoubts()
	x.refusedVideo()
	return x.out, nil
}

// Once makes one round. With asks only their pairs are written. The error is of the round as such; what failed within
// it is in Round.Failures.
func (r *Reconciler) Once(ctx context.Context, asks ...plan.Ask) (Round, error) {
	x, err := r.begin(ctx)
	if err != nil {
		return Round{}, err
	}
	all := slices.Sorted(maps.Keys(x.people))
	if r.Due != nil && len(asks) == 0 {
		all = x.due(all)
	}
	x.sit(len(asks) > 0)
	x.asked, x.awaited = len(asks) > 0, map[string]bool{}
	for _, a := range asks {
		x.awaited[a.Pair.Manager], x.awaited[a.Pair.Report] = true, true
	}
	x.observe(ctx, all, false)
	if err := ctx.Err(); err != nil {
		return Round{}, err
	}
	x.links(false)
	x.decide(asks)
	x.check(asks)
	x.reread(ctx, asks)
	if changed, err := x.documents(ctx, asks); err != nil {
		return x.out, err
	} else if len(changed) > 0 {
		x.gather(changed)
		x.diff(asks)
		x.reread(ctx, asks)
	}
	x.refuse()
	x.apply(ctx)
	if touched := x.touched(); len(touched) > 0 {
		x.observe(ctx, touched, true)
		x.gather(x.affected())
	}
	// What an attendee answered may let the next delivery through.
	for range 3 {
		written := x.deliver(ctx, asks)
		if len(written) == 0 {
			break
		}
		x.observe(ctx, written, true)
		x.gather(x.affected())
	}
	x.count()
	x.detect()
	if again := x.pending(); len(again) > 0 {
		x.observe(ctx, again, true)
		x.gather(x.affected())
		x.mem.Pending = x.out.Found.Pending
		x.detect()
	}
	x.zoneDoubts()
	x.refusedVideo()
	// What was not read because the round was told to stop says nothing about a calendar: the next round begins anew.
	if err := ctx.Err(); err != nil {
		return x.out, err
	}
	if err := x.record(context.WithoutCancel(ctx)); err != nil {
		return x.out, err
	}
	if !x.asked {
		x.leave()
	}
	return x.out, nil
}

// begin loads what a round starts from. Without a good roster instead is asked, if it is given, what to want.
func (r *Reconciler) begin(ctx context.Context, instead ...func(Memory, error) (Desired, error)) (*round, error) {
	x := &round{
		Reconciler: r,
		now:        r.Clock(),
		observed:   map[string]observed{},
		read:       map[string]bool{},
		interests:  map[string]provider.Interest{},
		calendars:  map[string]provider.Calendar{},
		written:    &versions{m: map[[2]string]series.Ref{}},
		ended:      map[string]bool{},
		tried:      map[plan.Target]attempt{},
		judging:    newJudging(),
	}
	var err error
	if x.mem, err = r.Journal.Load(ctx); err != nil {
		return nil, fmt.Errorf("read the journal: %w", err)
	}
	d, err := r.Roster(x.now)
	if err != nil && len(instead) > 0 {
		d, err = instead[0](x.mem, err)
	}
	if err != nil {
		return nil, err
	}
	if err := x.rename(ctx, d); err != nil {
		return nil, err
	}
	if x.mem.Documents == nil {
		x.mem.Documents = map[series.Pair]Document{}
	}
	x.want, x.wantedOf = d.Series, map[string][]int{}
	for i, w := range x.want {
		x.wantedOf[w.Pair.Manager] = append(x.wantedOf[w.Pair.Manager], i)
		x.wantedOf[w.Pair.Report] = append(x.wantedOf[w.Pair.Report], i)
	}
	if x.roster = (RosterSeen{Digest: ends(d), Since: x.now}); x.roster.Digest == x.mem.Standing.Roster.Digest {
		x.roster = x.mem.Standing.Roster
	}
	x.wrote, x.behind, x.fails = maps.Clone(x.mem.Standing.Wrote), map[string]bool{}, map[string]Failing{}
	if x.wrote == nil {
		x.wrote = map[string]Wrote{}
	}
	x.sources = Origin{Sources: d.Sources, More: d.More}
	x.out = Round{At: x.now, First: x.mem.Empty, Problems: d.Problems, Outages: map[Subject]Outage{}}
	x.people = x.observable(d)
	x.readings.leave(x.people)
	x.know()
	x.had = series.Had(maps.All(x.mem.Snapshots))
	x.unsettled, x.openOf = underWay(x.mem), map[series.Pair][]drift.Flag{}
	for _, f := range x.mem.Open {
		x.openOf[f.Pair] = append(x.openOf[f.Pair], f)
	}
	return x, nil
}

// rename gives what is remembered under earlier ids to the new ones.
func (x *round) rename(ctx context.Context, d Desired) error {
	renamed := false
	for _, id := range slices.Sorted(maps.Keys(d.People)) {
		for _, old := range d.People[id].Formerly {
			_, inUse := d.People[old]
			if _, remembered := x.mem.People[old]; !remembered || inUse {
				continue
			}
			if err := x.Journal.Rename(ctx, old, id); err != nil {
				return fmt.Errorf("rename %s to %s in the journal: %w", old, id, err)
			}
			renamed = true
		}
	}
	if !renamed {
		return nil
	}
	var err error
	if x.mem, err = x.Journal.Load(ctx); err != nil {
		return fmt.Errorf("read the journal: %w", err)
	}
	return nil
}

// alarm notes that something is wrong with the subject, and that this is new if it is.
func (x *round) alarm(s Subject, o Outage) {
	o.Since = x.now
	if old, ok := x.mem.Outages[s]; ok {
		o.Since = old.Since
	} else if _, told := x.out.Outages[s]; !told {
		x.out.Alarms = append(x.out.Alarms, o)
	}
	x.out.Outages[s] = o
}
