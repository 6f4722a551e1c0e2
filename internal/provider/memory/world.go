// Package memory is an honest calendar in memory: one server with several people, as real ones are, that fails when it
// is told to.
package memory

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"holdfast/internal/clock"
	"holdfast/internal/provider"
	"holdfast/internal/series"
)

// World is one calendar server. All its methods, and those of its calendars and hands, may be called at any time from
// anywhere.
type World struct {
	mu        sync.Mutex
	opts      Options
	calendars map[string]*Calendar // by person id
	addresses map[string]*Calendar
	version   int // of the last change anywhere: versions and cursors come from it
	made      int // objects whose id people's clients chose
	counts    Counts
	faults    func(Call) Fault
	slow      bool
	pending   map[[2]string]*object // by calendar and UID: what a slow server has yet to bring
}

// Options say what server a World is.
type Options struct {
	Clock clock.Clock
	// Schedules: the server itself brings copies to attendees and their answers back, at once (RFC 6638).
	Schedules bool
	// Quiet: attendees get no message about a write of mark or link alone.
	Quiet bool
}

// Counts are the writes that took effect and what came of them, those of Holdfast only: people's hands do not count.
type Counts struct {
	Writes     int // of Create, Update, Skip, Unskip, SetOverride, ClearOverride, End, Revive
	Deliveries int // of Deliver and Answer
	Mails      int // messages that a scheduling server sent to attendees because of Writes
}

// New is an empty server.
func New(opts Options) *World {
	return &World{opts: opts, calendars: map[string]*Calendar{}, addresses: map[string]*Calendar{}, pending: map[[2]string]*object{}}
}

// Join gives p an empty calendar, found by p.ID. Who has joined already keeps theirs, with p's addresses from now on.
func (w *World) Join(p series.Person) *Calendar {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := w.calendars[p.ID]
	if c == nil {
		c = &Calendar{world: w, objects: map[string]*object{}, tombstones: map[string]int{}}
		w.calendars[p.ID] = c
	}
	c.owner = p
	for _, a := range p.Addresses() {
		w.addresses[series.Address(a)] = c
	}
	return c
}

// Calendar is the person's calendar as Holdfast sees it; nil for a person who has not joined.
func (w *World) Calendar(person string) *Calendar {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.calendars[person]
}

// Hands act as the person on their own calendar. The person must have joined.
func (w *World) Hands(person string) *Hands { return &Hands{w.Calendar(person)} }

// Counts are those since the world began.
func (w *World) Counts() Counts {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.counts
}

// SetSlowCopies makes a scheduling server bring attendees the version before the one written. With false, what is
// still on its way arrives.
func (w *World) SetSlowCopies(slow bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.slow = slow
	if slow {
		return
	}
	for _, k := range slices.SortedFunc(maps.Keys(w.pending), func(a, b [2]string) int { return slices.Compare(a[:], b[:]) }) {
		w.calendars[k[0]].bring(w.pending[k])
		delete(w.pending, k)
	}
}

// Call is one call of a provider method.
type Call struct {
	Person string // whose calendar
	Op     string // the method in lower case: "observe", "create", …
}

// Fault is what goes wrong with one call.
type Fault int

// The faults. One that makes no sense for a call leaves it as it is.
const (
	None         Fault = iota
	LostAnswer         // what was asked is done, but the answer is Transient
	Raced              // somebody stores the event anew just before: the version is another
	Down               // Transient, nothing done
	Refused            // Auth, nothing done
	Broken             // Permanent, nothing done
	CursorLost         // Observe: the cursor has expired
	EmptyListing       // Observe: the cursor has expired, and the listing shows nothing of what is there
	Vanished           // Observe: the cursor has expired, and every look finds nothing
)

// SetFaults asks f about each call from now on; nil ends all faults. f is called one call at a time and must not call
// the world.
func (w *World) SetFaults(f func(Call) Fault) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults = f
}

// FailNth makes the n-th call (1: the next) that match accepts go wrong so, and no other. A nil match accepts all.
func (w *World) FailNth(n int, fault Fault, match func(Call) bool) {
	w.SetFaults(func(c Call) Fault {
		if match != nil && !match(c) {
			return None
		}
		if n--; n == 0 {
			return fault
		}
		return None
	})
}

// Calendar is one person's calendar on the server: a provider.Calendar.
type Calendar struct {
	world      *World
	owner      series.Person
	objects    map[string]*object
	tombstones map[string]int // id -> version of the deletion
}

var _ provider.Calendar = (*Calendar)(nil)

var (
	errStale = errors.New("the event has another version")
	errLost  = errors.New("the connection broke before the answer came")
)

// fail is an error of the calendar.
func fail(kind provider.Kind, op string, err error) error {
	e := &provider.Error{Kind: kind, Op: op, Err: err}
	if kind == provider.Auth {
		e.Hint = "share the calendar with the service account, or give it a new password"
	}
	return e
}

// enter begins a call: it tells the fault that it is to have, or the error with which it ends at once.
func (c *Calendar) enter(ctx context.Context, op string) (Fault, error) {
	if err := ctx.Err(); err != nil {
		return None, fail(provider.Transient, op, err)
	}
	if c.world.faults == nil {
		return None, nil
	}
	f := c.world.faults(Call{Person: c.owner.ID, Op: op})
	switch f {
	case Down:
		return f, fail(provider.Transient, op, errors.New("the server is down"))
	case Refused:
		return f, fail(provider.Auth, op, errors.New("not allowed"))
	case Broken:
		return f, fail(provider.Permanent, op, errors.New("the server refuses the request"))
	}
	return f, nil
}

// leave ends a call that did what it should.
func leave(f Fault, op string, ref series.Ref) (series.Ref, error) {
	if f == LostAnswer {
		return series.Ref{}, fail(provider.Transient, op, errLost)
	}
	return ref, nil
}

// store makes o the calendar's object of that id in a new version.
func (c *Calendar) store(o *object) series.Ref {
	c.world.version++
	o.seq = c.world.version
	o.event.Version = fmt.Sprintf("v%d", o.seq)
	c.objects[o.event.ID] = o
	delete(c.tombstones, o.event.ID)
	return o.event.Ref
}

// remove deletes the object and leaves a tombstone.
func (c *Calendar) remove(id string) {
	c.world.version++
	delete(c.objects, id)
	c.tombstones[id] = c.world.version
}

// byUID is the object with that UID; nil if there is none.
func (c *Calendar) byUID(uid string) *object {
	for _, o := range c.objects {
		if o.event.UID == uid {
			return o
		}
	}
	return nil
}

// owns reports whether the calendar's owner organizes the event, as far as one can see.
func (c *Calendar) owns(e series.Event) bool { return e.Organizer == "" || c.owner.Is(e.Organizer) }

// identity is the id and UID of a pair's series in a generation.
func identity(org string, p series.Pair, generation int) string {
	return fmt.Sprintf("holdfast-%s-%d@memory.invalid", p.Key(org), generation)
}

// named is what an id says of itself; zero for one that is none of ours.
func named(id string) provider.Named {
	rest, ok := strings.CutPrefix(id, "holdfast-")
	rest, ours := strings.CutSuffix(rest, "@memory.invalid")
	key, number, _ := strings.Cut(rest, "-")
	generation, err := strconv.Atoi(number)
	if !ok || !ours || err != nil {
		return provider.Named{}
	}
	return provider.Named{Key: key, Generation: generation}
}

// lower is the address as events carry it.
func lower(p series.Person) string { return strings.ToLower(p.Email) }
