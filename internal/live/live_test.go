package live

import (
	"cmp"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"holdfast/internal/series"
)

var (
	raj = series.Pair{Manager: "mia", Report: "raj"}
	ana = series.Pair{Manager: "mia", Report: "ana"}
	mia = series.Pair{Manager: "zoe", Report: "mia"}
)

// received is what the channel has now; nil for nothing.
func received(ch <-chan Event) *Event {
	select {
	case e, ok := <-ch:
		if ok {
			return &e
		}
	default:
	}
	return nil
}

func text(e *Event) string {
	if e == nil {
		return "nothing"
	}
	return fmt.Sprint(e.Pairs, e.Round)
}

func TestWhoHearsWhat(t *testing.T) {
	var h Hub
	defer h.Close()
	subscribers := map[string]<-chan Event{}
	for _, x := range []struct {
		name, person string
		admin        bool
	}{{"mia", "mia", false}, {"mia's other tab", "mia", false}, {"raj", "raj", false}, {"lee", "lee", false},
		{"an admin", "", true}, {"zoe, an admin", "zoe", true}, {"nobody", "", false}} {
		subscribers[x.name], _ = h.Subscribe(x.person, x.admin)
	}
	h.Publish(raj)
	h.Publish()
	h.Publish(mia, raj)
	for name, want := range map[string]string{
		"mia":             "[mia/raj zoe/mia] false",
		"mia's other tab": "[mia/raj zoe/mia] false",
		"raj":             "[mia/raj] false",
		"lee":             "nothing",
		"an admin":        "[] true",
		"zoe, an admin":   "[zoe/mia] true",
		"nobody":          "nothing",
	} {
		if got := text(received(subscribers[name])); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
		if got := received(subscribers[name]); got != nil {
			t.Errorf("%s hears it again: %v", name, got)
		}
	}
}

func TestEnds(t *testing.T) {
	var h Hub
	one, cancel := h.Subscribe("mia", true)
	other, _ := h.Subscribe("mia", true)
	cancel()
	cancel()
	h.Publish(raj)
	if _, ok := <-one; ok {
		t.Error("who has gone hears something")
	}
	h.Close()
	h.Close()
	h.Publish(ana)
	if e, ok := <-other; !ok || text(&e) != "[mia/raj] true" {
		t.Errorf("what was said before the end is lost: %v", e)
	}
	if _, ok := <-other; ok {
		t.Error("something comes after the end")
	}
	late, cancel := h.Subscribe("mia", true)
	cancel()
	if _, ok := <-late; ok {
		t.Error("who comes after the end hears something")
	}
}

// However slowly somebody reads, they hear of each of their pairs after it changed, and of no other.
func TestNothingIsLost(t *testing.T) {
	people := []string{"a", "b", "c", "d"}
	rapid.Check(t, func(t *rapid.T) {
		var h Hub
		defer h.Close()
		events, due := map[string]<-chan Event{}, map[string]map[series.Pair]bool{}
		for _, id := range people {
			events[id], _ = h.Subscribe(id, false)
			due[id] = map[series.Pair]bool{}
		}
		hears := func(id string) {
			e := received(events[id])
			if (e != nil) != (len(due[id]) > 0) {
				t.Fatalf("%s hears %v, due is %v", id, e, due[id])
			}
			if e == nil {
				return
			}
			if !slices.IsSortedFunc(e.Pairs, series.Pair.Compare) {
				t.Fatalf("not in order: %v", e.Pairs)
			}
			for _, p := range e.Pairs {
				if !due[id][p] {
					t.Fatalf("%s hears of %s, due is %v", id, p, due[id])
				}
				delete(due[id], p)
			}
			if len(due[id]) > 0 {
				t.Fatalf("%s does not hear of %v", id, due[id])
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"publish": func(t *rapid.T) {
				var pairs []series.Pair
				for range rapid.IntRange(0, 4).Draw(t, "pairs") {
					m := rapid.SampledFrom(people).Draw(t, "manager")
					r := rapid.SampledFrom(people).Draw(t, "report")
					if m != r {
						pairs = append(pairs, series.Pair{Manager: m, Report: r})
					}
				}
				h.Publish(pairs...)
				for _, p := range pairs {
					due[p.Manager][p], due[p.Report][p] = true, true
				}
			},
			"receive": func(t *rapid.T) { hears(rapid.SampledFrom(people).Draw(t, "who")) },
		})
		for _, id := range people {
			hears(id)
		}
	})
}

func TestSeats(t *testing.T) {
	s := Seats{Each: 2}
	one, ok1 := s.Take("mia")
	_, ok2 := s.Take("mia")
	_, ok3 := s.Take("mia")
	_, others := s.Take("raj")
	one()
	one()
	_, ok4 := s.Take("mia")
	_, ok5 := s.Take("mia")
	if !ok1 || !ok2 || ok3 || !others || !ok4 || ok5 {
		t.Error(ok1, ok2, ok3, others, ok4, ok5)
	}
}

// org has 5,000 subscribers of one pair each, and 50 pairs that changed.
func org(h *Hub) (events map[series.Pair]<-chan Event, changed []series.Pair) {
	events = map[series.Pair]<-chan Event{}
	for i := range 5000 {
		p := series.Pair{Manager: fmt.Sprintf("m%03d", i/7), Report: fmt.Sprintf("r%04d", i)}
		events[p], _ = h.Subscribe(p.Report, false)
		if i%100 == 0 {
			changed = append(changed, p)
		}
	}
	slices.SortFunc(changed, func(a, b series.Pair) int { return cmp.Compare(a.Report, b.Report) })
	return events, changed
}

// BenchmarkPublish: 5,000 subscribers, of whom 50 hear of something.
func BenchmarkPublish(b *testing.B) {
	var h Hub
	defer h.Close()
	events, changed := org(&h)
	for b.Loop() {
		h.Publish(changed...)
		for _, p := range changed {
			<-events[p]
		}
	}
}
