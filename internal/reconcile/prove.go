package reconcile

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"holdfast/internal/plan"
	"holdfast/internal/provider"
	"holdfast/internal/series"
)

// Wrote is an event that a round wrote and proved, and that the listing of its calendar does not show yet as it was
// proven.
type Wrote struct {
	Person  string // whose calendar it is on
	ID      string
	Pair    series.Pair
	At      time.Time
	Version string
	Created bool
	Removed bool     // it was ended before it began, and is gone
	Before  []string // digests of what it was before: what a listing that is behind may show
	Rounds  int      // for so many rounds the listing has shown something earlier
}

// wroteKey is the key of the Wrote of an event.
func wroteKey(person, id string) string { return person + " " + id }

// prove reads the event that the steps have written, and says what it should show and does not. What was proven is
// remembered until the calendar's listing shows it.
func (x *round) prove(ctx context.Context, cal provider.Calendar, c plan.Change, ref series.Ref,
	before *series.Event) error {
	if ref.ID == "" {
		return nil
	}
	key := wroteKey(c.Calendar, ref.ID)
	x.mu.Lock()
	w, again := x.wrote[key]
	x.mu.Unlock()
	if !again {
		w = Wrote{Person: c.Calendar, ID: ref.ID, Pair: c.Pair, Created: before == nil}
	}
	w.At, w.Rounds = x.now, 0
	if before != nil {
		w.Before = append(slices.Clip(w.Before), content(*before))
	}
	e, err := cal.Read(ctx, ref.ID, x.interest(x.people[c.Calendar]))
	last := c.Steps[len(c.Steps)-1]
	switch {
	case err != nil && provider.KindOf(err) == provider.NotFound && last.End != nil:
		w.Removed = true
	case err != nil && provider.KindOf(err) == provider.NotFound:
		return unproven(c, "the series")
	case err != nil:
		return fmt.Errorf("it was written, and cannot be read: %w", err)
	default:
		for _, s := range c.Steps {
			if missing := s.Missing(e); missing != "" {
				return unproven(c, missing)
			}
		}
		w.Version = e.Version
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.wrote[key] = w
	return nil
}

func unproven(c plan.Change, missing string) error {
	return &provider.Error{Kind: provider.Permanent, Op: "read again",
		Err:  fmt.Errorf("the calendar of %s took the write, and does not show %s", c.Calendar, missing),
		Hint: "look at the event in a calendar app; `holdfast doctor` tries what this server does with a write"}
}

// content is a digest of all that an event shows but its version.
func content(e series.Event) string {
	e.Version, e.Raw, e.Earlier = "", "", nil
	b, err := json.Marshal(e)
	if err != nil {
		panic(err) // texts, numbers and times only
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}

const (
	// behindRounds is in how many rounds a listing may show an earlier version of what was written before that is an
	// alarm.
	behindRounds = 3
	// unseen is the Kind of an Outage of a pair whose series is there and does not show in the listing of its calendar.
	unseen = "unseen"
)

// catchUp puts into the snapshot what this or an earlier round wrote and the listing does not show yet: a direct
// reading tells that from what a person did since.
func (x *round) catchUp(ctx context.Context, person string, s *series.Snapshot) {
	for key, w := range x.wrote {
		if w.Person != person {
			continue
		}
		at := slices.IndexFunc(s.Series, func(e series.Event) bool { return e.ID == w.ID })
		listed := at >= 0
		var shown string
		if listed {
			shown = content(s.Series[at])
		}
		if listed == !w.Removed && (!listed || s.Series[at].Version == w.Version || !slices.Contains(w.Before, shown)) {
			delete(x.wrote, key)
			continue
		}
		cal, err := x.calendar(person)
		var e series.Event
		if err == nil {
			e, err = cal.Read(ctx, w.ID, x.interest(x.people[person]))
		}
		missing := err != nil && provider.KindOf(err) == provider.NotFound
		switch {
		case err != nil && !missing: // not known: as it was listed
			continue
		case missing && !listed, !missing && listed && content(e) == shown: // a person was at it, and the listing is right
			delete(x.wrote, key)
			continue
		case missing:
			gone := series.Gone{ID: w.ID, Pair: s.Series[at].Mark.Pair, Generation: s.Series[at].Mark.Generation, Since: x.now,
				Proven: true,
				Ours:   w.Removed, Last: s.Series[at]}
			s.Series, s.Gone = slices.Delete(slices.Clone(s.Series), at, at+1), append(slices.Clip(s.Gone), gone)
		case listed:
			e.Earlier = s.Series[at].Earlier
			s.Series = slices.Clone(s.Series)
			s.Series[at] = e
		default:
			s.Series = append(slices.Clip(s.Series), e)
			s.Gone = slices.DeleteFunc(slices.Clone(s.Gone), func(g series.Gone) bool { return g.ID == w.ID })
		}
		if !x.behind[key] {
			x.behind[key] = true
			w.Rounds++
			x.wrote[key] = w
		}
		if w.Rounds >= behindRounds || w.Created && !listed && w.At.Before(x.now) {
			x.alarm(Subject{Matter: MatterListing, Pair: w.Pair}, Outage{
				Kind:  unseen,
				Cause: "the series is there, and is not listed as it is",
				Text: fmt.Sprintf("the calendar of %s has the series of %s, and does not list it as it is",
					person, w.Pair),
				Hint: "a cache or proxy before the calendar server may be at fault; `holdfast doctor` tries it",
			})
		}
		x.Log.Debug().Str("person", person).Stringer("pair", w.Pair).Int("rounds", w.Rounds).Msg("the listing is behind")
	}
}

// Failing is a change that was tried and failed, in several rounds in a row.
type Failing struct {
	Pair   series.Pair
	What   string // of the change, and of the versions that it is about: another change is tried anew
	Kind   string // of the error
	Cause  string // as Outage has it
	Text   string
	Hint   string
	Since  time.Time
	Rounds int
	Next   time.Time // when it is tried again by itself; zero: never
}

const (
	// triesInARow is in how many rounds a change is tried that fails in the same way.
	triesInARow = 3
	// firstPause and longestPause are for how long it is then left alone where time may heal it.
	firstPause   = 10 * time.Minute
	longestPause = 6 * time.Hour
)

// failing notes that the change failed, and that it is an alarm when it did so too often.
func (x *round) failing(ctx context.Context, c plan.Change, err error) {
	id, kind := c.ID(), provider.KindOf(err)
	f := Failing{Pair: c.Pair, What: c.What(), Kind: kind.String(), Cause: provider.CauseOf(err), Text: err.Error(),
		Hint: provider.HintOf(err), Since: x.now}
	if kind == provider.Conflict {
		f.Text, f.Hint = "each time somebody else seems to have changed the event at the same moment",
			"look at the event, and at what else writes to that calendar"
	}
	if was, ok := x.mem.Standing.Failing[id]; ok && was.What == f.What && was.Kind == f.Kind {
		f.Since, f.Rounds = was.Since, was.Rounds
	}
	if f.Rounds++; f.Rounds >= triesInARow {
		if kind == provider.Transient {
			f.Next = x.now.Add(min(longestPause, firstPause<<min(f.Rounds-triesInARow, 10)))
		}
		x.stuck(id, f)
		if c.Allowed { // once
			if _, err := x.Journal.Disallow(ctx, id); err != nil {
				x.Log.Error().Err(err).Msg("cannot take back what was allowed")
			}
		}
	}
	x.fails[id] = f
}

// stuck raises the alarm of a change that does not work.
func (x *round) stuck(id string, f Failing) {
	x.alarm(
		Subject{Matter: MatterChange, Name: id},
		Outage{Kind: f.Kind, Cause: f.Cause, Text: fmt.Sprintf("%s: %s", f.Pair, f.because()), Hint: f.Hint},
	)
}

func (f Failing) because() string {
	return fmt.Sprintf("it was tried in %d rounds: %s", f.Rounds, f.Text)
}

// stuckChanges are those that are not tried now, by id.
func (x *round) stuckChanges() map[string]plan.Stuck {
	out := map[string]plan.Stuck{}
	for id, f := range x.mem.Standing.Failing {
		if f.Rounds >= triesInARow && (f.Next.IsZero() || x.now.Before(f.Next)) {
			out[id] = plan.Stuck{What: f.What, Because: f.because()}
		}
	}
	return out
}

// stillFailing are the changes that failed in this round, or were not tried because they failed before.
func (x *round) stillFailing() map[string]Failing {
	undecided := x.undecided()
	held := map[string]bool{}
	for _, h := range x.out.Plan.Held {
		held[h.ID()] = h.Stuck
	}
	for id, f := range x.mem.Standing.Failing {
		if _, now := x.fails[id]; !now && (held[id] || undecided[f.Pair]) && !x.succeeded(id) {
			x.fails[id] = f
			if f.Rounds >= triesInARow {
				x.stuck(id, f)
			}
		}
	}
	return x.fails
}

func (x *round) succeeded(id string) bool {
	return slices.ContainsFunc(x.out.Applied, func(c plan.Change) bool { return c.ID() == id })
}
