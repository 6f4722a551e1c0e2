package tzdata

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"time"
)

const (
	firstYear = 1800 // before the first zone
	lastYear  = 2100 // until which clock changes are spelled out
)

// SpelledOut is the zone that the TZif data (RFC 8536) describes, with every clock change until 2100 as a transition of
// its own. Package time searches among transitions; what comes after the last one it works out from the rule at the
// data's end, each time anew, which takes ten times as long, and in compact data the last one is decades ago.
func SpelledOut(name string, data []byte) (*time.Location, error) {
	loc, err := time.LoadLocationFromTZData(name, data)
	if err != nil {
		return nil, err
	}
	z := spelling{abbreviations: map[string]byte{}}
	t := time.Date(firstYear, 1, 1, 0, 0, 0, 0, time.UTC).In(loc)
	z.add(t) // no transition leads to this one: it is the first
	for {
		_, next := t.ZoneBounds()
		if next.IsZero() || next.Year() > lastYear {
			break
		}
		if !next.After(t) { // so it says of the last day of a leap year, in which no clock changes
			next = t.Add(24 * time.Hour)
		}
		t = next
		// Where a rule holds, each new year is a bound, too.
		if c, n := z.typeOf(t), len(z.leadsTo); n == 0 || z.leadsTo[n-1] != c {
			z.at, z.leadsTo = append(z.at, t.Unix()), append(z.leadsTo, c)
		}
	}
	rule := footer(data)
	if !strings.Contains(rule, ",") {
		rule = "" // the last transition is the last
	}
	return time.LoadLocationFromTZData(name, z.data(rule))
}

// footer is the rule for what comes after the last transition, as POSIX writes TZ; data of version 1 has none.
func footer(data []byte) string {
	if data[len("TZif")] == 0 {
		return ""
	}
	data, _ = bytes.CutSuffix(data, []byte("\n"))
	return string(data[bytes.LastIndexByte(data, '\n')+1:])
}

// clock is what a zone's clocks show for a while.
type clock struct {
	offset       int32 // seconds east of UTC
	summer       byte  // 1 for daylight saving time
	abbreviation byte  // where it begins among all of them
}

// spelling is a zone with its transitions, at seconds since 1970.
type spelling struct {
	at            []int64
	leadsTo       []byte // places in clocks
	clocks        []clock
	abbreviations map[string]byte
	letters       []byte
}

func (z *spelling) add(t time.Time) {
	abbreviation, offset := t.Zone()
	c := clock{offset: int32(offset)}
	if t.IsDST() {
		c.summer = 1
	}
	i, known := z.abbreviations[abbreviation]
	if !known {
		i = byte(len(z.letters))
		z.abbreviations[abbreviation] = i
		z.letters = append(append(z.letters, abbreviation...), 0)
	}
	c.abbreviation = i
	z.clocks = append(z.clocks, c)
}

// typeOf is the place of the clock at t. The first clock stands for what was before any transition, and for that alone.
func (z *spelling) typeOf(t time.Time) byte {
	z.add(t)
	last := len(z.clocks) - 1
	if i := 1 + slices.Index(z.clocks[1:], z.clocks[last]); i < last {
		z.clocks = z.clocks[:last]
		return byte(i)
	}
	return byte(last)
}

// data is the zone as TZif of version 2: its first block is for old readers, and has nothing.
func (z *spelling) data(rule string) []byte {
	var b bytes.Buffer
	header := func(times, clocks, letters int) {
		b.WriteString("TZif2" + strings.Repeat("\x00", 15))
		for _, n := range []int{0, 0, 0, times, clocks, letters} {
			_ = binary.Write(&b, binary.BigEndian, uint32(n))
		}
	}
	header(0, 1, 1)
	b.Write(make([]byte, 6+1))
	header(len(z.at), len(z.clocks), len(z.letters))
	_ = binary.Write(&b, binary.BigEndian, z.at)
	b.Write(z.leadsTo)
	_ = binary.Write(&b, binary.BigEndian, z.clocks)
	b.Write(z.letters)
	b.WriteString("\n" + rule + "\n")
	return b.Bytes()
}
