package say

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestKept: what is kept of a person, as they are shown it.
func TestKept(t *testing.T) { golden(t, "kept.txt", allKept(t, "")) }

// allKept are the words for all tables that the journal has, and for their columns.
func allKept(t *testing.T, language string) string {
	found := func(pattern string, files ...string) (out []string) {
		for _, name := range files {
			src, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(string(src), -1) {
				out = append(out, m[1])
			}
		}
		return out
	}
	schema, err := filepath.Glob("../store/migrations/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	tables := found(`(?m)^\t\{table: "(\w+)",`, "../store/kept.go")
	columns := append(found(`(?m)^(?: +|ALTER TABLE \w+ ADD COLUMN )(\w+) +(?:TEXT|INTEGER|REAL|BLOB)\b`, schema...),
		"args", "created_at") // of jobs
	slices.Sort(columns)
	r := Reader{Language: language}
	var b strings.Builder
	b.WriteString("# What is kept of a person\n\n")
	for _, table := range tables {
		title, why := r.KeptTable(table)
		fmt.Fprintf(&b, "%s: %s\n    %s\n", table, title, why)
	}
	b.WriteString("\n")
	for _, c := range slices.Compact(columns) {
		if r.catalogue().has("kept.column." + c) {
			fmt.Fprintf(&b, "%s: %s\n", c, r.KeptColumn(c))
		}
	}
	fmt.Fprintf(&b, "\n%s\n", r.Former())
	return b.String()
}
