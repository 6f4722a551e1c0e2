package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"

	"holdfast/internal/series"
)

// style is how a text within a line looks.
type style struct{ ansi.Style }

var (
	bold   = style{ansi.NewStyle().Bold()}
	dim    = style{ansi.NewStyle().Faint()}
	red    = style{ansi.NewStyle().ForegroundColor(ansi.Red)}
	green  = style{ansi.NewStyle().ForegroundColor(ansi.Green)}
	yellow = style{ansi.NewStyle().ForegroundColor(ansi.Yellow)}
	cyan   = style{ansi.NewStyle().ForegroundColor(ansi.Cyan)}
)

// Render is the text, with the codes that terminals draw it by. Where there are thousands, those of lipgloss, which can
// do boxes too, cost more than all else.
func (s style) Render(text string) string {
	if text == "" {
		return ""
	}
	return s.Styled(text)
}

func (a *app) printf(format string, args ...any) {
	a.said = true
	fmt.Fprintf(a.Out, format, args...)
}

// gap is an empty line, if anything stands before it.
func (a *app) gap() {
	if a.said {
		a.printf("\n")
	}
}

// errorf is printf to stderr.
func (a *app) errorf(format string, args ...any) {
	a.bar.stop()
	to := a.Err
	if a.ErrWidth > 0 {
		to = folder{a.Err, a.ErrWidth}
	}
	fmt.Fprintf(to, format, args...)
}

// folder is a terminal of so many columns: lines that are longer go on below where they began.
type folder struct {
	io.Writer
	width int
}

// Write writes whole lines.
func (f folder) Write(b []byte) (int, error) {
	lines := strings.SplitAfter(string(b), "\n")
	for i, line := range lines {
		text, end := strings.CutSuffix(line, "\n")
		if lipgloss.Width(text) <= f.width {
			continue
		}
		words := strings.TrimLeft(text, " ")
		indent := strings.Repeat(" ", min(len(text)-len(words), f.width/2))
		lines[i] = indent + strings.ReplaceAll(wrap(words, f.width-len(indent)), "\n", "\n"+indent)
		if end {
			lines[i] += "\n"
		}
	}
	_, err := io.WriteString(f.Writer, strings.Join(lines, ""))
	return len(b), err
}

func (a *app) json(v any) error {
	e := json.NewEncoder(a.Out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// unit is a number with what it counts.
var unit = regexp.MustCompile(`(\d) (h|min|%)`)

// wrap breaks a line between its words. A hyphen is part of a word, which may be a flag, a date or a password; a number
// stays with its unit.
func wrap(line string, width int) string {
	const hyphen, space = "\u2011", "\u00a0"
	line = unit.ReplaceAllString(strings.ReplaceAll(line, "-", hyphen), "$1"+space+"$2")
	return strings.NewReplacer(hyphen, "-", space, " ").Replace(lipgloss.Wrap(line, width, ""))
}

// narrowest is how narrow a column may get.
const narrowest = 14

// table prints rows in aligned columns under a dim head. On a terminal that is too narrow the widest columns are wrapped.
func (a *app) table(head []string, rows [][]string) {
	for i := range head {
		head[i] = dim.Render(head[i])
	}
	rows = append([][]string{head}, rows...)
	width, total, wide := make([]int, len(head)), 2*(len(head)-1), make([][]int, len(rows))
	for n, r := range rows {
		wide[n] = make([]int, len(r))
		for i, c := range r {
			wide[n][i] = lipgloss.Width(c)
			width[i] = max(width[i], wide[n][i])
		}
	}
	for i := range width {
		total += width[i]
	}
	for ; a.Width > 0 && total > a.Width && slices.Max(width) > narrowest; total-- {
		width[slices.Index(width, slices.Max(width))]--
	}
	var b strings.Builder
	for n, r := range rows {
		cells, height := make([][]string, len(r)), 0
		for i, c := range r {
			if wide[n][i] > width[i] {
				c = wrap(c, width[i])
			}
			cells[i] = strings.Split(c, "\n")
			height = max(height, len(cells[i]))
		}
		for k := range height {
			line := ""
			for i, c := range cells {
				text, is := "", 0
				if k < len(c) {
					text, is = c[k], wide[n][i]
				}
				if len(c) > 1 {
					is = lipgloss.Width(text)
				}
				line += text + strings.Repeat(" ", width[i]-is+2)
			}
			b.WriteString(strings.TrimRight(line, " ") + "\n")
		}
	}
	a.printf("%s", b.String())
}

// facts prints names and values in two columns; those without a value are left out.
func (a *app) facts(rows [][2]string) {
	width := 0
	for _, r := range rows {
		width = max(width, len(r[0]))
	}
	for _, r := range rows {
		if r[1] != "" {
			a.printf("  %s%s  %s\n", dim.Render(r[0]), strings.Repeat(" ", width-len(r[0])), r[1])
		}
	}
}

// count is "1 mail", "2 mails".
func count(n int, noun string) string {
	switch {
	case n == 1:
		return "1 " + noun
	case noun == "person":
		return fmt.Sprintf("%d people", n)
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// shownNames is how many names a list has before the rest is counted.
const shownNames = 5

// list is "ana", "ana and bo", "ana, bo, kim, lee, mia and 37 others".
func list(names []string) string {
	if n := len(names) - shownNames; n > 1 {
		names = append(slices.Clone(names[:shownNames]), fmt.Sprintf("%d others", n))
	}
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

// when is a moment as people say it: "Tue 1 Dec 10:00".
func when(t time.Time, now time.Time) string {
	if t.Year() != now.In(t.Location()).Year() {
		return t.Format("Mon 2 Jan 2006 15:04")
	}
	return t.Format("Mon 2 Jan 15:04")
}

// relative is how far t is from now: by calendar days of t's zone, or by the clock within half a day.
func relative(t, now time.Time) string {
	days := series.DateOf(t).DaysSince(series.DateOf(now.In(t.Location())))
	d := t.Sub(now)
	ago := func(s string) string {
		if d < 0 {
			return s + " ago"
		}
		return "in " + s
	}
	abs := d.Abs()
	switch {
	case abs < time.Minute && d <= 0:
		return "just now"
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
	}
	if days < 0 {
		days = -days
	}
	switch {
	case days > 730:
		return ago(count(days/365, "year"))
	case days > 60:
		return ago(count(days/30, "month"))
	}
	return ago(count(days, "day"))
}

// notice is "26 hours", "3 days"; "-" where it is not known.
func notice(d *time.Duration) string {
	switch {
	case d == nil:
		return "-"
	case *d < time.Minute:
		return "none"
	case *d < time.Hour:
		return count(int(*d/time.Minute), "minute")
	case *d < 48*time.Hour:
		return count(int(*d/time.Hour), "hour")
	}
	return count(int(*d/(24*time.Hour)), "day")
}

func percent(rate *float64) string {
	if rate == nil {
		return "-"
	}
	return fmt.Sprintf("%.0f %%", *rate*100)
}
