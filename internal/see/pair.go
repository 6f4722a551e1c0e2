package see

import (
	"context"
	"fmt"
	"slices"
	"time"

	"holdfast/internal/access"
	"holdfast/internal/act"
	"holdfast/internal/deed"
	"holdfast/internal/drift"
	"holdfast/internal/outbox"
	"holdfast/internal/plan"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
)

// Pair is all that the two of a pair see of it.
type Pair struct {
	Made
	Pair    series.Pair
	As      As       // what the reader is in it; "" in the shell
	Parties [2]Party // manager and report
	Slot    series.Slot
	Wanted  series.Slot // zero: Holdfast chooses it
	Length  time.Duration
	Place   string
	Agenda  string // link to the document; "" where there is none
	Linked  bool   // the roster gives the link
	Next    *Coming
	State   reconcile.State // "" where the roster has the pair no more
	Why     []Reason        // of stale
	Flags   []Flag          // the open ones, those of the series first, then by meeting
	Held    []plan.Held     // without Steps, and with Because and Why only where they are about the two alone
	Weeks   []Week          // the last 26, oldest first
	Kept    *float64        // share of Counted
	Counted int             // weeks of all of the record that count
	Coming  []Coming        // those booked in the next ten weeks, and not over
	Lost    []Week          // of Weeks those that were not kept as booked, newest first
	Told    []Told          // in the last half year, newest first
	Deeds   []Deed          // likewise
	Looked  []Look          // likewise
	May     []act.Deed      // what the reader may do about Held, or about no flag
}

// Other is the one who is not the reader; in the shell the report.
func (p *Pair) Other() Party {
	_, at := as(p.Pair, p.reader())
	return p.Parties[at]
}

func (p *Pair) reader() string {
	switch p.As {
	case Manager:
		return p.Pair.Manager
	case Report:
		return p.Pair.Report
	}
	return ""
}

// Coming is a meeting to come, or a week without.
type Coming struct {
	Date   series.Date // the booked day
	Booked time.Time   // by the slot, in its zone; zero where there is none
	Start  time.Time   // as the calendar has it, in the slot's zone; zero: it does not take place
	OnSlot bool        // it takes place as booked
	MadeUp bool        // it stands where Holdfast made up for it, at a person's command
	Skip   string      // why it is skipped: series.Leave, Holiday or OutOfOffice; "" where it is not
	Flags  []string    // ids of the open flags about it, those of collisions that repeat on its day with them
	Clocks [2]Clock    // of manager and report
}

// Clock is what one's clock shows at the start, or where there is none at the booked one.
type Clock struct {
	Date    series.Date
	At      series.TimeOfDay
	Shifted bool // clocks change: the slot is at another time of day than the time before
}

// Reason is why a calendar is not up to date.
type Reason struct {
	Who   Party
	Since time.Time
	Kind  string // as reconcile.Outage has it
	Cause string // words that are the same for everybody whom that strikes
}

// Told is something that one of the two was told about the pair; its flag is as the reader may see it.
type Told struct {
	Who Party
	outbox.Entry
}

// Deed is something that somebody did about the pair.
type Deed struct {
	Who Party // zero: in the shell, or an admin who is not in the roster
	deed.Deed
	About drift.Kind // of the flag that it is about; "" where it is about none, or that is not known any more
}

// Look is that somebody looked at something about the pair.
type Look struct {
	Who Party // zero: in the shell
	access.Visit
}

// How many of what was told, and of who looked, a page has.
const (
	mostTold   = 100
	mostLooked = 50
)

