package instance_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"holdfast/internal/slotting"
	"holdfast/internal/slotting/instance"
)

const small = `{"format":"one2one-instance/1","name":"small","grid":2,"weeks":2,"start":"2026-03-02","row_max":3,
"weights":{"unplaced":100000,"collision":10,"prefer_mgr":6,"prefer_rep":4,"avoid":15,"edge":8,"odd":2,"row":12,"day":6,"move":1000},
"zones":[{"name":"Europe/Berlin","offset":[4,4]},{"name":"Europe/London","offset":[0,0]}],
"sites":[{"zone":1,"rooms":7}],
"people":[{"mgr":-1,"zone":1,"work":[[36,72]],"core":[36,70],"busy":[[40,4,3,1],[50,2,1,0],[36,36,2,2]],"mode":2},
 {"mgr":0,"zone":0,"work":[[36,72]],"core":[36,70],"busy":[],"prefer":[[60,72]],"avoid":[[48,52]]}],
"pairs":[[0,1,4,-1,44,1]]}`

func TestRead(t *testing.T) {
	want := &slotting.Problem{Grid: 2, Weeks: 2, RowMax: 3, Weights: slotting.DefaultWeights, Zones: [][]int{{4, 4}, {0, 0}}, Rooms: []slotting.Rooms{{Zone: 1, Count: 7}},
		People: []slotting.Person{
			{ID: "0000000", Zone: 1, Work: []slotting.Window{{From: 36, To: 72}}, Core: slotting.Window{From: 36, To: 70}, Prefer: []slotting.Window{}, Avoid: []slotting.Window{}, Mode: slotting.Spread,
				Busy: []slotting.Busy{{Start: 40, Length: 4, Mask: 3, Hard: true}, {Start: 50, Length: 2, Mask: 1}, {Start: 36, Length: 36, Mask: 2}}},
			{ID: "0000001", Work: []slotting.Window{{From: 36, To: 72}}, Core: slotting.Window{From: 36, To: 70}, Prefer: []slotting.Window{{From: 60, To: 72}}, Avoid: []slotting.Window{{From: 48, To: 52}}, Busy: []slotting.Busy{}}},
		Pairs: []slotting.Pair{{Manager: 0, Report: 1, Zone: 1, Duration: 4, Pinned: slotting.None, Current: 44, Leave: slotting.None}}}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write([]byte(small)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	for _, b := range [][]byte{[]byte(small), packed.Bytes()} {
		got, err := instance.Read(b)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	for _, c := range []struct{ old, new, want string }{
		{"one2one-instance/1", "one2one-instance/2", `the format is "one2one-instance/2", not "one2one-instance/1"`},
		{`"pairs":[[0,1`, `"pairs":[[2,1`, "a pair with manager 2 of 2 people"},
		{`[0,1,4,-1,44,1]`, "[0,1,4]", "pairs: row 0 has 3 numbers, not 6"},
		{`[50,2,1,0]`, "[50,2,1,0,1]", "person 0: busy: row 1 has 5 numbers, not 4"},
		{`[60,72]`, "[60]", "person 1: prefer: row 0 has 1 numbers, not 2"},
		{`"core":[36,70],`, "", "person 0: core: row 0 has 0 numbers, not 2"},
		{small, "nonsense", "read: invalid character 'o' in literal null (expecting 'u')"},
		{small, "\x1f\x8b", "unpack: unexpected EOF"},
	} {
		_, err := instance.Read([]byte(strings.Replace(small, c.old, c.new, 1)))
		if diff := cmp.Diff(c.want, fmt.Sprint(err)); diff != "" {
			t.Error(diff)
		}
	}
}

func TestWrite(t *testing.T) {
	got, err := instance.Write(slotting.Solution{Slots: []int{36, slotting.None}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(`{"format":"one2one-assignment/1","slots":[36,-1]}`+"\n", string(got)); diff != "" {
		t.Error(diff)
	}
}

// Whatever is read is solved or refused, and what is solved breaks no rule.
func FuzzRead(f *testing.F) {
	f.Add([]byte(small))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := instance.Read(b)
		if err != nil || len(p.People) > 12 || len(p.Zones) > 5 {
			return
		}
		s, err := slotting.Solve(p)
		if err != nil {
			return
		}
		if _, broken := slotting.Check(p, s.Slots); len(broken) > 0 {
			t.Fatal(broken)
		}
	})
}
