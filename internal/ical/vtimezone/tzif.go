package vtimezone

import (
	"encoding/binary"
	"fmt"
	"strings"
	"time"
)

// byRules is TZif data (RFC 8536) of a zone that keeps to two turns a year, or to one offset: a footer and nothing else,
// so that equal rules give equal data. It is nil for rules that a footer cannot say.
func byRules(turns []turn, off int) []byte {
	if turns == nil {
		return tzif(nil, off, posixName(off))
	}
	begins, ends := turns[0], turns[1]
	if begins.after < begins.before {
		begins, ends = ends, begins
	}
	b, ok1 := begins.posix()
	e, ok2 := ends.posix()
	if !ok1 || !ok2 {
		return nil
	}
	return tzif(nil, ends.after, posixName(begins.before)+posixName(begins.after)+","+b+","+e)
}

// spelledOut is TZif data of changes one by one; after the last one its offset stays.
func spelledOut(first int, changes []change) []byte {
	last := first
	if n := len(changes); n > 0 {
		last = changes[n-1].after
	}
	return tzif(changes, first, posixName(last))
}

// posixName is a clock's name and offset as a TZ string has them (west is positive): "<+0530>-05:30".
func posixName(off int) string {
	o := offset(-off)
	text := o[:3] + ":" + o[3:5]
	if len(o) > 5 {
		text += ":" + o[5:]
	}
	return "<" + abbreviation(off) + ">" + strings.TrimPrefix(text, "+")
}

// abbreviation is the numeric name of a clock, as the zone database has it where there is no other: "+0530", "-03".
func abbreviation(off int) string { return strings.TrimSuffix(offset(off), "00") }

// posix is the turn as a TZ string has it: month, week, weekday and time. A first weekday on or after the nth is told as
// an earlier day and a longer time, as RFC 8536 section 3.3.1 allows.
func (t turn) posix() (string, bool) {
	at := func(seconds int) string {
		return fmt.Sprintf("/%d:%02d:%02d", seconds/3600, seconds/60%60, seconds%60)
	}
	switch {
	case t.weekday == anyDay:
		// Jn counts days as in years without 29 February.
		if t.month == 2 && t.from > 28 {
			return "", false
		}
		day := time.Date(2001, t.month, t.from, 0, 0, 0, 0, time.UTC).YearDay()
		return fmt.Sprintf("J%d", day) + at(t.at), true
	case t.from == 0:
		return fmt.Sprintf("M%d.5.%d", t.month, t.weekday) + at(t.at), true
	}
	early := (t.from - 1) % 7
	week := (t.from-1-early)/7 + 1
	if week > 4 {
		return "", false
	}
	return fmt.Sprintf("M%d.%d.%d", t.month, week, (int(t.weekday)-early+7)%7) + at(t.at+early*24*3600), true
}

// tzif lays out the data: an empty version 1 block, which nobody reads, the changes, and the footer.
func tzif(changes []change, before int, footer string) []byte {
	offsets := []int{before}
	index := map[int]byte{before: 0}
	for _, c := range changes {
		if _, ok := index[c.after]; !ok && len(offsets) < 255 {
			index[c.after] = byte(len(offsets))
			offsets = append(offsets, c.after)
		}
	}
	var names string
	for _, off := range offsets {
		names += abbreviation(off) + "\x00"
	}
	header := func(b []byte, times, types, chars int) []byte {
		b = append(b, "TZif3"...)
		b = append(b, make([]byte, 15)...)
		for _, n := range []int{0, 0, 0, times, types, chars} {
			b = binary.BigEndian.AppendUint32(b, uint32(n))
		}
		return b
	}
	b := header(nil, 0, 1, 1)
	b = append(b, make([]byte, 6+1)...)
	b = header(b, len(changes), len(offsets), len(names))
	for _, c := range changes {
		b = binary.BigEndian.AppendUint64(b, uint64(c.at))
	}
	for _, c := range changes {
		b = append(b, index[c.after])
	}
	at := 0
	for _, off := range offsets {
		b = binary.BigEndian.AppendUint32(b, uint32(int32(off)))
		b = append(b, 0, byte(at))
		at += len(abbreviation(off)) + 1
	}
	b = append(b, names...)
	return append(b, "\n"+footer+"\n"...)
}
