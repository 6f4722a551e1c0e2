// Package reconcile makes one round: read roster and calendars, decide, write, deliver invitations and answers where no
// server does, record what is different. The decisions are those of plan and drift.
//
// A round is a row of functions, in files of their names. What one knows of another it is given (Reconciler.Once):
//
//	begin     the journal, the roster   -> given: what nobody changes in this round
//	read      who is due                -> looked: what calendars say
//	affected  known: all of the above   -> the pairs of which something else is known than was
//	gather    those                     -> their views, in the office; the pairs that are judged
//	choose    views                     -> slots for those that have none
//	diff      views, slots              -> decided: the plan
//	tend      views, plan               -> tended: the documents
//	apply     plan                      -> applied; those calendars are read, and judged, again
//	deliver   views                     -> delivered; likewise
//	detect    views                     -> detected: flags, outcomes, what has opened, changed or closed
//	record    all of it                 -> the Record that the journal commits
//
// From one round to the next goes the office: what was judged of each pair, and from what.
package reconcile

import (
	"context"
	"fmt"
	"maps"
	"slices"
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
	// SourcesFor is for how long those who look take what Sources gave for what it gives. 0: it is called for each.
	SourcesFor time.Duration
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
	deliveries deliveries
	rest       map[series.Pair]time.Time // until when a document is left alone that could not be tended
	outages    outage.Log
	readings   *readings
	sources    sources
	left       *office   // by the last round; nil: it left none
	checked    time.Time // when a round last judged all pairs
}

// New makes a Reconciler.
func New(o Options) *Reconciler {
	if o.Progress == nil {
		o.Progress = func(string, int, int) {}
	}
	return &Reconciler{Options: o, rest: map[series.Pair]time.Time{}, readings: newReadings()}
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
	Changed   []series.Pair // those of which it left another status, flags or outcomes than were there, in order
	Otherwise []series.Pair // those that a full round judged otherwise than one that went on from the last
	Edges     drift.Edges
	Open      []drift.Flag // all that are open now
	Settles   time.Time    // when what the roster ends or replaces, and that waits, is done; zero: nothing waits
	Failures  []Failure
	Late      []string // people whose calendars are still being read: the round went on without them
	Outages   map[Subject]Outage
	Alarms    []Outage // those that are new
}

// Recall tells what is known without asking any calendar. It is safe beside a round.
//
// Where there is no good roster, what the journal knows to be booked is taken for what it last wanted, with the
// problems.
func (r *Reconciler) Recall(ctx context.Context) (Round, error) {
	r = New(r.Options) // what a round goes on from is its own
	g, err := r.begin(ctx, nil, r.lastWanted)
	if err != nil {
		return Round{}, err
	}
	k, o := r.know(g, g.remembered(g.everybody()), false), newOffice()
	k, d := decide(k, o, decided{}, o.affected(k))
	out := k.round(o, d)
	out.Outages, _ = g.standingOutages(g.mem.Outages, d.outages)
	out.Open = slices.Clone(g.mem.Open)
	flagged := pairs{}
	for _, f := range out.Open {
		flagged[f.Pair] = true
	}
	k.makeUps(o, flagged).Fill(out.Open)
	for i, f := range out.Open {
		if f.Kind == drift.SlotUnfit {
			out.Open[i].Why = o.unfit[f.Pair].Why
		}
	}
	return out, nil
}

// Preview reads everything and decides, and stops there.
func (r *Reconciler) Preview(ctx context.Context, asks ...plan.Ask) (Round, error) {
	g, err := r.begin(ctx, asks, r.wanted)
	if err != nil {
		return Round{}, err
	}
	due, others := g.everybody(), []string(nil)
	if g.asked() {
		due, others = r.due(g)
	}
	seen := r.read(ctx, g, r.calendars(), g.remembered(others), errand{ids: due, patient: true})
	if err := ctx.Err(); err != nil {
		return Round{}, err
	}
	k, o := r.know(g, seen, true), newOffice()
	k, d := decide(k, o, decided{}, o.affected(k))
	f := detect(k, o, d, g.mem.Tries, g.mem.Pending)
	out := k.round(o, d).with(f)
	out.Failures = slices.Concat(k.failures, k.refused(o, d.plan.Refused))
	out.Outages, out.Alarms = k.standingOutages(g.outages, k.looked.outages, d.outages,
		o.zoneDoubts(g.zoneData), o.refusedVideo(g.now))
	return out, nil
}

// Once makes one round. The error is of the round as such; what failed within it is in Round.Failures.
//
// With asks only their pairs are planned for, written and delivered to, and no calendars are read but those of their
// people: of all others the office, or else the journal, has what is known.
func (r *Reconciler) Once(ctx context.Context, asks ...plan.Ask) (Round, error) {
	return r.once(ctx, nil, asks)
}

