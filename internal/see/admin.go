package see

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"holdfast/internal/act"
	"holdfast/internal/notify"
	"holdfast/internal/outbox"
	"holdfast/internal/plan"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
)

// Daemon is what runs, for admins.
type Daemon interface {
	Rounds() []RoundLine                      // the last ones, newest first
	Queue(ctx context.Context) (Queue, error) // what waits to be done
	Problems() []string                       // why the roster as it stands is not used, each with file:line; nil: it is
	// Unreached are the ids of people who want messages by a channel that there is, and whom none reaches.
	Unreached(ctx context.Context) ([]string, error)
}

// RoundLine is a round that was made.
type RoundLine struct {
	At     time.Time
	Took   time.Duration
	Reason string // why it was made: "start", "poll", "signal", "roster", "late", "push" or "act"
	Err    string // why it came to nothing; "": it did not
	Pairs  int
	Judged int // pairs of which something else was known than before
	Read   int // calendars
	Writes int
	Mails  int
	Held   int
	Opened int // flags
	Closed int
	Failed int // what did not work
}

// Queue is how many jobs there are of each kind.
type Queue struct {
	Waiting, Running, Retried map[string]int
	Oldest                    time.Time // since when one waits that is due; zero: none
}

// Admin is how things are, with nothing about how two people meet.
type Admin struct {
	Made
	Pairs, People, Calendars int
	States                   map[reconcile.State]int
	Brakes                   []Brake  // what limits hold, to be allowed
	Waits                    []Waits  // what one of the two has to decide, and what waits for the roster to stand
	Outages                  []Outage // by cause, those that strike most first
	Problems                 []string // of the roster, each with file:line
	Rounds                   []RoundLine
	Queue                    Queue
	Failed                   []Failed // notices of the last two weeks that no channel took, newest first
	Unreached                []Party  // people without a channel that works
	Figures                  []Quarter
}

// Brake is a limit that holds changes.
type Brake struct {
	Action  plan.Action
	Because string
	Changes []Change
	Mails   int
}

// Change is a change as admins see it: no times, no slots.
type Change struct {
	ID, Digest string // what allowing it is conditional on
	Pair       series.Pair
	Action     plan.Action
	Mails      int
	Because    string
	Stuck      bool // it failed too often to be tried again by itself
}

// Waits is a change that waits for no admin.
type Waits struct {
	Pair   series.Pair
	Action plan.Action
	Settle bool // until the roster has stood for a while; else one of the two has to decide
}

// Failed is a notice that nobody was given.
type Failed struct {
	Who Party
	At  time.Time
	Why string // one word: a notify.Reason, or the kind of a channel's error
}

// Outage is what is out, by cause.
type Outage struct {
	Matter reconcile.Matter
	Where  string // settings' calendar; "" where it is of none
	Kind   string
	Cause  string
	Hint   string
	Since  time.Time
	People []Party       // whose calendars
	Pairs  []series.Pair // that are stale for it, or whose document or listing it is
	Names  []string      // of what is neither
}

// Planned is what would be written, in kinds and counts: what the last round left to be done.
type Planned struct {
	Made
	Counts map[plan.Action]int
	Mails  int
	Held   []Change // by limits
	Waits  []Waits
}

// PairState is a pair as admins see it.
type PairState struct {
	Pair    series.Pair
	Parties [2]Party
	State   reconcile.State
	Why     []Reason // of stale
}

// Calendar is a person's, as admins see it.
type Calendar struct {
	Who    Party
	Server string    // name in the settings; "" none
	Read   time.Time // zero: never
	Push   time.Time // until when the server tells of changes; zero: it does not
	Outage *Outage   // of it alone; nil: it can be read
}

// failedDays is for how many days notices are shown that nobody was given.
const failedDays = 14

