package reconcile

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"holdfast/internal/plan"
	"holdfast/internal/provider"
	"holdfast/internal/series"
)

// errNotTried is what became of a change that was not made because another of its group failed, or the round ends.
var errNotTried = errors.New("not tried")

// apply makes the plan's changes, one conditional write each, those of several calendars side by side. What a lost race
// leaves undone the next round sees.
func (x *round) apply(ctx context.Context) {
	changes := x.out.Plan.Changes
	keys := make([][]string, len(changes))
	for i, c := range changes {
		keys[i] = []string{"calendar " + c.Calendar, "pair " + c.Pair.String()}
		if c.Group != "" {
			keys[i] = append(keys[i], "group "+c.Group)
		}
	}
	lanes := lanesOf(keys, func(i int) string { return x.people[changes[i].Calendar].Calendar })
	var mu sync.Mutex
	failed, done := map[string]bool{}, 0 // groups of which a change failed; how many changes are done
	begin := func(group string) bool {
		mu.Lock()
		defer mu.Unlock()
		x.Progress("writing", done, len(changes))
		done++
		return group == "" || !failed[group]
	}
	errs := x.inLanes(ctx, lanes, func(ctx context.Context, i int) error {
		c := changes[i]
		if !begin(c.Group) || ctx.Err() != nil {
			return errNotTried
		}
		err := x.change(ctx, c)
		if err != nil && !found(err) {
			mu.Lock()
			defer mu.Unlock()
			failed[c.Group] = true
		}
		return err
	})
	for i, c := range changes {
		if !errors.Is(errs[i], errNotTried) {
			x.changed(ctx, c, errs[i])
		}
	}
	if n := len(changes); n > 0 {
		x.Progress("writing", n, n)
	}
}

// changed notes what became of a change.
func (x *round) changed(ctx context.Context, c plan.Change, err error) {
	log := x.Log.Info()
	switch {
	case err == nil:
		x.out.Applied = append(x.out.Applied, c)
		x.out.Mails += c.Mails
		for _, s := range c.Steps {
			if s.End != nil {
				x.ended[s.Ref.ID] = true
			}
		}
	case found(err):
		x.met = append(x.met, c)
		log = x.Log.Info().Bool("found", true)
		c.Mails = 0
	case provider.KindOf(err) == provider.Conflict:
		x.failing(ctx, c, err)
		log = x.Log.Debug().Bool("conflict", true)
		if x.asked {
			x.out.Failures = append(x.out.Failures, Failure{
				Subject: BookingOf(c.Pair),
				Err:     fmt.Errorf("%s %s: somebody else changed the event at the same moment", c.Action, c.Pair),
				Hint:    "nothing was written; give the command again",
			})
		}
	default:
		x.failing(ctx, c, err)
		x.out.Failures = append(x.out.Failures, Failure{
			Subject: BookingOf(c.Pair),
			Err:     fmt.Errorf("%s %s: %w", c.Action, c.Pair, err),
			Hint:    provider.HintOf(err),
		})
		log = x.Log.Debug().Err(err)
	}
	log.Str("change", c.ID()).Stringer("pair", c.Pair).Str("action", string(c.Action)).Int("mails", c.Mails).
		Msg("change")
}

