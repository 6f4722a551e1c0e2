package reconcile_test

import (
	"context"
	"maps"
	"sync"
	"testing"

	"holdfast/internal/provider/memory"
)

// What is read before the roster is known is read once: the first round takes it, but for what the roster has otherwise
// by now.
func TestBegin(t *testing.T) {
	x := newOrg(t, servers["delivers"])
	for _, pair := range []string{"mia/raj", "lee/ana"} {
		x.wish(pair, tuesdays, nil)
	}
	r, j := x.holdfast()
	x.once(r)
	x.quiet(r)
	var mu sync.Mutex
	reads := map[string]int{}
	x.world.SetFaults(func(c memory.Call) memory.Fault {
		mu.Lock()
		defer mu.Unlock()
		if c.Op == "observe" {
			reads[c.Person]++
		}
		return memory.None
	})
	lee := x.people["lee"]
	lee.Aliases = []string{"lee.kim@example.com"}
	x.people["lee"] = lee
	r = x.with(j)
	x.must(r.Begin(context.Background()))
	if want := map[string]int{"mia": 1, "raj": 1, "lee": 1, "ana": 1}; !maps.Equal(reads, want) {
		t.Errorf("before the round were read %v, want %v", reads, want)
	}
	x.once(r)
	if want := map[string]int{"mia": 1, "raj": 1, "lee": 2, "ana": 2}; !maps.Equal(reads, want) {
		t.Errorf("after the round were read %v, want %v: lee and whom lee meets are searched for otherwise", reads, want)
	}
	x.must(r.Begin(context.Background()))
	x.quiet(r)
	if want := map[string]int{"mia": 2, "raj": 2, "lee": 3, "ana": 3}; !maps.Equal(reads, want) {
		t.Errorf("Begin, called after a round, had %v read, want %v", reads, want)
	}
}
