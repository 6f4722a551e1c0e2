package web

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"holdfast/internal/act"
	"holdfast/internal/deed"
	"holdfast/internal/plan"
	"holdfast/internal/say"
	"holdfast/internal/see"
	"holdfast/internal/series"
)

// Deeds are what people do on the pages. It is act.Acts, or what goes through it.
type Deeds interface {
	Do(ctx context.Context, who act.Actor, q act.Request) (act.Result, error)
	Acknowledge(ctx context.Context, who act.Actor, s act.Shown) error
	Unacknowledge(ctx context.Context, who act.Actor, s act.Shown) error
	Allow(ctx context.Context, who act.Actor, changes map[string]string) (until time.Time, err error)
	ConfirmEmpty(ctx context.Context, who act.Actor, person string) error
}

// onPairs are the deeds that pairs' pages have forms for.
var onPairs = []act.Deed{act.Accept, act.Restore, act.RestoreOne, act.Rebook, act.Undo, act.Invite, act.AskAccept,
	act.AskRestore, act.Acknowledge, act.Unacknowledge}

// act does what a form of a pair's page asks for. What is not as it was shown then is shown as it is now.
func (h *handler) act(w http.ResponseWriter, r *http.Request) {
	who, _ := h.who(r)
	pair, d := pairOf(r), act.Deed(r.PathValue("deed"))
	p, err := h.See.Pair(r.Context(), who, pair)
	switch {
	case err != nil:
		h.fail(w, r, err)
		return
	case !slices.Contains(onPairs, d):
		h.message(w, r, http.StatusNotFound, "none")
		return
	}
	reader := h.pairReader(p)
	if !h.form(w, r) {
		return
	}
	q, err := requestOf(r, pair, d, reader.Zone)
	if err != nil {
		h.message(w, r, http.StatusBadRequest, "form")
		return
	}
	did, why, err := h.do(r.Context(), who, q, reader)
	switch {
	case err != nil:
		h.fail(w, r, err)
	case why != "":
		h.showPair(w, r, http.StatusConflict, why)
	default:
		h.done(w, r, "/pairs/"+pair.String(), did)
	}
}

// do does it: a word for what was done, or why nothing was.
func (h *handler) do(ctx context.Context, who act.Actor, q act.Request, r say.Reader) (did, why string, err error) {
	switch q.Deed {
	case act.Acknowledge:
		err = h.Deeds.Acknowledge(ctx, who, q.Shown)
	case act.Unacknowledge:
		err = h.Deeds.Unacknowledge(ctx, who, q.Shown)
	default:
		var out act.Result
		out, err = h.Deeds.Do(ctx, who, q)
		switch {
		case err != nil:
		case out.Came == deed.Held:
			return "held", "", nil
		case out.Came == deed.Nothing:
			return "", r.NotDone(out.Why), nil
		case out.Came != deed.Done:
			return "", r.NotDone(out.Why), nil
		}
	}
	if no := (*act.Refused)(nil); errors.As(err, &no) {
		return "", r.NotDone(say.NotDone{Reason: string(no.Reason)}), nil
	}
	return string(q.Deed), "", err
}

// form reads the form, and says so where it cannot be read: a part of one is none.
func (h *handler) form(w http.ResponseWriter, r *http.Request) bool {
	err := r.ParseForm()
	if err != nil {
		h.message(w, r, http.StatusBadRequest, "form")
	}
	return err == nil
}

var errForm = errors.New("a form of no page")

// requestOf is what the form asks for; times are on the clock of the zone.
func requestOf(r *http.Request, p series.Pair, d act.Deed, zone string) (act.Request, error) {
	q := act.Request{Deed: d, Pair: p, Shown: act.Shown{Flag: r.PostFormValue("flag"), Digest: r.PostFormValue("digest")}}
	var err error
	if text := r.PostFormValue("occurrence"); text != "" {
		if q.Occurrence, err = series.ParseDate(text); err != nil {
			return q, errForm
		}
	}
	switch {
	case d == act.Rebook && r.PostFormValue("day") != "":
		day, err1 := series.ParseDate(r.PostFormValue("day"))
		at, err2 := series.ParseTimeOfDay(r.PostFormValue("clock"))
		if err1 != nil || err2 != nil {
			return q, errForm
		}
		q.To = plan.Time{Instant: series.Instant(day, at, zone)}
	case d == act.Rebook || d == act.Undo:
		to, err := time.Parse(time.RFC3339, r.PostFormValue("to"))
		if err != nil {
			return q, errForm
		}
		q.To = plan.Time{Instant: to}
	}
	// Without what was shown, a deed would be of whatever there is.
	needs := d == act.Acknowledge || d == act.Unacknowledge || d == act.AskAccept || d == act.AskRestore
	if needs && (q.Shown.Flag == "" || q.Shown.Digest == "") || q.Occurrence.IsZero() &&
		(d == act.Rebook || d == act.RestoreOne || d == act.Undo) {
		return q, errForm
	}
	return q, nil
}

// allow lets the changes through that were shown.
func (h *handler) allow(w http.ResponseWriter, r *http.Request) {
	changes := map[string]string{}
	if !h.form(w, r) {
		return
	}
	for _, text := range r.PostForm["change"] {
		if id, digest, ok := strings.Cut(text, " "); ok {
			changes[id] = digest
		}
	}
	who, _ := h.who(r)
	var err error
	if len(changes) > 0 {
		_, err = h.Deeds.Allow(r.Context(), who, changes)
	}
	h.adminDone(w, r, err, "allow")
}

func (h *handler) confirmEmpty(w http.ResponseWriter, r *http.Request) {
	who, _ := h.who(r)
	h.adminDone(w, r, h.Deeds.ConfirmEmpty(r.Context(), who, r.PostFormValue("person")), "confirm-empty")
}

func (h *handler) adminDone(w http.ResponseWriter, r *http.Request, err error, did string) {
	no := (*act.Refused)(nil)
	switch {
	case errors.As(err, &no) && no.Reason == act.AdminsOnly: // that there is such an address is an admin's to know
		h.fail(w, r, see.ErrNotIn)
	case errors.As(err, &no):
		h.showAdmin(w, r, http.StatusConflict, say.Reader{}.NotDone(say.NotDone{Reason: string(no.Reason)}))
	case err != nil:
		h.fail(w, r, err)
	default:
		h.done(w, r, "/admin", did)
	}
}
