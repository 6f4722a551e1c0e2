package web

import (
	"html/template"
	"slices"

	"holdfast/internal/drift"
	"holdfast/internal/say"
	"holdfast/internal/see"
	"holdfast/internal/series"
	"holdfast/internal/web/draw"
)

// marks are the shapes of what became of weeks, in the order of a legend.
var marks = []struct {
	draw.Mark
	Results []drift.Result
}{
	{draw.Kept, []drift.Result{drift.Kept}},
	{draw.Late, []drift.Result{drift.KeptLate}},
	{draw.Made, []drift.Result{drift.Recovered}},
	{draw.Lost, []drift.Result{drift.CancelledWeek, drift.LateCancelled, drift.DeclinedWeek, drift.Slipped}},
	{draw.Off, []drift.Result{drift.Excused}},
	{draw.Unknown, []drift.Result{drift.UnknownWeek}},
}

func markOf(w see.Week) draw.Mark {
	if w.Occurrence.IsZero() {
		return draw.None
	}
	for _, m := range marks {
		if slices.Contains(m.Results, w.Result) {
			return m.Mark
		}
	}
	return draw.Unknown
}

// record is weeks drawn, and the same in words.
type record struct {
	Pictures []template.HTML
	Legend   []tag
	Label    string
	Rows     []weekRow
}

type weekRow struct{ Day, Became string }

// recordOf draws the weeks, small in one line or as large as a page has room.
func recordOf(r say.Reader, weeks []see.Week, small bool) record {
	var out record
	var drawn []draw.Week
	counts := map[draw.Mark]int{}
	for i, w := range weeks {
		day := w.Occurrence
		if day.IsZero() {
			day = w.Week.Monday()
		}
		row := weekRow{r.Day(day), became(r, w)}
		m := draw.Week{Mark: markOf(w), Title: row.Day + ": " + row.Became}
		if day := w.Week.Monday(); i == 0 || day.AddDays(-7).Month != day.Month {
			m.Label = r.Month(day.Month)
		}
		if i == 0 && len(weeks) > 1 && weeks[1].Week.Monday().Month != w.Week.Monday().Month {
			m.Label = "" // the next one begins a month, and two names have no room
		}
		counts[m.Mark]++
		drawn, out.Rows = append(drawn, m), append(out.Rows, row)
	}
	var told []string
	for _, m := range marks {
		if n := counts[m.Mark]; n > 0 {
			text := r.Fill("legend."+string(m.Mark), say.Words{N: n})
			told, out.Legend = append(told, text), append(out.Legend, tagOf(m.Mark, text))
		}
	}
	out.Label = r.Fill("weeks", say.Words{N: len(weeks), Text: r.List(told)})
	if small {
		out.Pictures = []template.HTML{draw.Strip(out.Label, drawn)}
	} else {
		out.Pictures = draw.Record(out.Label, drawn)
	}
	slices.Reverse(out.Rows)
	return out
}

// became is what became of a week, in a few words.
func became(r say.Reader, w see.Week) string {
	if w.Occurrence.IsZero() {
		return r.Word("became.none")
	}
	f := say.Words{}
	if !w.To.IsZero() {
		f.Time = r.When(w.To)
	}
	text := r.Fill("became."+string(w.Result), f)
	if !w.Final {
		text += r.SoFar()
	}
	return text
}

// hoursOf are the hours of a person's week that are drawn: those that they work, and those in which something is.
func hoursOf(w see.OwnWeek) (first, last int) {
	first, last = 9, 17
	take := func(from, to float64) {
		first = min(first, int(from))
		last = max(last, min(int(to+.99), 24))
	}
	for i := range 7 {
		for _, h := range w.Hours.On(w.Monday.AddDays(i).Weekday()) {
			take(float64(h.From)/60, float64(h.To)/60)
		}
		for _, s := range spansOf(w, w.Monday.AddDays(i), say.Reader{}) {
			if s.What == draw.Met || s.What == draw.Busy && s.To-s.From < 12 {
				take(s.From, s.To)
			}
		}
	}
	return first, last
}

// spansOf are what takes a day of the week.
func spansOf(w see.OwnWeek, d series.Date, r say.Reader) []draw.Span {
	var out []draw.Span
	for _, h := range w.Hours.On(d.Weekday()) {
		out = append(out, draw.Span{What: draw.Hours, From: float64(h.From) / 60, To: float64(h.To) / 60})
	}
	if why := w.Off[(int(d.Weekday())+6)%7]; why != "" {
		out = append(out, draw.Span{What: draw.Leave, From: 0, To: 24, Title: why})
	}
	start, end := series.Instant(d, 0, w.Zone), series.Instant(d.AddDays(1), 0, w.Zone)
	for _, b := range w.Busy {
		if !b.Start.Before(end) || !b.End.After(start) {
			continue
		}
		from, to := 0.0, 24.0
		if b.Start.After(start) {
			_, at := series.WallClock(b.Start, w.Zone)
			from = float64(at) / 60
		}
		if b.End.Before(end) {
			_, at := series.WallClock(b.End, w.Zone)
			to = float64(at) / 60
		}
		what := draw.Busy
		if b.Kind == series.AwayKind {
			what = draw.Leave
		}
		out = append(out, draw.Span{What: what, From: from, To: to, Title: r.Clock(b.Start) + "–" + r.Clock(b.End)})
	}
	for _, b := range w.Booked {
		day, at := series.WallClock(b.Start, w.Zone)
		if day != d {
			continue
		}
		from := float64(at) / 60
		out = append(out, draw.Span{
			What:  draw.Met,
			From:  from,
			To:    from + b.End.Sub(b.Start).Hours(),
			Title: r.Clock(b.Start) + "–" + r.Clock(b.End) + " " + b.Other.Name,
		})
	}
	return out
}
