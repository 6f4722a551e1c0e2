package reconcile

import (
	"context"
	"slices"
	"sync"
	"time"
)

const (
	// grace is for how many times Patience writes are waited for of which none is answered, when others are done.
	grace = 10
	// alone is for how many times as long when there are no others.
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

// inLanes does the work of all lanes, of each server some at a time. When none is answered for a while, or for twice as
// long as the slowest answer took, the context of those that are left ends: what became of a write that hangs, the next
// reading shows. Without Patience all is done in the order of the list.
func (x *round) inLanes(ctx context.Context, lanes []lane, do func(ctx context.Context, i int)) {
	if x.Patience == 0 {
		var all []int
		for _, l := range lanes {
			all = append(all, l.work...)
		}
		slices.Sort(all)
		for _, i := range all {
			do(ctx, i)
		}
		return
	}
	ctx, hangUp := context.WithCancel(ctx)
	defer hangUp()
	turns := map[string]chan struct{}{}
	for _, l := range lanes {
		if turns[l.server] == nil {
			turns[l.server] = make(chan struct{}, workers)
		}
	}
	answers, ended := make(chan time.Duration), make(chan struct{})
	var wg sync.WaitGroup
	for _, l := range lanes {
		wg.Go(func() {
			turns[l.server] <- struct{}{}
			defer func() { <-turns[l.server] }()
			for _, i := range l.work {
				began := x.Clock()
				do(ctx, i)
				answers <- x.Clock().Sub(began)
			}
			ended <- struct{}{}
		})
	}
	wait := grace * x.Patience
	for left := len(lanes); left > 0; {
		quiet := wait
		if left == len(lanes) {
			quiet *= alone
		}
		select {
		case took := <-answers:
			wait = max(wait, 2*took)
		case <-ended:
			left--
		case <-time.After(quiet):
			hangUp()
		}
	}
	wg.Wait()
}
