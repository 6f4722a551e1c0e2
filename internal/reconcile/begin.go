package reconcile

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"holdfast/internal/drift"
	"holdfast/internal/plan"
	"holdfast/internal/provider"
	"holdfast/internal/series"
)

// given is what a round starts from. Nobody writes to it once begin has returned it.
type given struct {
	rules
	now       time.Time
	mem       Memory
	asks      []plan.Ask
	lines     lines                    // what the roster wants
	people    map[string]series.Person // to observe
	had       map[string][]series.Pair // by person, of which the journal has series or copies
	roster    RosterSeen
	origin    Origin // of the roster, without the day
	problems  error  // Desired.Problems
	unsettled pairs  // by the journal, or by who asked: they are judged in any case
	openOf    map[series.Pair][]drift.Flag
	outages   map[Subject]Outage // that the roster lacks addresses
}

// rules are the Options on which depends what a round decides.
type rules struct {
	org, zoneData string
	policy        plan.Policy
	settle        time.Duration
	part          int
	tends         func(series.Series) bool // Documents.Tends
}

func (o *Options) rules() rules {
	r := rules{org: o.Org, zoneData: o.ZoneData, policy: o.Policy, settle: o.Settle, part: o.Part,
		tends: func(series.Series) bool { return false }}
	if o.Documents != nil {
		r.tends = o.Documents.Tends
	}
	return r
}

// begin loads what a round starts from.
func (r *Reconciler) begin(ctx context.Context, asks []plan.Ask,
	roster func(Memory, time.Time) (Desired, error)) (*given, error) {
	now := r.Clock()
	mem, err := r.Journal.Load(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the journal: %w", err)
	}
	d, err := roster(mem, now)
	if err != nil {
		return nil, err
	}
	if mem, err = r.rename(ctx, mem, d); err != nil {
		return nil, err
	}
	g := &given{
		rules:     r.rules(),
		now:       now,
		mem:       mem,
		asks:      asks,
		had:       r.had(mem.Snapshots),
		roster:    RosterSeen{Digest: ends(d), Since: now},
		origin:    Origin{Sources: d.Sources, More: d.More},
		problems:  d.Problems,
		unsettled: underWay(mem),
		openOf:    map[series.Pair][]drift.Flag{},
	}
	if g.roster.Digest == mem.Standing.Roster.Digest {
		g.roster = mem.Standing.Roster
	}
	for _, a := range asks {
		g.unsettled[a.Pair] = true
	}
	for _, f := range mem.Open {
		g.openOf[f.Pair] = append(g.openOf[f.Pair], f)
	}
	g.people = observable(d, mem, now)
	other := otherAddresses(g.people, mem.Snapshots)
	for id := range other {
		g.people[id] = under(g.people[id], other)
	}
	g.lines, g.outages = linesOf(d.Series, other), misaddressed(other)
	r.readings.leave(g.people)
	return g, nil
}

// had is series.Had, as the last round had it if no calendar is another since.
func (r *Reconciler) had(snapshots map[string]series.Packed) map[string][]series.Pair {
	if r.left != nil && r.left.had != nil && r.left.saw(snapshots) {
		return r.left.had
	}
	return series.Had(maps.All(snapshots))
}

// wanted is what the roster wants.
func (r *Reconciler) wanted(_ Memory, now time.Time) (Desired, error) { return r.Roster(now) }

// rename gives what is remembered under earlier ids to the new ones, and returns what is then remembered.
func (r *Reconciler) rename(ctx context.Context, mem Memory, d Desired) (Memory, error) {
	renamed := false
	for _, id := range slices.Sorted(maps.Keys(d.People)) {
		for _, old := range d.People[id].Formerly {
			_, inUse := d.People[old]
			if _, remembered := mem.People[old]; !remembered || inUse {
				continue
			}
			if err := r.Journal.Rename(ctx, old, id); err != nil {
				return mem, fmt.Errorf("rename %s to %s in the journal: %w", old, id, err)
			}
			renamed = true
		}
	}
	if !renamed {
		return mem, nil
	}
	mem, err := r.Journal.Load(ctx)
	if err != nil {
		return mem, fmt.Errorf("read the journal: %w", err)
	}
	return mem, nil
}