// OnceIf is Once for a person, who may ask for that only as long as something is so: may is given the open flags of the
// pairs of the asks as their calendars have it now, before anything is written. What it returns ends the round, and is
// returned as it is.
func (r *Reconciler) OnceIf(ctx context.Context, may func(open []drift.Flag) error, asks ...plan.Ask) (Round, error) {
	return r.once(ctx, may, asks)
}

// once is OnceIf; with a nil may, Once.
//
// Each step returns what it gives. What is known (k) and decided (d) is followed by what is known and decided then; the
// office (o) has the views of all pairs, and goes from round to round.
func (r *Reconciler) once(ctx context.Context, may func([]drift.Flag) error, asks []plan.Ask) (Round, error) {
	g, err := r.begin(ctx, asks, r.wanted)
	if err != nil {
		return Round{}, err
	}
	cals, o := r.calendars(), r.office(g)

	due, others := r.due(g)
	seen := r.read(ctx, g, cals, g.remembered(others), errand{ids: due})
	if err := ctx.Err(); err != nil {
		return Round{}, err
	}

	k := r.know(g, seen, false)
	a := o.affected(k)
	o.settle(k, a)
	k, d := decide(k, o, decided{}, a)
	o, d, otherwise := r.check(k, o, d)
	k, d = r.readFirst(ctx, k, cals, o, d)
	if may != nil {
		f := detect(k, o, d, g.mem.Tries, g.mem.Pending)
		if err := may(slices.DeleteFunc(f.open, func(f drift.Flag) bool { return !g.askedFor(f.Pair) })); err != nil {
			r.left = o.leave(k, f.judged, nil)
			return Round{}, err
		}
	}

	docs, err := r.tend(ctx, k, o.views, d.plan)
	if err != nil {
		return Round{}, err
	}
	if k.docs = docs.now; len(docs.links) > 0 {
		k, d = relink(k, o, d, docs.links)
		k, d = r.readFirst(ctx, k, cals, o, d)
	}
	d = judge(k, o, d, docs.changed)
	refused := k.refused(o, d.plan.Refused)

	done := r.apply(ctx, k, cals, d.plan.Changes)
	k.unlisted = done.unlisted
	k, d = r.readAgain(ctx, k, cals, o, d, done.touched(g.people))
	sent, k, d := r.deliverAll(ctx, k, cals, o, d)

	tries := k.tries(o.of(d.judge), sent.tried)
	f := detect(k, o, d, tries, g.mem.Pending)
	if again := f.pending(k); len(again) > 0 {
		k, d = r.readAgain(ctx, k, cals, o, d, again)
		f = detect(k, o, d, tries, f.found.Pending)
	}
	// What was not read because the round was told to stop says nothing about a calendar: the next round begins anew.
	if err := ctx.Err(); err != nil {
		return Round{}, err
	}

	stands := k.standing(d, f.judged, done)
	outages, alarms := g.standingOutages(g.outages, k.looked.outages, d.outages, docs.outages, notDone(stands.Failing),
		o.zoneDoubts(g.zoneData), o.refusedVideo(g.now))
	left := remains{stands, tries, outages}
	rec := record(k, o, d, f, left)
	if err := r.Journal.Commit(context.WithoutCancel(ctx), rec); err != nil {
		return Round{}, fmt.Errorf("write the journal: %w", err)
	}
	r.logOutages(g.now, causes(g.people, left))

	out := k.round(o, d).with(f)
	out.Applied, out.Mails, out.Delivered, out.Sections = done.changes, done.mails(), sent.n, docs.sections
	out.Failures = slices.Concat(k.failures, docs.failures, refused, done.failures, sent.failures)
	out.Outages, out.Alarms, out.Otherwise = outages, alarms, otherwise
	out.Changed = o.changed(rec, f.judged)
	r.left = o.leave(k, f.judged, f.waiting(k, sent.tried))
	return out, nil
}

// round is what was seen and is to be done.
func (k known) round(o *office, d decided) Round {
	return Round{
		At:       k.now,
		First:    k.mem.Empty,
		Problems: k.problems,
		Views:    slices.Clone(o.views),
		Plan:     d.plan,
		Late:     slices.Sorted(maps.Keys(k.late)),
	}
}

// with is the round with what it found.
func (r Round) with(f detected) Round {
	r.Found, r.Judged, r.Edges, r.Open, r.Settles = f.found, len(f.judged), f.edges, f.open, f.settles
	return r
}
