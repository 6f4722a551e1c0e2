package reconcile

import (
	"context"
	"errors"
	"sync"
	"time"

	"holdfast/internal/provider"
	"holdfast/internal/series"
)

const (
	// workers is how many calendars of one server are begun to be read at once.
	workers = 8
	// lookPatience is how long one calendar may take to be read.
	lookPatience = 2 * time.Minute
)

// answer is what reading a calendar gave.
type answer struct {
	snap  series.Packed
	err   error
	late  bool // it is still being read
	began time.Time
}

// reading is one calendar that is being read. It may outlive the round that began it; the next one takes what it gives.
type reading struct {
	of        whose
	interest  string    // what it looks for
	confirmed bool      // provider.Interest's
	last      time.Time // of the snapshot that it goes on from
	began     time.Time
	done      chan struct{}
	snap      series.Packed
	err       error
	late      bool            // a round went on without it
	ready     func()          // Reconciler.Ready
	awaited   chan<- *reading // is told when it is done, by whoever waits for it last; it has room for that
}

// whose calendar a reading is of, as far as it depends on that.
type whose struct{ id, calendar, email, zone string }

func whoseIs(p series.Person) whose { return whose{p.ID, p.Calendar, p.Email, p.Zone} }

// readings are those under way and those that nobody took yet, by person.
type readings struct {
	ctx  context.Context // of all of them
	stop context.CancelFunc
	wg   sync.WaitGroup
	mu   sync.Mutex
	of   map[string]*reading
	over func() // ends Begin, and waits until it has ended
	took bool   // a round reads: Begin is of no use any more
}

func newReadings() *readings {
	r := &readings{of: map[string]*reading{}}
	r.ctx, r.stop = context.WithCancel(context.Background())
	return r
}

// Close ends the readings that no round waits for any more, and waits for them. No round may be made after it.
func (r *Reconciler) Close() {
	r.readings.stop()
	r.readings.wg.Wait()
}

// Complete is Once, and another round for what was late in it, as soon as that is read or has failed.
func (r *Reconciler) Complete(ctx context.Context) (Round, error) {
	out, err := r.Once(ctx)
	for err == nil && len(out.Late) > 0 {
		if err := r.readings.wait(ctx); err != nil {
			return out, err
		}
		first := out
		out, err = r.Once(ctx)
		out.First = first.First
		out.Applied = append(first.Applied, out.Applied...)
		out.Sections = append(first.Sections, out.Sections...)
		out.Delivered += first.Delivered
		out.Mails += first.Mails
		out.Edges.Opened = append(first.Edges.Opened, out.Edges.Opened...)
		out.Edges.Changed = append(first.Edges.Changed, out.Edges.Changed...)
		out.Edges.Closed = append(first.Edges.Closed, out.Edges.Closed...)
	}
	return out, err
}

// wait returns when nothing is being read.
func (r *readings) wait(ctx context.Context) error {
	r.mu.Lock()
	var all []*reading
	for _, x := range r.of {
		all = append(all, x)
	}
	r.mu.Unlock()
	for _, x := range all {
		select {
		case <-x.done:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// under reports whether the person's calendar is being read, or was and nobody took it yet.
func (r *readings) under(id string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.of[id] != nil
}

// take forgets the person's reading.
func (r *readings) take(id string, taken *reading) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.of[id] == taken {
		delete(r.of, id)
	}
}

// leave forgets those of people who are not among these, and are done.
func (r *readings) leave(people map[string]series.Person) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for id, x := range r.of {
		if _, still := people[id]; !still && x.isDone() {
			delete(r.of, id)
		}
	}
}

func (r *reading) isDone() bool {
	select {
	case <-r.done:
		return true
	default:
		return false
	}
}

// pass marks the reading as late and returns when it began.
func (r *readings) pass(x *reading) time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	x.late = true
	return x.began
}

// end makes the reading done and tells a round that went on without it.
func (r *readings) end(x *reading) {
	r.mu.Lock()
	close(x.done)
	if x.awaited != nil {
		x.awaited <- x
	}
	ready := x.ready
	if !x.late {
		ready = nil
	}
	r.mu.Unlock()
	if ready != nil {
		ready()
	}
}

// begin begins what is to be read, which fails already if its calendar could not be opened. Who reads is taken from
// those who wait for jobs, if anybody does, and waits for more of them afterwards, until the channel is closed; nil:
// nobody waits. The lock is held.
func (r *readings) begin(x *reading, jobs chan func(), read func(*reading)) *reading {
	r.of[x.of.id] = x
	if x.err != nil {
		close(x.done)
		return x
	}
	job := func() {
		read(x)
		r.end(x)
	}
	select {
	case jobs <- job:
	default:
		r.wg.Go(func() {
			job()
			if jobs == nil {
				return
			}
			for job := range jobs {
				job()
			}
		})
	}
	return x
}

// await has the channel told when the reading is done. The lock is held.
func (x *reading) await(arrivals chan<- *reading) {
	if x.isDone() {
		arrivals <- x
		return
	}
	x.awaited = arrivals
}

// look reads one calendar. Once a server let one reader wait in vain, the others of this round do not wait for it.
func look(ctx context.Context, cal provider.Calendar, hung *sync.Map, server string, last series.Packed,
	in provider.Interest) (series.Packed, error) {
	if _, is := hung.Load(server); is {
		return series.Packed{}, &provider.Error{
			Kind: provider.Transient,
			Op:   "observe",
			Err:  errors.New("its server did not answer another calendar in time"),
		}
	}
	inTime, cancel := context.WithTimeout(ctx, lookPatience)
	defer cancel()
	snap, err := cal.Observe(inTime, last, in)
	if err != nil && inTime.Err() != nil && ctx.Err() == nil {
		hung.Store(server, true)
	}
	return snap, err
}