// Admin is /admin; ErrNotIn for who is none.
func (s *See) Admin(ctx context.Context, who act.Actor) (Admin, error) {
	if err := s.admin(who); err != nil {
		return Admin{}, err
	}
	made, err := s.made(ctx)
	if err != nil {
		return Admin{}, err
	}
	all, err := s.overview(ctx)
	if err != nil {
		return Admin{}, err
	}
	out := Admin{
		Made:    made,
		Pairs:   len(all.pairs),
		People:  len(s.People()),
		States:  maps.Clone(all.states),
		Brakes:  brakes(all.planned.Held),
		Waits:   slices.Clone(all.planned.Waits),
		Outages: slices.Clone(all.outages),
	}
	for _, id := range s.People() {
		if p, _ := s.Person(id); p.Calendar != "" {
			out.Calendars++
		}
	}
	unsent, err := s.Journal.Unsents(ctx, out.At.AddDate(0, 0, -failedDays))
	if err != nil {
		return Admin{}, err
	}
	for _, u := range unsent {
		if u.Why != string(notify.Gone) { // there was nothing to tell any more
			out.Failed = append(out.Failed, Failed{s.party(u.Reader, "", ""), u.At, u.Why})
		}
	}
	if s.Daemon != nil {
		if err := out.daemon(ctx, s); err != nil {
			return Admin{}, err
		}
	}
	out.Figures, err = s.figures(ctx, out.At, all.pairs)
	return out, err
}

func (a *Admin) daemon(ctx context.Context, s *See) error {
	a.Rounds, a.Problems = s.Daemon.Rounds(), s.Daemon.Problems()
	queue, err := s.Daemon.Queue(ctx)
	unreached, failed := s.Daemon.Unreached(ctx)
	if err := errors.Join(err, failed); err != nil {
		return err
	}
	a.Queue = queue
	for _, id := range unreached {
		a.Unreached = append(a.Unreached, s.party(id, "", ""))
	}
	return nil
}

// AdminPlan is what would be written, in kinds and counts.
func (s *See) AdminPlan(ctx context.Context, who act.Actor) (Planned, error) {
	if err := s.admin(who); err != nil {
		return Planned{}, err
	}
	made, err := s.made(ctx)
	if err != nil {
		return Planned{}, err
	}
	all, err := s.overview(ctx)
	if err != nil {
		return Planned{}, err
	}
	out := all.planned
	out.Made, out.Counts = made, maps.Clone(out.Counts)
	out.Held, out.Waits = slices.Clone(out.Held), slices.Clone(out.Waits)
	return out, nil
}

// overview is what admins see of all pairs. Nobody may write to it.
type overview struct {
	revision int64
	pairs    []series.Pair
	states   map[reconcile.State]int
	planned  Planned // without Made
	outages  []Outage
}

// overview is as of the journal's last change: to read all pairs for each page of each admin would take a large org
// long, and after most rounds nothing is another.
func (s *See) overview(ctx context.Context) (*overview, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	revision, err := s.Journal.Revision(ctx)
	if err != nil {
		return nil, err
	}
	if s.all != nil && s.all.revision == revision {
		return s.all, nil
	}
	left, err := s.Journal.Left(ctx, "", false)
	if err != nil {
		return nil, fmt.Errorf("what the last round left: %w", err)
	}
	all := &overview{revision: revision, states: map[reconcile.State]int{}, outages: s.outages(left)}
	if all.planned, err = s.planned(ctx, left.Rows); err != nil {
		return nil, err
	}
	flagged := map[series.Pair]int{}
	for i := range left.Flags {
		flagged[left.Flags[i].Pair]++
	}
	for i := range left.Rows {
		row := &left.Rows[i]
		all.pairs = append(all.pairs, row.Pair)
		all.states[row.At(s.Clock(), flagged[row.Pair], left.Outages).State]++
	}
	s.all = all
	return all, nil
}

// AdminPairs are the states of all pairs, by pair.
func (s *See) AdminPairs(ctx context.Context, who act.Actor) ([]PairState, error) {
	if err := s.admin(who); err != nil {
		return nil, err
	}
	now := s.Clock()
	left, flagged, err := s.left(ctx, "", now)
	if err != nil {
		return nil, err
	}
	out := make([]PairState, len(left.Rows))
	for i := range left.Rows {
		row := &left.Rows[i]
		status := row.At(now, len(flagged[row.Pair]), left.Outages)
		out[i] = PairState{row.Pair, s.parties(row), status.State, s.reasons(status.Why)}
	}
	return out, nil
}

