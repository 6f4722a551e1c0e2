package web

import (
	"fmt"
	"net/http"
	"strconv"

	"holdfast/internal/say"
)

// rowsEach is how many rows one page of a long list has: a browser takes long over tens of thousands.
const rowsEach = 200

// paging is which of a list's rows a page has, and the pages beside it.
type paging struct {
	Says          string // which; "": all of them
	Before, After string // addresses; "": there is none
	from, to      int
}

// pagingOf is that of the page that the address asks for, of so many rows. Who asks for one after the last has the
// last.
func (h *handler) pagingOf(r *http.Request, reader say.Reader, rows int) paging {
	asked, _ := strconv.Atoi(r.URL.Query().Get("page")) // what is no number is the first
	last := max(1, (rows+rowsEach-1)/rowsEach)
	n := min(max(asked, 1), last)
	p := paging{from: (n - 1) * rowsEach, to: min(n*rowsEach, rows)}
	if last == 1 {
		return p
	}
	p.Says = reader.Fill("paging", say.Words{N: n, Text: number(last)})
	at := func(n int) string {
		q := r.URL.Query()
		q.Set("page", number(n))
		return fmt.Sprintf("%s%s?%s", h.base, r.URL.Path, q.Encode())
	}
	if n > 1 {
		p.Before = at(n - 1)
	}
	if n < last {
		p.After = at(n + 1)
	}
	return p
}
