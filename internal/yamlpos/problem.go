// Package yamlpos reads YAML strictly and remembers where each value stands, so that every problem of a file can be
// told at once, with its line and column.
package yamlpos

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Pos is where a value stands. The zero Pos is that of a value that was not given.
type Pos struct {
	File         string
	Line, Column int // from 1
}

// Given reports whether the value stands anywhere.
func (p Pos) Given() bool { return p.Line > 0 }

// String is "roster.yaml:14:13".
func (p Pos) String() string { return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column) }

// Problem is one thing that is wrong in a file, for the person who wrote it.
type Problem struct {
	File         string
	Line, Column int    // from 1
	What         string // whose problem: "pair mia/raj", or a path of keys; may be empty
	Text         string // what is wrong, and if known what was meant
}

// Error is "roster.yaml:14:13: pair mia/raj: unknown zone …".
func (p Problem) Error() string {
	text := Pos{p.File, p.Line, p.Column}.String() + ": "
	if p.What != "" {
		text += p.What + ": "
	}
	return text + p.Text
}

// Problems are all problems of one reading.
type Problems []Problem

// Error is one problem a line.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}

// Add puts a problem of the value at pos on the list. What it quotes of the file is cut where it is long, and what a
// terminal would obey instead of showing is escaped.
func (ps *Problems) Add(pos Pos, what, format string, args ...any) {
	*ps = append(*ps, Problem{pos.File, pos.Line, pos.Column, shown(what), shown(fmt.Sprintf(format, args...))})
}

// maxShown is how many characters of a text are shown.
const maxShown = 400

func shown(s string) string {
	var b strings.Builder
	n := 0
	for _, r := range s {
		if n++; n > maxShown {
			return b.String() + "…"
		}
		if r == ' ' || unicode.IsPrint(r) {
			b.WriteRune(r)
		} else {
			b.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
		}
	}
	return b.String()
}

// maxSuggestions is how many problems may stand on a list before Suggest gives up: a wholly broken roster shall not
// cost one comparison for each person and problem.
const maxSuggestions = 200

// Suggest is ` (did you mean x?)` with the one of known that is nearest to word, or "".
func (ps Problems) Suggest(word string, known []string) string {
	if len(ps) >= maxSuggestions {
		return ""
	}
	if s := Nearest(word, known); s != "" {
		return " (did you mean " + s + "?)"
	}
	return ""
}

// Err is the problems by file, line and column, each once; nil if there are none.
func (ps Problems) Err() error {
	if len(ps) == 0 {
		return nil
	}
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return slices.Compact(ps)
}

// Nearest is the word of known that fewest edits (letters added, removed, changed, two swapped) turn word into; "" if
// all are far. Case does not count; of equally near ones the first by alphabet is taken. A word of two letters must be
// the same: one letter tells nothing.
func Nearest(word string, known []string) string {
	w := []rune(strings.ToLower(word))
	if len(w) > 64 {
		return ""
	}
	best, limit := "", 1+len(w)/4
	if len(w) <= 2 {
		limit = 0
	}
	for _, k := range known {
		r := []rune(strings.ToLower(k))
		if max(len(r)-len(w), len(w)-len(r)) > limit {
			continue
		}
		if d := distance(w, r); d < limit || d == limit && (best == "" || k < best) {
			best, limit = k, d
		}
	}
	return best
}

// distance is the optimal string alignment distance.
func distance(a, b []rune) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range a {
		row[0] = i + 1
		for j := range b {
			change := last[j]
			if a[i] != b[j] {
				change++
			}
			row[j+1] = min(change, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
