package ical

import (
	"slices"
	"strconv"
	"strings"

	"holdfast/internal/series"
)

// The properties of the mark (DESIGN section 9).
const (
	markOrg        = "X-HOLDFAST-ORG"
	markPair       = "X-HOLDFAST-PAIR"
	markGeneration = "X-HOLDFAST-GENERATION"
	markSlot       = "X-HOLDFAST-SLOT"
	markLine       = "X-HOLDFAST-LINE"
	markSkips      = "X-HOLDFAST-SKIPS"
	markMadeUp     = "X-HOLDFAST-MADE-UP"
	markWritten    = "X-HOLDFAST-WRITTEN"
	markCarried    = "X-HOLDFAST-CARRIED"
	markDelivered  = "X-HOLDFAST-DELIVERED"
)

var markNames = []string{
	markOrg, markPair, markGeneration, markSlot, markLine, markSkips, markMadeUp, markWritten, markCarried,
}

// mark reads the mark; zero where there is none, or none that can be read.
func (c *component) mark() series.Mark {
	pair, err1 := series.ParsePair(c.textValue(markPair))
	generation, err2 := strconv.Atoi(c.textValue(markGeneration))
	m := series.Mark{
		Org:        c.textValue(markOrg),
		Pair:       pair,
		Generation: generation,
		Line:       c.textValue(markLine),
		Carried:    c.textValue(markCarried),
	}
	if m.Org == "" || err1 != nil || err2 != nil {
		return series.Mark{}
	}
	if s, err := series.ParseSlotLine(c.textValue(markSlot)); err == nil {
		m.Slot = s
	}
	for s := range strings.SplitSeq(c.textValue(markSkips), "|") {
		day, why, _ := strings.Cut(s, " ")
		if d, err := series.ParseDate(day); err == nil {
			m.Skips = append(m.Skips, series.Skip{Date: d, Why: series.SkipReason(why)})
		}
	}
	m.MadeUp = series.ParseMadeUp(strings.Split(c.textValue(markMadeUp), "|"))
	for w := range strings.SplitSeq(c.textValue(markWritten), "|") {
		if f, digest, ok := strings.Cut(w, "="); ok {
			if m.Written == nil {
				m.Written = map[series.Field]string{}
			}
			m.Written[series.Field(f)] = digest
		}
	}
	return m
}

// setMark writes the mark.
func (c *component) setMark(m series.Mark) {
	var skips, madeUp, written []string
	for _, s := range m.Skips {
		skips = append(skips, strings.TrimSpace(s.Date.String()+" "+strings.ReplaceAll(Plain(s.Why), "|", "/")))
	}
	for _, x := range m.MadeUp {
		madeUp = append(madeUp, x.String())
	}
	for _, f := range series.Fields {
		if d := m.Written[f]; d != "" {
			written = append(written, string(f)+"="+Plain(d))
		}
	}
	slot := ""
	if !m.Slot.IsZero() {
		slot = m.Slot.Line()
	}
	for i, v := range []string{Plain(m.Org), Plain(m.Pair.String()), strconv.Itoa(m.Generation), Plain(slot), Plain(m.Line),
		strings.Join(skips, "|"), strings.Join(madeUp, "|"), strings.Join(written, "|"), Plain(m.Carried)} {
		if v == "" {
			c.put(markNames[i])
		} else {
			c.put(markNames[i], line(markNames[i], v))
		}
	}
}

// addSkips is the list with more of them, one for each day, by day.
func addSkips(skips, more []series.Skip) []series.Skip {
	out := slices.Clone(skips)
	for _, s := range more {
		if i := slices.IndexFunc(out, func(x series.Skip) bool { return x.Date == s.Date }); i >= 0 {
			out[i] = s
		} else {
			out = append(out, s)
		}
	}
	slices.SortStableFunc(out, func(a, b series.Skip) int { return a.Date.Compare(b.Date) })
	return out
}
