package store

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"

	"holdfast/internal/plan"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
)

// A status row on disk is a line of fields, the first of them the number of its form: commands that look at a large org
// read all rows, and of JSON the decoding is most of what that takes. What few rows have is JSON, in the last field. A
// row that is all JSON is read, too: older programs wrote such, and so is one with a fieldEnd in a text of its own.
const (
	statusForm = "2"
	fieldEnd   = "\x1f" // ASCII's unit separator
)

// statusRare is what few rows have.
type statusRare struct {
	MadeUp []reconcile.MadeUp  `json:",omitzero"`
	Others []reconcile.Meeting `json:",omitzero"`
	Held   []plan.Held         `json:",omitzero"`
}

// encodeStatus is the row as it is on disk, but for what has columns of its own.
func encodeStatus(r reconcile.StatusRow) (string, error) {
	l := statusLine{out: []byte(statusForm + fieldEnd)}
	if l.row(&r); l.err == nil {
		return string(l.out), nil
	}
	data, err := json.Marshal(statusJSON(r))
	return string(data), err
}

// decodeStatus is the row that encodeStatus has written.
func decodeStatus(data string) (r reconcile.StatusRow, err error) {
	fields, ok := strings.CutPrefix(data, statusForm+fieldEnd)
	if !ok {
		var x statusJSON
		err := json.Unmarshal([]byte(data), &x)
		return reconcile.StatusRow(x), err
	}
	l := statusLine{in: fields}
	l.row(&r)
	return r, l.err
}

// statusLine writes the fields of a row, or reads them: both in one order, as there is one row for both.
type statusLine struct {
	out []byte // nil: it reads
	in  string
	err error
}

func (l *statusLine) row(r *reconcile.StatusRow) {
	l.slot(&r.Slot)
	l.slot(&r.Wanted)
	several(l, &r.Coming, l.instant)
	l.is(&r.More)
	l.text(&r.Zone)
	l.text((*string)(&r.State))
	l.text(&r.PrepDoc)
	l.is(&r.Linked)
	l.text(&r.Place)
	for i := range r.Names {
		l.text(&r.Names[i])
		l.text(&r.Zones[i])
	}
	number(l, &r.Length)
	l.day(&r.First)
	l.day(&r.Last)
	several(l, &r.Skips, func(s *series.Skip) {
		l.day(&s.Date)
		l.text(&s.Why)
	})
	l.instant(&r.Until)
	several(l, &r.Chain, func(x *reconcile.Link) {
		l.text(&x.UID)
		l.instant(&x.Before)
	})
	l.rare(r)
}

var errStatusLine = errors.New("a field is missing, or is none")

// text is a field.
func (l *statusLine) text(s *string) {
	if l.out != nil {
		if strings.Contains(*s, fieldEnd) {
			l.err = errStatusLine
		}
		l.out = append(append(l.out, *s...), fieldEnd...)
		return
	}
	var ok bool
	if *s, l.in, ok = strings.Cut(l.in, fieldEnd); !ok {
		l.err = errStatusLine
	}
}

// number is a field; "" is 0.
func number[T ~int | ~int64](l *statusLine, n *T) {
	if l.out != nil {
		if *n != 0 {
			l.out = strconv.AppendInt(l.out, int64(*n), 10)
		}
		l.out = append(l.out, fieldEnd...)
		return
	}
	var text string
	if l.text(&text); text == "" {
		*n = 0
		return
	}
	x, err := strconv.ParseInt(text, 10, 64)
	if *n = T(x); err != nil {
		l.err = errStatusLine
	}
}

func (l *statusLine) is(b *bool) {
	n := 0
	if *b {
		n = 1
	}
	number(l, &n)
	*b = n == 1
}

// instant is a time to the nanosecond, in UTC when it is read; as zones say it is for who shows it. 0 is none.
func (l *statusLine) instant(t *time.Time) {
	var n int64
	if l.out != nil && !t.IsZero() {
		n = t.UnixNano()
		if !time.Unix(0, n).Equal(*t) { // it is centuries away
			l.err = errStatusLine
		}
	}
	number(l, &n)
	if l.out == nil && n != 0 {
		*t = time.Unix(0, n).UTC()
	}
}

func (l *statusLine) day(d *series.Date) {
	n := (d.Year*100+int(d.Month))*100 + d.Day
	number(l, &n)
	*d = series.Date{Year: n / 10000, Month: time.Month(n / 100 % 100), Day: n % 100}
}

// slot is five fields; of none it is one.
func (l *statusLine) slot(s *series.Slot) {
	has := !s.IsZero()
	if l.is(&has); !has {
		return
	}
	number(l, &s.Weekday)
	number(l, &s.At)
	number(l, &s.Duration)
	number(l, &s.Every)
	l.text(&s.Zone)
}

// several are how many there are, and then each.
func several[T any](l *statusLine, all *[]T, one func(*T)) {
	n := len(*all)
	if number(l, &n); l.out == nil && n > 0 {
		if n > len(l.in) { // each has a field, and so a byte at least
			l.err = errStatusLine
			return
		}
		*all = make([]T, n)
	}
	for i := range *all {
		one(&(*all)[i])
	}
}

// rare is the last field: nothing ends it.
func (l *statusLine) rare(r *reconcile.StatusRow) {
	x := statusRare{r.MadeUp, r.Others, r.Held}
	switch {
	case l.err != nil, l.out == nil && l.in == "":
	case l.out == nil:
		l.err = json.Unmarshal([]byte(l.in), &x)
		r.MadeUp, r.Others, r.Held = x.MadeUp, x.Others, x.Held
	case len(x.MadeUp)+len(x.Others)+len(x.Held) > 0:
		data, err := json.Marshal(x)
		l.out, l.err = append(l.out, data...), err
	}
}
