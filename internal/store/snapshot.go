package store

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strconv"
	"sync"
	"time"

	"holdfast/internal/series"
)

// snapshotFormat is the number of what a blob of the snapshots table holds. It is raised, with an upgrade, whenever
// series.Snapshot, or what it is made of, changes: an older blob says nothing of a new field, and would be believed.
const snapshotFormat = 2

// formerly is what the first format is called in journals that were written before formats had numbers.
const formerly = "1-30b9a1f5982a924a5b20f0235a98b3bc"

// upgrades make a snapshot of the format of their place, from 1 on, one of the next. One that cannot say what a
// calendar has in a new field has that calendar read anew (series.Snapshot.Unread), and no other.
var upgrades = [snapshotFormat]func(*series.Snapshot){
	1: func(s *series.Snapshot) {
		// What follows a series of ours that ends was not looked for again when that series changed.
		if len(s.Ending()) > 0 {
			*s = s.Unread()
		}
	},
}

// upgrade makes s, of that format, one of today's. It reports whether it knows the format.
func upgrade(format string, s *series.Snapshot) bool {
	n, err := strconv.Atoi(format)
	if format == formerly {
		n, err = 1, nil
	}
	if err != nil || n < 1 || n > snapshotFormat {
		return false
	}
	for ; n < snapshotFormat; n++ {
		upgrades[n](s)
	}
	return true
}

// packAbove is the size in bytes from which blobs are compressed.
const packAbove = 4 << 10

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:16])
}

// encodeSnapshot is the JSON of s without what has columns of its own. What candidates are about does not go to disk.
func encodeSnapshot(s series.Snapshot) ([]byte, error) {
	s = mapTimes(s, writable)
	s.At, s.FullAt, s.Cursor = time.Time{}, time.Time{}, ""
	for i := range s.Candidates {
		s.Candidates[i].Event.Title, s.Candidates[i].Event.Raw = "", ""
	}
	return json.Marshal(s)
}

func decodeSnapshot(b []byte) (s series.Snapshot, err error) {
	err = unpack(b, &s)
	return mapTimes(s, readable), err
}

func encodeEvent(e series.Event) ([]byte, error) { return json.Marshal(mapEvent(e, writable)) }

func decodeEvent(b []byte) (e series.Event, err error) {
	err = unpack(b, &e)
	return mapEvent(e, readable), err
}

// compressors are kept because each one is a megabyte.
var compressors = sync.Pool{New: func() any {
	z, err := gzip.NewWriterLevel(nil, gzip.BestSpeed)
	if err != nil {
		panic(err) // the level is one of gzip's own
	}
	return z
}}

// pack compresses what is long.
func pack(b []byte) ([]byte, error) {
	if len(b) < packAbove {
		return b, nil
	}
	z := compressors.Get().(*gzip.Writer)
	defer compressors.Put(z)
	var out bytes.Buffer
	z.Reset(&out)
	_, err := z.Write(b)
	err = errors.Join(err, z.Close()) // writes the rest
	return out.Bytes(), err
}

// unpack reads JSON that pack may have compressed into v.
func unpack(b []byte, v any) error {
	if bytes.HasPrefix(b, []byte{0x1f, 0x8b}) { // RFC 1952 section 2.3.1
		z, err := gzip.NewReader(bytes.NewReader(b))
		if err != nil {
			return err
		}
		if b, err = io.ReadAll(z); err != nil {
			return err
		}
	}
	return json.Unmarshal(b, v)
}

// writable is t as RFC 3339 can carry it: in UTC, in the years 0 to 9999. Calendars do say "until 9999-12-31", which is
// later still in UTC.
func writable(t time.Time, _ string) time.Time {
	t = t.UTC()
	if y := t.Year(); y > 9999 {
		return time.Date(9999, time.December, 31, 23, 59, 59, 0, time.UTC)
	} else if y < 0 {
		return time.Time{}
	}
	return t
}

// readable is t on the clock of its event's zone.
func readable(t time.Time, zone string) time.Time {
	if loc, err := series.Location(zone); err == nil && !t.IsZero() {
		return t.In(loc)
	}
	return t.UTC()
}

// mapTimes is a copy of s with every instant replaced by f of it and of the zone that its event is in, "" for none.
func mapTimes(s series.Snapshot, f func(t time.Time, zone string) time.Time) series.Snapshot {
	s.At, s.FullAt = f(s.At, ""), f(s.FullAt, "")
	s.Series = each(s.Series, func(e *series.Event) { *e = mapEvent(*e, f) })
	s.Copies = each(s.Copies, func(e *series.Event) { *e = mapEvent(*e, f) })
	s.Candidates = each(s.Candidates, func(c *series.Candidate) { c.Event = mapEvent(c.Event, f) })
	s.StandIns = each(s.StandIns, func(x *series.StandIn) { x.Start = f(x.Start, "") })
	s.Gone = each(s.Gone, func(g *series.Gone) { g.Since, g.Last = f(g.Since, ""), mapEvent(g.Last, f) })
	s.Busy = each(s.Busy, func(b *series.Busy) {
		in := func(t *time.Time) { *t = f(*t, b.Zone) }
		in(&b.Start)
		b.RDates, b.ExDates = each(b.RDates, in), each(b.ExDates, in)
		b.Except = each(b.Except, func(x *series.Available) {
			in := func(t *time.Time) { *t = f(*t, x.Zone) }
			in(&x.Start)
			x.RDates, x.ExDates = each(x.RDates, in), each(x.ExDates, in)
		})
	})
	return s
}

func mapEvent(e series.Event, f func(t time.Time, zone string) time.Time) series.Event {
	in := func(t *time.Time) { *t = f(*t, e.Zone) }
	in(&e.Start)
	in(&e.Rule.Until)
	e.Rule.Starts, e.Excluded = each(e.Rule.Starts, in), each(e.Excluded, in)
	e.Overrides = each(e.Overrides, func(o *series.Override) { in(&o.Original); in(&o.Start) })
	return e
}

// each is a copy of s with f applied to every element.
func each[T any](s []T, f func(*T)) []T {
	s = slices.Clone(s)
	for i := range s {
		f(&s[i])
	}
	return s
}
