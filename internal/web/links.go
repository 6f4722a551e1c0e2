package web

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"holdfast/internal/link"
	"holdfast/internal/say"
)

// Page is the page of a link. Press is the link that its button presses: "act/" or "stop/" and a token.
type Page struct {
	say.Page
	Press string
}

// Acts are what links do. Neither method is called with an act that is over or none of ours.
type Acts interface {
	// Page is what the page of the link says. It changes nothing.
	Page(ctx context.Context, token string, a link.Act) (Page, error)
	// Do does what the link is for, once: repeating it is what Page says of a used link.
	Do(ctx context.Context, token string, a link.Act) (Page, error)
}

// links answers the links of messages.
func (h *handler) links(mux *http.ServeMux) {
	if h.Acts == nil {
		return
	}
	for _, path := range []string{ActPath, StopPath} {
		mux.HandleFunc("GET "+path+"{token}", func(w http.ResponseWriter, r *http.Request) { h.link(w, r, h.Acts.Page) })
		mux.HandleFunc("POST "+path+"{token}", func(w http.ResponseWriter, r *http.Request) { h.link(w, r, h.Acts.Do) })
	}
}

// link opens the link of the request and shows the page that is made of it.
func (h *handler) link(w http.ResponseWriter, r *http.Request,
	page func(context.Context, string, link.Act) (Page, error)) {
	token := r.PathValue("token")
	keys, err := h.Keys()
	if err != nil {
		h.fail(w, r, err)
		return
	}
	act, err := keys.Open(token, h.Clock())
	switch stop := strings.HasPrefix(r.URL.Path, StopPath); {
	case errors.Is(err, link.ErrOver):
		h.showLink(w, r, http.StatusGone, Page{Page: say.Reader{}.LinkOver()})
	case err != nil || stop != (act.Do == link.Stop || act.Do == link.Resume):
		h.showLink(w, r, http.StatusNotFound, Page{Page: say.Reader{}.NoLink()})
	default:
		p, err := page(r.Context(), token, act)
		if err != nil {
			h.fail(w, r, err)
			return
		}
		h.showLink(w, r, http.StatusOK, p)
	}
}

// askPage is a page that asks for one thing, or tells what became of it.
type askPage struct {
	say.Page
	Press  string // the address; "": there is nothing to press
	Field  *input
	Hidden []field
	Links  []place
}

type input struct{ Name, Label, Type, Autocomplete string }

func (h *handler) showLink(w http.ResponseWriter, r *http.Request, status int, p Page) {
	body := askPage{Page: p.Page}
	if p.Button != "" {
		body.Press = h.base + "/" + p.Press
	}
	h.show(w, r, status, "ask", frame{Title: p.Title, Narrow: true, Body: body})
}
