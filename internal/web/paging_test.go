package web

import (
	"fmt"
	"net/http/httptest"
	"testing"

	"holdfast/internal/say"
)

func TestPaging(t *testing.T) {
	h := &handler{base: "/x"}
	for _, c := range []struct {
		query string
		rows  int
		want  string
	}{
		{"", 0, `0-0 "" "" ""`},
		{"?page=3", 200, `0-200 "" "" ""`},
		{"?q=a%26b", 450, `0-200 "Page 1 of 3" "" "/x/admin/pairs?page=2&q=a%26b"`},
		{"?page=2&q=a%26b", 450,
			`200-400 "Page 2 of 3" "/x/admin/pairs?page=1&q=a%26b" "/x/admin/pairs?page=3&q=a%26b"`},
		{"?page=9", 450, `400-450 "Page 3 of 3" "/x/admin/pairs?page=2" ""`},
		{"?page=-1", 201, `0-200 "Page 1 of 2" "" "/x/admin/pairs?page=2"`},
		{"?page=x", 201, `0-200 "Page 1 of 2" "" "/x/admin/pairs?page=2"`},
	} {
		p := h.pagingOf(httptest.NewRequest("GET", "/admin/pairs"+c.query, nil), say.Reader{}, c.rows)
		if got := fmt.Sprintf("%d-%d %q %q %q", p.from, p.to, p.Says, p.Before, p.After); got != c.want {
			t.Errorf("%s of %d: %s, want %s", c.query, c.rows, got, c.want)
		}
	}
}
