package signin

import (
	"context"
	"crypto/subtle"
	"net/http"
	"strings"
	"sync"
	"time"

	"holdfast/internal/access"
	"holdfast/internal/clock"
	"holdfast/internal/say"
	"holdfast/internal/series"
)

// asked is that a browser asked for a mail.
type asked struct{ address, ask string }

const (
	// maxWaiting is how many may wait for a mail. Beyond, people are asked to try again.
	maxWaiting = 1000
	maxAddress = 320
	// mailPatience is how long a mail may take: others wait for it.
	mailPatience = time.Minute
)

// Run sends the mails that were asked for, and ends the streams of sessions that are over, until the context ends.
//
// Mails are sent beside the answers, which are so the same, and take the same time, whether an address is known or not.
func (s *SignIn) Run(ctx context.Context) error {
	var sweeping sync.WaitGroup
	defer sweeping.Wait()
	sweeping.Go(func() {
		every := time.NewTicker(sweepEvery)
		defer every.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-every.C:
				s.Sweep(ctx)
			}
		}
	})
	for {
		select {
		case <-ctx.Done():
			return nil
		case a := <-s.asked:
			if err := s.mail(ctx, a); err != nil && ctx.Err() == nil {
				s.Log.Error().Err(err).Msg("a sign-in link cannot be mailed")
			}
		}
	}
}

// sweepEvery is how long a stream may go on after its session.
const sweepEvery = time.Minute

// mail sends a link and a code, if the address is somebody's. It is sent to their first address, whichever of theirs
// was typed.
func (s *SignIn) mail(ctx context.Context, a asked) error {
	to, ok := s.recipient(a.address)
	if !ok {
		return nil
	}
	who := to.Person
	if who == "" {
		who = to.Address
	}
	x, secret, code := access.NewSignIn(who, a.ask, s.Clock())
	if ok, err := s.Journal.AskSignIn(ctx, x); err != nil || !ok {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, mailPatience)
	defer cancel()
	return s.Mail(ctx, to, s.URL+linkPath+secret, code, x.Until)
}

func (s *SignIn) recipient(address string) (Recipient, bool) {
	to := func(p series.Person) Recipient {
		return Recipient{Person: p.ID, Name: p.Name, Address: p.Email, Zone: p.Zone}
	}
	if p, ok := s.byAddress(address); ok {
		return to(p), true
	}
	for _, p := range s.People() {
		for _, alias := range p.Aliases {
			if lower(alias) == lower(address) {
				return to(p), true
			}
		}
	}
	for _, admin := range s.Admins {
		if isAddress(admin) && lower(admin) == lower(address) {
			return Recipient{Address: lower(admin), Name: admin}, true
		}
	}
	return Recipient{}, false
}

// askMail takes an address.
func (s *SignIn) askMail(w http.ResponseWriter, r *http.Request) {
	back := s.local(r.FormValue("back"))
	address := strings.TrimSpace(r.FormValue("address"))
	if address == "" || len(address) > maxAddress {
		s.Show(w, r, http.StatusUnprocessableEntity, s.ways(back))
		return
	}
	if !s.sources.take(Source(r, s.Proxies), s.Clock()) {
		s.Show(w, r, http.StatusTooManyRequests, s.again(say.Reader{}.SignInTooMany()))
		return
	}
	secret, _ := access.NewSecret(access.PrefixAsk)
	select {
	case s.asked <- asked{address, secret}:
	default:
		s.Show(w, r, http.StatusServiceUnavailable, s.again(say.Reader{}.SignInTooMany()))
		return
	}
	s.cookie.set(w, askCookie, secret, access.SignInLifetime)
	s.redirect(w, r, codePath+query("back", back))
}

// askCode shows where to type the code.
func (s *SignIn) askCode(w http.ResponseWriter, r *http.Request) {
	if s.cookie.get(r, askCookie) == "" {
		s.redirect(w, r, Path)
		return
	}
	s.Show(w, r, http.StatusOK, s.codePage(say.Reader{}.SignInSent(), s.local(r.FormValue("back"))))
}

func (s *SignIn) codePage(p say.Page, back string) Page {
	return Page{
		Page:  p,
		Press: s.base + codePath,
		Field: &Field{
			Name:         "code",
			Label:        say.Reader{}.SignInCode(),
			Type:         "text",
			Autocomplete: "one-time-code",
		},
		Back:  back,
		Links: []Link{{say.Reader{}.SignInAgain(), s.base + Path}},
	}
}

// code takes a code. What is wrong with it is not told: that a code had tries left would tell that an address is known.
func (s *SignIn) code(w http.ResponseWriter, r *http.Request) {
	back, ask := s.local(r.FormValue("back")), s.cookie.get(r, askCookie)
	if ask == "" {
		s.Show(w, r, http.StatusGone, s.again(say.Reader{}.SignInStale()))
		return
	}
	code := r.FormValue("code")
	x, ok, err := s.Journal.GuessCode(r.Context(), access.Digest(ask), access.CodeDigest(code[:min(len(code), 100)], ask))
	switch {
	case err != nil:
		s.trouble(w, r, err)
	case !ok:
		s.Show(w, r, http.StatusUnprocessableEntity, s.codePage(say.Reader{}.SignInWrong(), back))
	default:
		s.enter(w, r, x.Person, byCode, back)
	}
}

// link shows whom a link signs in, with a button. It uses nothing up: mail filters open every link.
func (s *SignIn) link(w http.ResponseWriter, r *http.Request) {
	token := r.PathValue("token")
	x, ok, err := s.Journal.SignIn(r.Context(), access.Digest(token))
	switch {
	case err != nil:
		s.trouble(w, r, err)
	case !ok:
		s.Show(w, r, http.StatusGone, s.again(say.Reader{}.SignInOver()))
	default:
		name := x.Person
		if p, ok := s.People()[x.Person]; ok {
			name = p.Name
		}
		s.Show(w, r, http.StatusOK, Page{Page: say.Reader{}.SignInAs(name), Press: s.base + linkPath + token})
	}
}

// useLink signs in by a link.
func (s *SignIn) useLink(w http.ResponseWriter, r *http.Request) {
	x, ok, err := s.Journal.UseSignIn(r.Context(), access.Digest(r.PathValue("token")))
	switch {
	case err != nil:
		s.trouble(w, r, err)
	case !ok:
		s.Show(w, r, http.StatusGone, s.again(say.Reader{}.SignInOver()))
	default:
		s.enter(w, r, x.Person, byLink, "")
	}
}

// same compares secrets.
func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// NewLink makes a link from the shell, with which the person signs in at the URL of the pages, once. who is the id of a
// person, or the address of an admin.
func NewLink(ctx context.Context, j Journal, now clock.Clock, pages, who string) (
	link string, until time.Time, err error) {
	x, secret, _ := access.NewSignIn(who, "", now())
	if _, err := j.AskSignIn(ctx, x); err != nil {
		return "", time.Time{}, err
	}
	return pages + linkPath + secret, x.Until, nil
}
