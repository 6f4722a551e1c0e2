package web

import (
	"cmp"
	"net/http"
	"strings"

	"holdfast/internal/say"
)

// saidCookie carries what was done to the page that is shown then. It holds a word of ours, so that no address can make
// a page say something that did not happen.
const saidCookie = "holdfast-said"

// done leads on to the page at the address, which says what was done: one of the texts under done.
func (h *handler) done(w http.ResponseWriter, r *http.Request, to, what string) {
	h.setSaid(w, what, 60)
	http.Redirect(w, r, h.base+to, http.StatusSeeOther)
}

func (h *handler) setSaid(w http.ResponseWriter, what string, seconds int) {
	http.SetCookie(w, &http.Cookie{
		Name:     saidCookie,
		Value:    what,
		Path:     cmp.Or(h.base, "/"),
		MaxAge:   seconds,
		Secure:   strings.HasPrefix(h.URL, "https:"),
		HttpOnly: true,
		SameSite: http.SameSiteStrictMode,
	})
}

// saids are the words that the cookie may hold.
var saids = map[string]bool{
	"accept": true, "restore": true, "restore-one": true, "rebook": true, "undo": true, "invite": true,
	"ask-accept": true, "ask-restore": true, "acknowledge": true, "unacknowledge": true, "held": true,
	"allow": true, "confirm-empty": true, "wishes": true, "revoked": true,
}

// said has the page say, this once, what was done.
func (h *handler) said(w http.ResponseWriter, r *http.Request, f *frame, words say.Reader) {
	c, err := r.Cookie(saidCookie)
	if err != nil || r.Header.Get(partHeader) != "" || r.Method == http.MethodHead {
		return
	}
	h.setSaid(w, "", -1)
	if saids[c.Value] {
		f.Said = words.Word("done." + c.Value)
	}
}
