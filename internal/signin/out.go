package signin

import (
	"net/http"
	"net/url"

	"holdfast/internal/say"
)

// askOut asks whether to sign out.
func (s *SignIn) askOut(w http.ResponseWriter, r *http.Request) {
	if _, ok := s.Who(r); !ok {
		s.redirect(w, r, Path)
		return
	}
	s.Show(w, r, http.StatusOK, Page{Page: say.Reader{}.SignOutAsk(), Press: s.base + OutPath})
}

// out ends the session here, and at the provider where it can be ended there. Where it cannot, the next sign-in asks
// which account to take: else it would just sign in again.
func (s *SignIn) out(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	there := s.provider != nil && s.sessions.GetBool(ctx, keyIssuer)
	if err := s.end(ctx); err != nil {
		s.trouble(w, r, err)
		return
	}
	if !there {
		s.Show(w, r, http.StatusOK, s.again(say.Reader{}.SignedOut()))
		return
	}
	if d, err := s.provider.discover(ctx); err == nil && d.endSession != "" {
		if end, err := url.Parse(d.endSession); err == nil {
			q := end.Query()
			q.Set("client_id", s.provider.ClientID)
			end.RawQuery = q.Encode()
			// Not by a redirect: browsers count that as part of sending the form, which the page's policy (form-action)
			// keeps here.
			w.Header().Set("Refresh", "0; url="+end.String())
			s.Show(w, r, http.StatusOK, Page{
				Page:  say.Reader{}.SignedOutHere(s.provider.host()),
				Links: []Link{{say.Reader{}.SignOutThere(s.provider.host()), end.String()}},
			})
			return
		}
	}
	s.cookie.set(w, outCookie, "1", Lifetime)
	s.Show(w, r, http.StatusOK, s.again(say.Reader{}.StillSignedIn(s.provider.host())))
}