// change makes one change: the series is kept as it was first.
func (x *round) change(ctx context.Context, c plan.Change) error {
	cal, err := x.calendar(c.Calendar)
	if err != nil {
		return err
	}
	act := Act{
		At:         x.now,
		Pair:       c.Pair,
		Action:     c.Action,
		Generation: c.Generation,
		Occurrence: c.Occurrence,
		From:       c.From,
		To:         c.To,
		Why:        c.Why,
		Mails:      c.Mails,
		Asked:      x.asked,
		Change:     c.ID(),
		Counts:     c.Counts,
		Allowed:    c.Allowed,
	}
	before := x.before(c)
	id, err := x.Journal.Begin(ctx, act, before)
	if err != nil {
		return fmt.Errorf("keep the series as it was: %w", err)
	}
	var ref series.Ref
	var there error // what was to be created was there
	for _, s := range c.Steps {
		if s.Ref.ID != "" {
			ref = s.Ref
		}
		s = s.Later(func(id string) (series.Ref, bool) { return x.written.of(c.Calendar, id) })
		// Another change of this plan may have written the event by now.
		key := ref.ID
		if later, ok := x.written.of(c.Calendar, key); ok {
			ref = later
		}
		ref, err = Do(ctx, cal, ref, s)
		if found(err) { // and nothing was written
			there, err = err, nil
			continue
		}
		if err != nil {
			break
		}
		x.written.note(c.Calendar, cmp.Or(key, ref.ID), ref)
	}
	if err == nil {
		err = x.prove(ctx, cal, c, ref, before)
	}
	err = cmp.Or(err, there)
	done := x.Journal.Done(context.WithoutCancel(ctx), id, x.Clock(), err)
	if done != nil && found(err) {
		return done
	}
	return errors.Join(err, done)
}

// versions are those that a round wrote, by calendar and event.
type versions struct {
	mu sync.Mutex
	m  map[[2]string]series.Ref
}

func (v *versions) of(calendar, id string) (series.Ref, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	ref, ok := v.m[[2]string{calendar, id}]
	return ref, ok
}

func (v *versions) note(calendar, id string, ref series.Ref) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.m[[2]string{calendar, id}] = ref
}

// found reports whether what was to be created was there, so that nothing was written and nobody was mailed.
func found(err error) bool { return err != nil && provider.KindOf(err) == provider.Exists }

// before is the series that the change is about to write, nil for a new one.
func (x *round) before(c plan.Change) *series.Event {
	snap := x.observed[c.Calendar].is.Snapshot()
	events := slices.Clone(snap.Series)
	for _, k := range snap.Candidates {
		events = append(events, k.Event)
	}
	for _, e := range events {
		if slices.ContainsFunc(c.Steps, func(s plan.Step) bool { return s.Ref.ID == e.ID && e.ID != "" }) {
			return &e
		}
	}
	return nil
}

// Do makes one step of a change on the calendar. ref is the event's, as the step before left it.
func Do(ctx context.Context, cal provider.Calendar, ref series.Ref, s plan.Step) (series.Ref, error) {
	switch {
	case s.Create != nil:
		return cal.Create(ctx, *s.Create)
	case s.Update != nil:
		return cal.Update(ctx, ref, *s.Update)
	case s.Skip != nil:
		return cal.Skip(ctx, ref, s.Skip)
	case s.Unskip != nil:
		return cal.Unskip(ctx, ref, s.Unskip)
	case s.SetOverride != nil:
		return cal.SetOverride(ctx, ref, *s.SetOverride)
	case s.ClearOverride != nil:
		return cal.ClearOverride(ctx, ref, *s.ClearOverride)
	case s.End != nil:
		return cal.End(ctx, ref, *s.End)
	case s.Revive != nil:
		return cal.Revive(ctx, *s.Revive)
	case s.Invite != "":
		return cal.Invite(ctx, ref, s.Invite)
	}
	return ref, fmt.Errorf("a step without a verb")
}

