// Package instance reads the problems, and writes the plans, of the exchange formats one2one-instance/1 and
// one2one-assignment/1, by which slot choosers are compared.
package instance

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"

	"holdfast/internal/slotting"
)

// The formats' names.
const (
	Format     = "one2one-instance/1"
	Assignment = "one2one-assignment/1"
)

// maxSize is how large an instance may be, unpacked.
const maxSize = 1 << 30

type file struct {
	Format  string         `json:"format"`
	Grid    int            `json:"grid"`
	Weeks   int            `json:"weeks"`
	RowMax  int            `json:"row_max"`
	Weights map[string]int `json:"weights"`
	Zones   []struct {
		Offset []int `json:"offset"`
	} `json:"zones"`
	Sites []struct {
		Zone  int `json:"zone"`
		Rooms int `json:"rooms"`
	} `json:"sites"`
	People []person `json:"people"`
	Pairs  [][]int  `json:"pairs"`
}

type person struct {
	Zone   int        `json:"zone"`
	Work   [][]int    `json:"work"`
	Core   []int      `json:"core"`
	Busy   [][]uint64 `json:"busy"` // start, length, mask of weeks, kind
	Prefer [][]int    `json:"prefer"`
	Avoid  [][]int    `json:"avoid"`
	Mode   int        `json:"mode"`
}

// Read makes the problem of an instance, as JSON or as JSON packed by gzip. People are named by their place in it.
func Read(b []byte) (*slotting.Problem, error) {
	if bytes.HasPrefix(b, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(bytes.NewReader(b))
		if err != nil {
			return nil, fmt.Errorf("unpack: %w", err)
		}
		if b, err = io.ReadAll(io.LimitReader(z, maxSize+1)); err != nil {
			return nil, fmt.Errorf("unpack: %w", err)
		}
	}
	if len(b) > maxSize {
		return nil, fmt.Errorf("an instance of more than %d bytes", maxSize)
	}
	var f file
	if err := json.Unmarshal(b, &f); err != nil {
		return nil, fmt.Errorf("read: %w", err)
	}
	if f.Format != Format {
		return nil, fmt.Errorf("the format is %q, not %q", f.Format, Format)
	}
	return f.problem()
}

func (f *file) problem() (*slotting.Problem, error) {
	w := f.Weights
	p := &slotting.Problem{Grid: f.Grid, Weeks: f.Weeks, RowMax: f.RowMax, Weights: slotting.Weights{Unplaced: w["unplaced"],
		Collision: w["collision"], PreferManager: w["prefer_mgr"], PreferReport: w["prefer_rep"], Avoid: w["avoid"], Edge: w["edge"],
		Odd: w["odd"], Row: w["row"], Day: w["day"], Move: w["move"]}}
	for _, z := range f.Zones {
		p.Zones = append(p.Zones, z.Offset)
	}
	site := map[int]int{} // by zone the rooms of its site
	for _, s := range f.Sites {
		site[s.Zone] = len(p.Rooms)
		p.Rooms = append(p.Rooms, slotting.Rooms{Zone: s.Zone, Count: s.Rooms})
	}
	p.People = make([]slotting.Person, len(f.People))
	for i, x := range f.People {
		if err := x.rows(); err != nil {
			return nil, fmt.Errorf("person %d: %w", i, err)
		}
		q := &p.People[i]
		*q = slotting.Person{ID: fmt.Sprintf("%07d", i), Zone: x.Zone, Work: windows(x.Work), Core: slotting.Window{From: x.Core[0], To: x.Core[1]},
			Prefer: windows(x.Prefer), Avoid: windows(x.Avoid), Mode: slotting.Mode(x.Mode), Busy: make([]slotting.Busy, len(x.Busy))}
		for k, b := range x.Busy {
			q.Busy[k] = slotting.Busy{Start: int(b[0]), Length: int(b[1]), Mask: b[2], Hard: b[3] == 1}
		}
	}
	if err := rows("pairs", f.Pairs, 6); err != nil {
		return nil, err
	}
	for _, x := range f.Pairs {
		if x[0] < 0 || x[0] >= len(p.People) {
			return nil, fmt.Errorf("a pair with manager %d of %d people", x[0], len(p.People))
		}
		zone, room := p.People[x[0]].Zone, slotting.None
		if k, ok := site[zone]; ok && x[5] != 0 {
			room = k
		}
		p.Pairs = append(p.Pairs, slotting.Pair{Manager: x[0], Report: x[1], Zone: zone, Duration: x[2], Pinned: x[3], Current: x[4], Leave: slotting.None, Room: room})
	}
	return p, nil
}

// rows refuses what has too few numbers, or too many: a number that is not there would count as 0, which is a slot.
func rows[T any](name string, all [][]T, n int) error {
	for i, row := range all {
		if len(row) != n {
			return fmt.Errorf("%s: row %d has %d numbers, not %d", name, i, len(row), n)
		}
	}
	return nil
}

func (x person) rows() error {
	return cmp.Or(rows("work", x.Work, 2), rows("core", [][]int{x.Core}, 2), rows("busy", x.Busy, 4), rows("prefer", x.Prefer, 2), rows("avoid", x.Avoid, 2))
}

func windows(ws [][]int) []slotting.Window {
	out := make([]slotting.Window, len(ws))
	for i, w := range ws {
		out[i] = slotting.Window{From: w[0], To: w[1]}
	}
	return out
}

// Write is the assignment of a plan as JSON, with a line end.
func Write(s slotting.Solution) ([]byte, error) {
	b, err := json.Marshal(struct {
		Format string `json:"format"`
		Slots  []int  `json:"slots"`
	}{Assignment, s.Slots})
	if err != nil {
		return nil, fmt.Errorf("write: %w", err)
	}
	return append(b, '\n'), nil
}
