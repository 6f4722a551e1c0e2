package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"

	"holdfast/internal/say"
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

// say tells people at the terminal: times are on the clock that they are given on.
func (a *app) say() say.Reader { return say.Reader{Now: a.Clock()} }
