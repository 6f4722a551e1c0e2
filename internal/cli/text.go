package cli

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"charm.land/lipgloss/v2"

	"holdfast/internal/series"
)

var (
	bold   = lipgloss.NewStyle().Bold(true)
	dim    = lipgloss.NewStyle().Faint(true)
	red    = lipgloss.NewStyle().Foreground(lipgloss.Color("1"))
	green  = lipgloss.NewStyle().Foreground(lipgloss.Color("2"))
	yellow = lipgloss.NewStyle().Foreground(lipgloss.Color("3"))
	cyan   = lipgloss.NewStyle().Foreground(lipgloss.Color("6"))
)

func (a *app) printf(format string, args ...any) { fmt.Fprintf(a.Out, format, args...) }

func (a *app) json(v any) error {
	e := json.NewEncoder(a.Out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// table prints rows in aligned columns under a dim head.
func (a *app) table(head []string, rows [][]string) {
	width := make([]int, len(head))
	for _, r := range append([][]string{head}, rows...) {
		for i, c := range r {
			width[i] = max(width[i], lipgloss.Width(c))
		}
	}
	line := func(r []string, s lipgloss.Style) {
		var b strings.Builder
		for i, c := range r {
			b.WriteString(s.Render(c))
			if i < len(r)-1 {
				b.WriteString(strings.Repeat(" ", width[i]-lipgloss.Width(c)+2))
			}
		}
		a.printf("%s\n", strings.TrimRight(b.String(), " "))
	}
	line(head, dim)
	for _, r := range rows {
		line(r, lipgloss.NewStyle())
	}
}

// count is "1 mail", "2 mails".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// when is a moment as people say it: "Tue 1 Dec 10:00".
func when(t time.Time, now time.Time) string {
	if t.IsZero() {
		return ""
	}
	if t.Year() != now.In(t.Location()).Year() {
		return t.Format("Mon 2 Jan 2006 15:04")
	}
	return t.Format("Mon 2 Jan 15:04")
}

// relative is how far t is from now: by calendar days of t's zone, or by the clock within a day.
func relative(t, now time.Time) string {
	days := series.DateOf(t).DaysSince(series.DateOf(now.In(t.Location())))
	d := t.Sub(now)
	ago := func(s string) string {
		if d < 0 {
			return s + " ago"
		}
		return "in " + s
	}
	abs := max(d, -d)
	switch {
	case abs < time.Minute:
		return "now"
	case abs < time.Hour:
		return ago(count(int(abs/time.Minute), "minute"))
	case abs < 12*time.Hour:
		return ago(count(int(abs/time.Hour), "hour"))
	case days == 0:
		return "today"
	case days == 1:
		return "tomorrow"
	case days == -1:
		return "yesterday"
	case days < -60 || days > 60:
		return ago(count(max(days, -days)/30, "month"))
	}
	return ago(count(max(days, -days), "day"))
}

// notice is "26 hours", "3 days"; "" where it is not known.
func notice(d *time.Duration) string {
	switch {
	case d == nil:
		return ""
	case *d < time.Minute:
		return "none"
	case *d < time.Hour:
		return count(int(*d/time.Minute), "minute")
	case *d < 48*time.Hour:
		return count(int(*d/time.Hour), "hour")
	}
	return count(int(*d/(24*time.Hour)), "day")
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

func percent(rate *float64) string {
	if rate == nil {
		return "-"
	}
	return fmt.Sprintf("%.0f %%", *rate*100)
}