// Pair is the page of a pair, for its two, whether the roster has it still or not; ErrNotYours for everybody else but
// the shell.
func (s *See) Pair(ctx context.Context, who act.Actor, p series.Pair) (Pair, error) {
	if who.From != act.Shell {
		if _, err := s.in(who); err != nil || !p.Has(who.Person) {
			return Pair{}, ErrNotYours
		}
	}
	out := Pair{Pair: p}
	out.As, _ = as(p, who.Person)
	var err error
	if out.Made, err = s.made(ctx); err != nil {
		return Pair{}, err
	}
	left, flagged, err := s.left(ctx, p.String(), out.At)
	if err != nil {
		return Pair{}, err
	}
	today, _ := series.WallClock(out.At, "UTC")
	since := firstWeek(today, pairWeeks).Monday()
	outcomes, err := s.Journal.Outcomes(ctx, p, since)
	if err != nil {
		return Pair{}, fmt.Errorf("the record of %s: %w", p, err)
	}
	if out.Counted, err = s.Journal.Counted(ctx, p); err != nil {
		return Pair{}, fmt.Errorf("the record of %s: %w", p, err)
	}
	past, err := s.Journal.FlagsOf(ctx, p, since)
	if err != nil {
		return Pair{}, fmt.Errorf("flags of %s: %w", p, err)
	}
	row := reconcile.StatusRow{Pair: p}
	switch {
	case len(left.Rows) > 0:
		row = left.Rows[0]
	case len(outcomes)+len(past) == 0:
		return Pair{}, ErrNotYours // there never was such a pair
	}
	out.stands(s, who, &row, flagged[p], left.Outages)
	out.Weeks = weeks(outcomes, today, pairWeeks)
	instead(out.Weeks, past, row.Slot.Zone)
	out.Lost = lost(out.Weeks)
	if out.Told, err = s.told(ctx, who, &out, since); err != nil {
		return Pair{}, err
	}
	if err := s.logs(ctx, &out, since); err != nil {
		return Pair{}, err
	}
	about := map[string]drift.Kind{}
	for i := range past {
		about[past[i].ID()] = past[i].Kind
	}
	for i := range out.Deeds {
		out.Deeds[i].About = about[out.Deeds[i].Flag]
	}
	return out, nil
}

// stands is how the pair stands.
func (p *Pair) stands(s *See, who act.Actor, row *reconcile.StatusRow, open []reconcile.FlagRow,
	outages map[reconcile.Subject]reconcile.Outage) {
	status := row.At(p.At, len(open), outages)
	p.Parties = s.parties(row)
	p.Slot, p.Wanted, p.Length = row.Slot, row.Wanted, row.Length
	p.Place, p.Agenda, p.Linked = row.Place, row.PrepDoc, row.Linked
	p.State, p.Kept, p.Why = status.State, row.Kept, s.reasons(status.Why)
	p.Flags, p.Held = flags(who, row, open), held(row.Held)
	p.Coming = coming(row, p.At, drifts(open))
	p.Next = next(row, p.Coming, status.Next)
	if len(p.Held) > 0 {
		p.May = decide(who, p.Pair)
	}
	if p.State != "" && act.May(who, act.Request{Deed: act.Invite, Pair: p.Pair}, nil) == "" {
		p.May = append(p.May, act.Invite)
	}
}

// told is what the two were told about the pair since the day.
func (s *See) told(ctx context.Context, who act.Actor, p *Pair, since series.Date) ([]Told, error) {
	past, err := s.Journal.ToldOf(ctx, p.Pair, [2]string{p.Pair.Manager, p.Pair.Report}, series.Instant(since, 0, "UTC"),
		mostTold)
	if err != nil {
		return nil, fmt.Errorf("what was told about %s: %w", p.Pair, err)
	}
	matters, err := s.Journal.MattersOf(ctx, p.Pair)
	if err != nil {
		return nil, fmt.Errorf("what was told about %s: %w", p.Pair, err)
	}
	var out []Told
	for _, e := range outbox.Entries(past, matters) {
		if e.State == outbox.Untold { // it stood before anybody was told of anything
			continue
		}
		e.Matter.Flag = who.Sees(e.Matter.Flag)
		out = append(out, Told{Who: s.somebody(p, e.Reader), Entry: e})
	}
	return out, nil
}

// logs are who did what about the pair since the day, and who looked.
func (s *See) logs(ctx context.Context, p *Pair, since series.Date) error {
	deeds, err := s.Journal.Deeds(ctx, p.Pair.String(), series.Instant(since, 0, "UTC"))
	if err != nil {
		return fmt.Errorf("what was done about %s: %w", p.Pair, err)
	}
	for _, d := range slices.Backward(deeds) {
		p.Deeds = append(p.Deeds, Deed{Who: s.somebody(p, d.Who), Deed: d})
	}
	visits, err := s.Journal.Visits(ctx, p.Pair, mostLooked)
	if err != nil {
		return fmt.Errorf("who looked at %s: %w", p.Pair, err)
	}
	for _, v := range visits {
		p.Looked = append(p.Looked, Look{s.somebody(p, v.Who), v})
	}
	return nil
}

// somebody is one of the two, or whoever else it is.
func (s *See) somebody(p *Pair, id string) Party {
	for _, x := range p.Parties {
		if x.ID == id {
			return x
		}
	}
	if id == "" {
		return Party{}
	}
	return s.party(id, "", "")
}
