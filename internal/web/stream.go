package web

import (
	"net/http"
	"slices"

	"holdfast/internal/live"
	"holdfast/internal/series"
)

// streamsEach is how many streams one may have open over HTTP/1.1, where a browser has six connections in all.
const streamsEach = 4

// stream says which of the reader's 1:1s a round changed; with ?pair= of that one alone. Pages then ask for themselves.
func (h *handler) stream(w http.ResponseWriter, r *http.Request) {
	who, _ := h.who(r)
	if r.ProtoMajor == 1 {
		leave, ok := h.seats.Take(who.Person + " " + r.UserAgent())
		if !ok {
			w.WriteHeader(http.StatusNoContent) // which a browser does not try again
			return
		}
		defer leave()
	}
	var only *series.Pair
	if p, err := series.ParsePair(r.URL.Query().Get("pair")); err == nil {
		only = &p
	}
	events, cancel := h.Changes.Subscribe(who.Person, who.Admin)
	defer cancel()
	over, release := h.SignIn.Over(r)
	defer release()
	live.Stream(w, r, events, over, func(e live.Event) ([]live.Message, bool) {
		if only != nil && !slices.Contains(e.Pairs, *only) {
			return nil, true
		}
		return []live.Message{{Event: "change"}}, true
	})
}
