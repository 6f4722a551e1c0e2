package reconcile

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
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

// unlisted are the events that were written and proven, and that the listings of their calendars do not show so yet.
type unlisted struct {
	of     map[string]Wrote // by wroteKey
	behind map[string]bool  // of these, what this round found the listing behind with
	ended  map[string]bool  // ids of the events that this round ended
}

// clone can be written to.
func (u unlisted) clone() unlisted {
	return unlisted{merged(u.of, nil), merged(u.behind, nil), merged(u.ended, nil)}
}

// on reports whether one is on the person's calendar.
func (u unlisted) on(person string) bool {
	for _, w := range u.of {
		if w.Person == person {
			return true
		}
	}
	return false
}

// standing are those on the calendars of people who are still observed.
func (u unlisted) standing(people map[string]series.Person) map[string]Wrote {
	out := u.clone().of
	maps.DeleteFunc(out, func(_ string, w Wrote) bool { return people[w.Person].ID == "" })
	return out
}

// own is gone with a note on those absences that this round itself made: a series that had never met is removed when it
// is ended.
func (u unlisted) own(gone []series.Gone) []series.Gone {
	if len(u.ended) == 0 {
		return gone
	}
	gone = slices.Clone(gone)
	for i, g := range gone {
		gone[i].Ours = g.Ours || u.ended[g.ID]
	}
	return gone
}

// prove reads the event that the steps have written, and says what it should show and does not. What was proven is
// remembered until the calendar's listing shows it.
func prove(ctx context.Context, g *given, cal provider.Calendar, c plan.Change, ref series.Ref, before *series.Event,
	to *written) error {
	key := wroteKey(c.Calendar, ref.ID)
	w, again := to.wrote(key)
	if !again {
		w = Wrote{Person: c.Calendar, ID: ref.ID, Pair: c.Pair, Created: before == nil}
	}
	w.At, w.Rounds = g.now, 0
	if before != nil {
		w.Before = append(slices.Clip(w.Before), content(*before))
	}
	e, err := cal.Read(ctx, ref.ID, g.interest(g.people[c.Calendar]))
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
	to.prove(key, w)
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
// reading tells that from what a person did since. What it does show is no longer among u. It returns what has not
// shown for too long.
func (r *Reconciler) catchUp(ctx context.Context, g *given, cals *calendars, person string, s *series.Snapshot,
	u unlisted) map[Subject]Outage {
	out := map[Subject]Outage{}
	for key, w := range u.of {
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
			delete(u.of, key)
			continue
		}
		cal, err := cals.calendar(g.people[person])
		var e series.Event
		if err == nil {
			e, err = cal.Read(ctx, w.ID, g.interest(g.people[person]))
		}
		missing := err != nil && provider.KindOf(err) == provider.NotFound
		switch {
		case err != nil && !missing: // not known: as it was listed
			continue
		case missing && !listed, !missing && listed && content(e) == shown: // a person was at it, and the listing is right
			delete(u.of, key)
			continue
		case missing:
			gone := series.Gone{ID: w.ID, Pair: s.Series[at].Mark.Pair, Generation: s.Series[at].Mark.Generation, Since: g.now,
				Proven: true, Ours: w.Removed, Last: s.Series[at]}
			s.Series, s.Gone = slices.Delete(slices.Clone(s.Series), at, at+1), append(slices.Clip(s.Gone), gone)
		case listed:
			e.Earlier = s.Series[at].Earlier
			s.Series = slices.Clone(s.Series)
			s.Series[at] = e
		default:
			s.Series = append(slices.Clip(s.Series), e)
			s.Gone = slices.DeleteFunc(slices.Clone(s.Gone), func(g series.Gone) bool { return g.ID == w.ID })
		}
		if !u.behind[key] {
			u.behind[key] = true
			w.Rounds++
			u.of[key] = w
		}
		if w.Rounds >= behindRounds || w.Created && !listed && w.At.Before(g.now) {
			out[Subject{Matter: MatterListing, Pair: w.Pair}] = Outage{
				Kind:  unseen,
				Cause: "the series is there, and is not listed as it is",
				Text: fmt.Sprintf("the calendar of %s has the series of %s, and does not list it as it is",
					person, w.Pair),
				Hint: "a cache or proxy before the calendar server may be at fault; `holdfast doctor` tries it",
			}
		}
		r.Log.Debug().Str("person", person).Stringer("pair", w.Pair).Int("rounds", w.Rounds).Msg("the listing is behind")
	}
	return out
}
