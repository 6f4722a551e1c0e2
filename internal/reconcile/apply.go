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

// applied is what became of a plan's changes.
type applied struct {
	changes  []plan.Change // that were made
	met      []plan.Change // creations that found the series there
	unlisted unlisted      // what was written before, or by them
	fails    map[string]Failing
	failures []Failure
}

// apply makes the changes, one conditional write each, those of several calendars side by side. What a lost race leaves
// undone the next round sees.
func (r *Reconciler) apply(ctx context.Context, k known, cals *calendars, changes []plan.Change) applied {
	keys := make([][]string, len(changes))
	for i, c := range changes {
		keys[i] = []string{"calendar " + c.Calendar, "pair " + c.Pair.String()}
		if c.Group != "" {
			keys[i] = append(keys[i], "group "+c.Group)
		}
	}
	lanes := lanesOf(keys, func(i int) string { return k.people[changes[i].Calendar].Calendar })
	var mu sync.Mutex
	failed, done := map[string]bool{}, 0 // groups of which a change failed; how many changes are done
	begin := func(group string) bool {
		mu.Lock()
		defer mu.Unlock()
		r.Progress("writing", done, len(changes))
		done++
		return group == "" || !failed[group]
	}
	w := &written{refs: map[[2]string]series.Ref{}, unlisted: k.unlisted.clone()}
	errs := r.inLanes(ctx, lanes, func(ctx context.Context, i int) error {
		c := changes[i]
		if !begin(c.Group) || ctx.Err() != nil {
			return errNotTried
		}
		err := r.change(ctx, k, cals, w, c)
		if err != nil && !found(err) {
			mu.Lock()
			defer mu.Unlock()
			failed[c.Group] = true
		}
		return err
	})
	out := applied{unlisted: w.unlisted, fails: map[string]Failing{}}
	for i, c := range changes {
		if !errors.Is(errs[i], errNotTried) {
			r.changed(ctx, k.given, c, errs[i], &out)
		}
	}
	if n := len(changes); n > 0 {
		r.Progress("writing", n, n)
	}
	return out
}

// changed adds what became of a change.
func (r *Reconciler) changed(ctx context.Context, g *given, c plan.Change, err error, to *applied) {
	log := r.Log.Info()
	switch {
	case err == nil:
		to.changes = append(to.changes, c)
		for _, s := range c.Steps {
			if s.End != nil {
				to.unlisted.ended[s.Ref.ID] = true
			}
		}
	case found(err):
		to.met = append(to.met, c)
		log = r.Log.Info().Bool("found", true)
		c.Mails = 0
	case provider.KindOf(err) == provider.Conflict:
		to.fails[c.ID()] = r.failing(ctx, g, c, err)
		log = r.Log.Debug().Bool("conflict", true)
		if g.asked() {
			to.failures = append(to.failures, Failure{
				Subject: BookingOf(c.Pair),
				Err:     fmt.Errorf("%s %s: somebody else changed the event at the same moment", c.Action, c.Pair),
				Hint:    "nothing was written; give the command again",
			})
		}
	default:
		to.fails[c.ID()] = r.failing(ctx, g, c, err)
		to.failures = append(to.failures, Failure{
			Subject: BookingOf(c.Pair),
			Err:     fmt.Errorf("%s %s: %w", c.Action, c.Pair, err),
			Hint:    provider.HintOf(err),
		})
		log = r.Log.Debug().Err(err)
	}
	log.Str("change", c.ID()).Stringer("pair", c.Pair).Str("action", string(c.Action)).Int("mails", c.Mails).
		Msg("change")
}

// mails are how many messages people get by what was done.
func (a applied) mails() (n int) {
	for _, c := range a.changes {
		n += c.Mails
	}
	return n
}

// touched are those of the people whose calendars the changes may have altered.
func (a applied) touched(people map[string]series.Person) []string {
	ids := map[string]bool{}
	for _, c := range slices.Concat(a.changes, a.met) {
		for _, id := range []string{c.Calendar, c.Pair.Report} {
			if _, ok := people[id]; ok {
				ids[id] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(ids))
}

// change makes one change: the series is kept as it was first.
func (r *Reconciler) change(ctx context.Context, k known, cals *calendars, w *written, c plan.Change) error {
	cal, err := cals.calendar(k.people[c.Calendar])
	if err != nil {
		return err
	}
	act := Act{
		At:         k.now,
		Pair:       c.Pair,
		Action:     c.Action,
		Generation: c.Generation,
		Occurrence: c.Occurrence,
		From:       c.From,
		To:         c.To,
		Why:        c.Why,
		Mails:      c.Mails,
		Asked:      k.asked(),
		Change:     c.ID(),
		Counts:     c.Counts,
		Allowed:    c.Allowed,
	}
	before := before(k.of[c.Calendar].is.Snapshot(), c.Steps)
	id, err := r.Journal.Begin(ctx, act, before)
	if err != nil {
		return fmt.Errorf("keep the series as it was: %w", err)
	}
	var ref series.Ref
	var there error // what was to be created was there
	for _, s := range c.Steps {
		if s.Ref.ID != "" {
			ref = s.Ref
		}
		s = s.Later(func(id string) (series.Ref, bool) { return w.ref(c.Calendar, id) })
		// Another change of this plan may have written the event by now.
		key := ref.ID
		if later, ok := w.ref(c.Calendar, key); ok {
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
		w.note(c.Calendar, cmp.Or(key, ref.ID), ref)
	}
	if err == nil && ref.ID != "" {
		err = prove(ctx, k.given, cal, c, ref, before, w)
	}
	err = cmp.Or(err, there)
	done := r.Journal.Done(context.WithoutCancel(ctx), id, r.Clock(), err)
	if done != nil && found(err) {
		return done
	}
	return errors.Join(err, done)
}

// written is what the changes of a plan have written so far.
type written struct {
	mu       sync.Mutex
	refs     map[[2]string]series.Ref // by calendar and event
	unlisted unlisted
}

func (w *written) ref(calendar, id string) (series.Ref, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	ref, ok := w.refs[[2]string{calendar, id}]
	return ref, ok
}

func (w *written) note(calendar, id string, ref series.Ref) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.refs[[2]string{calendar, id}] = ref
}

// wrote is what is remembered of the event that was written before.
func (w *written) wrote(key string) (Wrote, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	is, ok := w.unlisted.of[key]
	return is, ok
}

func (w *written) prove(key string, is Wrote) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.unlisted.of[key] = is
}

// found reports whether what was to be created was there, so that nothing was written and nobody was mailed.
func found(err error) bool { return err != nil && provider.KindOf(err) == provider.Exists }

// before is the series on the calendar that the steps are about to write, nil for a new one.
func before(snap series.Snapshot, steps []plan.Step) *series.Event {
	events := slices.Clone(snap.Series)
	for _, k := range snap.Candidates {
		events = append(events, k.Event)
	}
	for _, e := range events {
		if slices.ContainsFunc(steps, func(s plan.Step) bool { return s.Ref.ID == e.ID && e.ID != "" }) {
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
