package series

import (
	"strings"
	"testing"
)

func TestPairsAreOrderedAsTheirTexts(t *testing.T) {
	ids := []string{"a", "a-b", "a_b", "a0", "ab", "aba", "b", "b-"}
	pairs := []Pair{{}}
	for _, m := range ids {
		for _, r := range ids {
			pairs = append(pairs, Pair{m, r})
		}
	}
	for _, p := range pairs {
		for _, q := range pairs {
			if got, want := p.Compare(q), strings.Compare(p.String(), q.String()); got != want {
				t.Errorf("%q to %q: %d, want %d", p, q, got, want)
			}
		}
	}
}