// AdminCalendars are everybody's calendars, by person.
func (s *See) AdminCalendars(ctx context.Context, who act.Actor) ([]Calendar, error) {
	if err := s.admin(who); err != nil {
		return nil, err
	}
	read, err := s.Journal.Readings(ctx, "")
	pushed, err2 := s.Journal.Pushed(ctx)
	left, err3 := s.Journal.Left(ctx, ":", false) // of no pair: its outages
	if err := errors.Join(err, err2, err3); err != nil {
		return nil, err
	}
	now := s.Clock()
	var out []Calendar
	for _, id := range s.People() {
		p, _ := s.Person(id)
		c := Calendar{Who: Party{p.ID, p.Name, p.Zone}, Server: p.Calendar, Read: read[id]}
		if pushed[id].After(now) {
			c.Push = pushed[id]
		}
		if o, broken := left.Outages[reconcile.CalendarOf(id)]; broken {
			c.Outage = &Outage{Where: p.Calendar, Kind: o.Kind, Cause: cmp.Or(o.Cause, o.Text), Hint: o.Hint, Since: o.Since}
		}
		out = append(out, c)
	}
	return out, nil
}

// planned is what the last round left to be done, and these rows.
func (s *See) planned(ctx context.Context, rows []reconcile.StatusRow) (out Planned, err error) {
	standing, err := s.Journal.Standing(ctx)
	if err != nil {
		return out, err
	}
	out.Counts = map[plan.Action]int{}
	for id, h := range standing.Held {
		out.Held = append(out.Held, Change{
			ID:      id,
			Digest:  h.Digest,
			Pair:    h.Pair,
			Action:  h.Action,
			Mails:   h.Mails,
			Because: h.Because,
			Stuck:   h.Stuck,
		})
		out.Counts[h.Action]++
		out.Mails += h.Mails
	}
	slices.SortFunc(out.Held, func(a, b Change) int {
		return cmp.Or(cmp.Compare(a.Action, b.Action), a.Pair.Compare(b.Pair), cmp.Compare(a.ID, b.ID))
	})
	for i := range rows {
		for _, h := range rows[i].Held {
			if _, limit := standing.Held[h.ID()]; !limit && !h.Brake {
				out.Waits = append(out.Waits, Waits{h.Pair, h.Action, h.Waits})
				out.Counts[h.Action]++
				out.Mails += h.Mails
			}
		}
	}
	return out, nil
}

// brakes are the changes that limits hold, by limit.
func brakes(held []Change) (out []Brake) {
	for _, c := range held {
		at := slices.IndexFunc(out, func(b Brake) bool { return b.Action == c.Action && b.Because == c.Because })
		if at < 0 {
			at = len(out)
			out = append(out, Brake{Action: c.Action, Because: c.Because})
		}
		out[at].Changes = append(out[at].Changes, c)
		out[at].Mails += c.Mails
	}
	return out
}

// outages are what is out, by cause. Of a change that does not work only the cause is told, and how many there are.
func (s *See) outages(left reconcile.Left) (out []Outage) {
	where := func(id string) string {
		p, _ := s.Person(id)
		return p.Calendar
	}
	causes := outbox.Causes(left.Outages, where)
	for _, key := range slices.Sorted(maps.Keys(causes)) {
		of := causes[key]
		o := left.Outages[of[0]]
		x := Outage{Matter: of[0].Matter, Where: where(of[0].Person), Kind: o.Kind, Cause: cmp.Or(o.Cause, o.Text),
			Hint: o.Hint, Since: o.Since}
		strikes := map[string]bool{}
		for _, subject := range of {
			if since := left.Outages[subject].Since; since.Before(x.Since) {
				x.Since = since
			}
			switch {
			case subject.Person != "":
				x.People = append(x.People, s.party(subject.Person, "", ""))
				strikes[subject.Person] = subject.Matter == reconcile.MatterCalendar
			case subject.Pair != series.Pair{}:
				x.Pairs = append(x.Pairs, subject.Pair)
			case subject.Name != "":
				x.Names = append(x.Names, subject.Name)
			}
		}
		for i := range left.Rows {
			if p := left.Rows[i].Pair; strikes[p.Manager] || strikes[p.Report] {
				x.Pairs = append(x.Pairs, p)
			}
		}
		out = append(out, x)
	}
	slices.SortStableFunc(out, func(a, b Outage) int {
		return cmp.Compare(len(b.People)+len(b.Pairs)+len(b.Names), len(a.People)+len(a.Pairs)+len(a.Names))
	})
	return out
}