// touched are the people whose calendars the changes may have altered.
func (x *round) touched() []string {
	ids := map[string]bool{}
	for _, c := range slices.Concat(x.out.Applied, x.met) {
		for _, id := range []string{c.Calendar, c.Pair.Report} {
			if _, ok := x.people[id]; ok {
				ids[id] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(ids))
}

// own is gone with a note on those absences that this round itself made: a series that had never met is removed when it
// is ended.
func (x *round) own(gone []series.Gone) []series.Gone {
	if len(x.ended) == 0 {
		return gone
	}
	gone = slices.Clone(gone)
	for i, g := range gone {
		gone[i].Ours = g.Ours || x.ended[g.ID]
	}
	return gone
}

// maxDeliveries is how often a day one pair's copies are written: more is a fight with the server or another program.
const maxDeliveries = 24

// attempt is a delivery of this round.
type attempt struct {
	what   string // plan.Delivery.What
	counts bool   // towards giving up
}

// deliver makes the deliveries of a scheduling agent that are due and returns the people whose calendars were written.
// What was tried in this round is not tried again, nor what did not show in several rounds, unless somebody asked for
// it.
func (x *round) deliver(ctx context.Context, asks []plan.Ask) []string {
	ids := map[string]bool{}
	if today := series.DateOf(x.now.UTC()); today != x.day {
		x.day = today
		clear(x.deliveries)
	}
	var due []plan.Delivery
	for _, d := range plan.Deliveries(x.judged(), asks, x.now) {
		to, key := d.Target(), d.Calendar+" "+d.Pair.String()
		invited := slices.ContainsFunc(asks, func(a plan.Ask) bool { return a.Invite && a.Pair == d.Pair })
		if x.tried[to].what == d.What || d.Failed(x.mem.Tries) && !invited {
			continue
		}
		x.tried[to] = attempt{d.What, true}
		if x.deliveries[key]++; x.deliveries[key] > maxDeliveries {
			x.Log.Debug().Stringer("pair", d.Pair).Msg("too many deliveries today: something undoes them")
			continue
		}
		ids[d.Calendar] = true
		due = append(due, d)
	}
	keys := make([][]string, len(due))
	for i, d := range due {
		keys[i] = []string{d.Calendar}
	}
	lanes := lanesOf(keys, func(i int) string { return x.people[due[i].Calendar].Calendar })
	errs := x.inLanes(ctx, lanes, func(ctx context.Context, i int) error { return x.deliverOne(ctx, due[i]) })
	for i, d := range due {
		err := errs[i]
		switch kind := provider.KindOf(err); {
		case err == nil:
			x.out.Delivered++
		case kind == provider.Transient:
			x.tried[d.Target()] = attempt{d.What, false} // it passes
			fallthrough
		case kind != provider.Conflict:
			failure := fmt.Errorf("deliver the invitation of %s: %w", d.Pair, err)
			x.out.Failures = append(x.out.Failures, Failure{BookingOf(d.Pair), failure, provider.HintOf(err)})
		}
		x.Log.Debug().Stringer("pair", d.Pair).Str("calendar", d.Calendar).Int("delivery", i).Err(err).Msg("delivered")
	}
	return slices.Sorted(maps.Keys(ids))
}

// deliverOne makes one delivery.
func (x *round) deliverOne(ctx context.Context, d plan.Delivery) error {
	cal, err := x.calendar(d.Calendar)
	switch {
	case err != nil:
		return err
	case d.Event != nil:
		_, err = cal.Deliver(ctx, d.Ref, *d.Event, d.Attendee)
	default:
		_, err = cal.Answer(ctx, d.Ref, d.Attendee, d.Answers)
	}
	return err
}

// count notes what is still to be delivered after it was tried, and copies that no server delivered.
func (x *round) count() {
	tries := map[plan.Target]plan.Try{}
	judged := x.judged()
	for _, v := range judged {
		for to, t := range x.mem.Tries {
			if to.Pair == v.Pair && (v.Stale || v.Suspect || v.Missing()) {
				tries[to] = t // nothing is known of it now
			}
		}
	}
	for _, d := range append(plan.Deliveries(judged, nil, x.now), plan.Absent(judged, x.now)...) {
		to := d.Target()
		t := x.mem.Tries[to]
		if t.What != d.What {
			t = plan.Try{What: d.What}
		}
		if x.tried[to] == (attempt{d.What, true}) || d.Event == nil && d.Answers == nil && x.read[d.Calendar] {
			t.Rounds++
		}
		if t.Rounds > 0 {
			tries[to] = t
		}
	}
	x.mem.Tries = tries
}

// undelivered are those of the pairs of which a delivery was tried in vain, with what it was in words.
func (x *round) undelivered(pairs map[series.Pair]bool) map[series.Pair]string {
	out := map[series.Pair]string{}
	if len(x.mem.Tries) == 0 {
		return out
	}
	views := x.office.of(pairs)
	for _, d := range append(plan.Deliveries(views, nil, x.now), plan.Absent(views, x.now)...) {
		if d.Failed(x.mem.Tries) {
			out[d.Pair] = d.Words()
		}
	}
	return out
}
