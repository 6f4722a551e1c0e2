package daemon

import (
	"cmp"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"time"

	"holdfast/internal/act"
	"holdfast/internal/series"
)

// posts are all addresses that take something, of a pair.
func posts(pair string) []string {
	var out []string
	for _, d := range []string{"accept", "restore", "restore-one", "rebook", "undo", "invite", "ask-accept", "ask-restore",
		"acknowledge", "unacknowledge", "allow", "nothing"} {
		out = append(out, "/pairs/"+pair+"/"+d)
	}
	return out
}

// refused has everybody try to do what is not theirs: nothing is done, and the answer is the same as about a pair that
// never was.
func (w *walk) refused() {
	w.Helper()
	flags, err := w.a.Store.Flags(w.Context(), false)
	w.ok(err)
	if len(flags) < 4 {
		w.Fatalf("%d flags are open", len(flags))
	}
	before := w.did()
	for _, pair := range walkPairs {
		form := url.Values{"occurrence": {"2026-12-15"}, "to": {"2026-12-17T14:00:00Z"}, "before": {"2026-12-15T09:00:00Z"}}
		for _, f := range flags {
			if f.Pair.String() == pair {
				form.Set("flag", f.ID())
				form.Set("digest", f.Digest())
			}
		}
		for _, who := range w.viewers() {
			if may(who, "place", pair[:3], pair[4:]) {
				continue
			}
			for i, path := range posts(pair) {
				rec := w.ask(who, "POST", path, form.Encode())
				none := w.ask(who, "POST", posts("zoe/zac")[i], form.Encode())
				if rec.Code < 300 || rec.Code != none.Code || rec.Body.String() != none.Body.String() ||
					rec.Code == http.StatusSeeOther && !strings.HasPrefix(rec.Header().Get("Location"), "/signin") {
					w.Errorf("%s posts to %s: %d %s, and where there is none %d", who, path, rec.Code, rec.Body, none.Code)
				}
			}
		}
		for who, token := range w.tokens {
			if may(who, "place", pair[:3], pair[4:]) {
				continue
			}
			w.acts(act.Actor{Person: who, From: act.API}, series.Pair{Manager: pair[:3], Report: pair[4:]})
			w.acts(act.Actor{Person: who, Admin: true, From: act.Page}, series.Pair{Manager: pair[:3], Report: pair[4:]})
			for _, d := range []string{"accept", "restore", "rebook", "invite"} {
				body := `{"shown":{"flag":"` + form.Get("flag") + `","digest":"` + form.Get("digest") + `"}}`
				if d == "rebook" {
					body = `{"occurrence":"2026-12-15","to":"2026-12-17T14:00:00Z",` + body[1:]
				}
				post := func(pair string) *httptest.ResponseRecorder {
					return w.ask("nobody", "POST", "/api/v1/pairs/"+pair+"/"+d, body, "Authorization", "Bearer "+token,
						"Content-Type", "application/json")
				}
				rec, none := post(pair), post("zoe/zac")
				if rec.Code < 400 || rec.Code >= 500 || rec.Body.String() != none.Body.String() {
					w.Errorf("%s posts %s of %s: %d %s, and where there is none %s", who, d, pair, rec.Code, rec.Body, none.Body)
				}
			}
			for _, id := range []string{cmp.Or(form.Get("flag"), "nothing"), "none"} {
				rec := w.ask("nobody", "POST", "/api/v1/flags/"+id+"/ack", "{}", "Authorization", "Bearer "+token,
					"Content-Type", "application/json")
				if rec.Code != http.StatusNotFound && rec.Code != http.StatusForbidden {
					w.Errorf("%s acknowledges %q of %s: %d %s", who, id, pair, rec.Code, rec.Body)
				}
			}
		}
	}
	for _, who := range w.viewers() {
		for _, x := range [][2]string{{"/admin/allow", "change=a%20b"}, {"/admin/confirm-empty", "person=eva"}} {
			if may(who, "name", "none", "") {
				continue
			}
			if rec := w.ask(who, "POST", x[0], x[1]); rec.Code != http.StatusNotFound && rec.Code != http.StatusSeeOther ||
				rec.Code == http.StatusSeeOther && who != "nobody" {
				w.Errorf("%s posts to %s: %d %s", who, x[0], rec.Code, rec.Body)
			}
		}
	}
	for _, who := range []string{"nobody", "it"} {
		for _, path := range []string{"/me/wishes", "/me/feed", "/me/tokens", "/me/tokens/revoke"} {
			if rec := w.ask(who, "POST", path, "name=x"); rec.Code == http.StatusOK ||
				rec.Code == http.StatusSeeOther && !strings.HasPrefix(rec.Header().Get("Location"), "/signin") {
				w.Errorf("%s posts to %s: %d", who, path, rec.Code)
			}
		}
	}
	if after := w.did(); after != before {
		w.Errorf("something was done:\n%s\nbefore:\n%s", after, before)
	}
}

// acts has somebody act though no page let them come so far.
func (w *walk) acts(who act.Actor, p series.Pair) {
	w.Helper()
	for _, d := range []act.Deed{act.Accept, act.Restore, act.RestoreOne, act.Rebook, act.Undo, act.Invite,
		act.AskAccept} {
		out, err := w.a.acts().Do(w.Context(), who, act.Request{Deed: d, Pair: p})
		if err != nil || out.Refused == nil || out.Refused.Reason != act.NotYours {
			w.Errorf("%v may %s of %s: %+v, %v", who, d, p, out.Refused, err)
		}
	}
}

// did is all that the journal has of what was done, and how often calendars were written.
func (w *walk) did() string {
	w.Helper()
	deeds, err := w.a.Store.Deeds(w.Context(), "", time.Time{})
	w.ok(err)
	flags, err := w.a.Store.Flags(w.Context(), true)
	w.ok(err)
	return fmt.Sprint(deeds, flags, w.dav.Writes())
}