// observable are the people whose calendars are read: those of the roster, and those removed from it who still
// have series of ours.
func observable(d Desired, mem Memory, now time.Time) map[string]series.Person {
	out := map[string]series.Person{}
	for id, p := range d.People {
		if p.Calendar != "" {
			out[id] = p
		}
	}
	for id, p := range mem.People {
		if _, known := d.People[id]; known || p.Calendar == "" {
			continue
		}
		s := mem.Snapshots[id].Events()
		left := slices.ContainsFunc(slices.Concat(s.Series, s.Copies), func(e series.Event) bool { return !e.Ended(now) })
		if left {
			out[id] = p
		}
	}
	return out
}

// otherAddresses are by person those that their own calendars say are theirs, and the roster lacks.
func otherAddresses(people map[string]series.Person, snapshots map[string]series.Packed) map[string][]string {
	other := map[string][]string{}
	for id, p := range people {
		for _, a := range snapshots[id].Owner() {
			if !p.Is(a) && !slices.Contains(other[id], a) {
				other[id] = append(other[id], a)
			}
		}
	}
	return other
}

// under is the person with the addresses that are theirs, too.
func under(p series.Person, other map[string][]string) series.Person {
	p.Aliases = append(slices.Clip(p.Aliases), other[p.ID]...)
	return p
}

// misaddressed are the outages of those whose calendars are under other addresses than the roster has.
func misaddressed(other map[string][]string) map[Subject]Outage {
	out := map[Subject]Outage{}
	for id := range other {
		out[Subject{Matter: MatterAddress, Person: id}] = Outage{
			Kind:  "address",
			Cause: "it is under another address than the roster's",
			Text:  fmt.Sprintf("the calendar of %s is under another address than the roster's", id),
			Hint:  "put it into the roster: `aliases:` at " + id + "; `holdfast doctor` shows it",
		}
	}
	return out
}

// asked reports whether the round is made at a person's command.
func (g *given) asked() bool { return len(g.asks) > 0 }

// askedFor reports whether somebody asked for something of the pair.
func (g *given) askedFor(p series.Pair) bool {
	return slices.ContainsFunc(g.asks, func(a plan.Ask) bool { return a.Pair == p })
}

// askedOf are the people of whom somebody asked for something.
func (g *given) askedOf() map[string]bool {
	out := map[string]bool{}
	for _, a := range g.asks {
		out[a.Pair.Manager], out[a.Pair.Report] = true, true
	}
	return out
}

// everybody are the people to observe, in order.
func (g *given) everybody() []string { return slices.Sorted(maps.Keys(g.people)) }

// interest is what a person's calendar is searched for.
func (g *given) interest(p series.Person) provider.Interest {
	in := provider.Interest{Org: g.org, Owner: p.Addresses(), Confirmed: g.mem.Confirmed[p.ID],
		ZoneData: g.zoneData}
	for _, i := range g.lines.of[p.ID] {
		w := &g.lines.all[i]
		in.Pairs = append(in.Pairs, provider.InterestPair{
			Pair:     w.Pair,
			Formerly: w.Formerly,
			Manager:  w.Manager.Addresses(),
			Report:   w.Report.Addresses(),
			Title:    w.Title,
		})
	}
	for _, pair := range g.had[p.ID] {
		same := func(y provider.InterestPair) bool { return y.Pair == pair }
		if in.Now(pair) != pair || slices.ContainsFunc(in.Pairs, same) {
			continue
		}
		in.Pairs = append(in.Pairs, provider.InterestPair{
			Pair:    pair,
			Manager: g.addresses(pair.Manager),
			Report:  g.addresses(pair.Report),
		})
	}
	return in
}

// addresses are those of somebody whom the roster has or had.
func (g *given) addresses(id string) []string {
	if p, ok := g.people[id]; ok {
		return p.Addresses()
	}
	if p, ok := g.mem.People[id]; ok {
		return p.Addresses()
	}
	return nil
}

// underWay are the pairs that are judged in any case, as the journal has them: something is not done, or waits for a
// second look.
func underWay(mem Memory) pairs {
	out := pairs{}
	for _, p := range mem.Pending {
		out[p.Pair] = true
	}
	for to := range mem.Tries {
		out[to.Pair] = true
	}
	for _, h := range mem.Standing.Held {
		out[h.Pair] = true
	}
	for _, f := range mem.Standing.Failing {
		out[f.Pair] = true
	}
	for _, w := range mem.Standing.Wrote {
		out[w.Pair] = true
	}
	for s := range mem.Outages {
		out[s.Pair] = true
	}
	delete(out, series.Pair{})
	return out
}

// window is the time over which busy times are expanded.
func (g *given) window() (from, to time.Time) {
	return series.Ahead(g.now, -7), series.Ahead(g.now, 7*(g.policy.HorizonWeeks+1)+1)
}
