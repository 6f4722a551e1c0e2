package reconcile

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"holdfast/internal/provider"
)

const (
	// grace is for how many times Patience writes are waited for of which none is answered, when others are done.
	grace = 10
	// alone is for how many times as long when none was answered.
	alone = 3
)

// lane is work on calendars that no other lane has to do with: the places in a list, in order.
type lane struct {
	server string // the settings' calendar
	work   []int
}

// lanesOf divides a list so that what shares a key is in one lane, each in the order of the list.
func lanesOf(keys [][]string, server func(i int) string) []lane {
	of := map[string]int{} // by key, the first place of its lane
	first := make([]int, len(keys))
	find := func(i int) int {
		for first[i] != i {
			i = first[i]
		}
		return i
	}
	for i, all := range keys {
		first[i] = i
		for _, k := range all {
			if j, known := of[k]; known {
				a, b := find(i), find(j)
				first[max(a, b)] = min(a, b)
			} else {
				of[k] = i
			}
		}
	}
	var out []lane
	at := map[int]int{}
	for i := range keys {
		r := find(i)
		k, known := at[r]
		if !known {
			k = len(out)
			at[r], out = k, append(out, lane{server: server(i)})
		}
		out[k].work = append(out[k].work, i)
	}
	return out
}

// inLanes does the work of all lanes, of each server some at a time, and returns what became of each. When none is
// answered for a while, or for twice as long as the slowest answer took, the context of those that are left ends: what
// became of a write that hangs, the next reading shows. Without Patience all is done in the order of the list.
func (r *Reconciler) inLanes(ctx context.Context, lanes []lane,
	do func(ctx context.Context, i int) error) map[int]error {
	out := map[int]error{}
	if r.Patience == 0 {
		var all []int
		for _, l := range lanes {
			all = append(all, l.work...)
		}
		for _, i := range slices.Sorted(slices.Values(all)) {
			out[i] = do(ctx, i)
		}
		return out
	}
	type answer struct {
		i    int
		err  error
		took time.Duration
	}
	inTime, hangUp := context.WithCancel(ctx)
	defer hangUp()
	turns, left := map[string]chan struct{}{}, 0
	for _, l := range lanes {
		left += len(l.work)
		if turns[l.server] == nil {
			turns[l.server] = make(chan struct{}, workers)
		}
	}
	answers := make(chan answer)
	var wg sync.WaitGroup
	defer wg.Wait()
	for _, l := range lanes {
		wg.Go(func() {
			turns[l.server] <- struct{}{}
			defer func() { <-turns[l.server] }()
			for _, i := range l.work {
				began := r.Clock()
				err := do(inTime, i)
				if err != nil && inTime.Err() != nil && ctx.Err() == nil {
					err = hung(err)
				}
				answers <- answer{i, err, r.Clock().Sub(began)}
			}
		})
	}
	for wait := grace * r.Patience; left > 0; {
		quiet := wait
		if len(out) == 0 {
			quiet *= alone
		}
		select {
		case a := <-answers:
			out[a.i], wait = a.err, max(wait, 2*a.took)
			left--
		case <-time.After(quiet):
			hangUp()
		}
	}
	return out
}

// hung is why a write failed that was given up; errNotTried stays.
func hung(err error) error {
	if errors.Is(err, errNotTried) {
		return err
	}
	return &provider.Error{
		Kind: provider.Transient,
		Op:   "write",
		Hint: "check that the server runs and no firewall is between",
		Err:  provider.Reached(context.DeadlineExceeded),
	}
}
