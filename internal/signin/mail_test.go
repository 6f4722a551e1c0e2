package signin

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"holdfast/internal/access"
	"holdfast/internal/series"
)

// asks asks for a mail, and returns what is shown.
func (b *browser) asks(address string) answer {
	b.t.Helper()
	return b.post(mailPath, "address", address, "back", "/pairs/mia/raj")
}

func TestByMail(t *testing.T) {
	h := open(t, mails)
	b := h.browser()
	b.get("/pairs/mia/raj?x=1").is(t, 200, "form /signin/mail back=/pairs/mia/raj?x=1")
	b.asks(" Mia@Example.COM ").is(t, 200, "form /signin/code back=/pairs/mia/raj")
	m := <-h.letters
	if m.Address != "mia@example.com" || m.Person != "mia" || !strings.HasPrefix(m.link, h.URL+"/signin/link/hfs_") {
		t.Fatalf("%+v", m)
	}
	// Filters open links, and press nothing.
	for range 3 {
		h.browser().get(m.link).is(t, 200, "Sign in as Mia Chen?")
		h.browser().do("HEAD", m.link, nil).is(t, 200, "")
	}
	elsewhere := h.browser() // on the telephone
	elsewhere.post(m.link).is(t, 200, isMia)
	elsewhere.who(t, isMia)
	b.who(t, isNobody)
	// Link and code are one: the code is used up, too.
	b.post(codePath, "code", m.code).is(t, 422, "does not sign you in")

	b.asks("mia.chen@example.com") // an alias: it goes to the first address
	m = <-h.letters
	if m.Address != "mia@example.com" {
		t.Errorf("mailed to %s", m.Address)
	}
	typed := " " + strings.ToLower(m.code[:4]) + "-" + m.code[4:]
	b.post(codePath, "code", typed, "back", "/pairs/mia/raj").is(t, 200, "/pairs/mia/raj: "+isMia)
	b.get("/signin?back=/me").is(t, 200, "/me: "+isMia) // who is signed in goes on

	it := h.browser()
	it.asks("it@example.com")
	it.post((<-h.letters).link).is(t, 200, isIT)
}

// TestUnknownAddress: the answer is the same whether an address is known or not, down to its headers; so is that to a
// code.
func TestUnknownAddress(t *testing.T) {
	h := open(t, mails)
	plain := func(a answer) string {
		a.header.Del("Date")
		for i, c := range a.header["Set-Cookie"] {
			name, rest, _ := strings.Cut(c, "=")
			_, rest, _ = strings.Cut(rest, ";")
			a.header["Set-Cookie"][i] = name + rest
		}
		return a.url.String() + a.text + strings.Join(a.header["Set-Cookie"], "|")
	}
	see := func(address string) (all string) {
		b := h.browser()
		b.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		all = plain(b.asks(address)) + plain(b.get(codePath))
		for range 7 {
			all += plain(b.post(codePath, "code", "AAAAAAAA"))
		}
		return all
	}
	known, unknown := see("mia@example.com"), see("nobody@example.com")
	if known != unknown {
		t.Errorf("known:\n%s\nunknown:\n%s", known, unknown)
	}
	h.browser().asks("raj@example.com")
	if m := <-h.letters; m.Person != "mia" {
		t.Errorf("mailed to %s", m.Address)
	}
	if m := <-h.letters; m.Person != "raj" { // and so none to nobody
		t.Errorf("mailed to %s", m.Address)
	}
}

// TestAttackLinkTwice: a link signs in once, also where two press at the same time.
func TestAttackLinkTwice(t *testing.T) {
	h := open(t, mails)
	h.browser().asks("mia@example.com")
	m := <-h.letters
	signed := make(chan bool)
	for range 8 {
		go func() {
			a, err := (&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error {
				return http.ErrUseLastResponse
			}}).Post(m.link, "", nil)
			if err == nil {
				a.Body.Close()
			}
			signed <- err == nil && a.StatusCode == http.StatusSeeOther
		}()
	}
	n := 0
	for range 8 {
		if <-signed {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%d signed in by one link", n)
	}
	b := h.browser()
	b.post(m.link).is(t, 410, "This link is over")
	b.get(m.link).is(t, 410, "This link is over")
	b.who(t, isNobody)
}

// TestAttackLinkAfterItsEnd: an hour ends a link and its code, and so does asking again, or leaving the roster.
func TestAttackLinkAfterItsEnd(t *testing.T) {
	h := open(t, mails)
	b := h.browser()
	b.asks("mia@example.com")
	old := <-h.letters
	b.asks("mia@example.com")
	m := <-h.letters
	b.post(old.link).is(t, 410, "over")
	b.post(codePath, "code", old.code).is(t, 422, "")
	h.wait(time.Hour)
	b.post(m.link).is(t, 410, "over")
	b.get(m.link).is(t, 410, "over")
	b.post(codePath, "code", m.code).is(t, 422, "")

	b.asks("mia@example.com")
	m = <-h.letters
	h.change(func(p map[string]series.Person) { delete(p, "mia") })
	b.post(m.link).is(t, 403, "You cannot sign in")
	b.who(t, isNobody)
}

// TestAttackTenThousandCodes: the code is taken from the browser that asked alone, and five wrong ones end it, whatever
// comes after them.
func TestAttackTenThousandCodes(t *testing.T) {
	h := open(t, mails)
	victim, attacker := h.browser(), h.browser()
	victim.asks("mia@example.com")
	m := <-h.letters
	attacker.post(codePath, "code", m.code).is(t, 410, "Begin again") // it has asked for nothing
	attacker.asks("nobody@example.com")
	attacker.post(codePath, "code", m.code).is(t, 422, "") // not that browser's
	for range access.WrongCodes - 1 {
		victim.post(codePath, "code", "22222222").is(t, 422, "")
	}
	victim.post(codePath, "code", m.code).is(t, 200, isMia) // the fifth try may be right

	attacker.asks("mia@example.com")
	m = <-h.letters
	n := 10_000
	if testing.Short() {
		n = 100
	}
	ask := h.cookieOf(attacker, askCookie)
	for i := range n {
		guess := access.NewCode()
		if i == access.WrongCodes {
			guess = m.code
		}
		_, ok, err := h.journal.GuessCode(t.Context(), access.Digest(ask), access.CodeDigest(guess, ask))
		if err != nil || ok {
			t.Fatalf("guess %d: %t %v", i, ok, err)
		}
	}
	attacker.post(codePath, "code", m.code).is(t, 422, "")
	attacker.post(m.link).is(t, 410, "over")
	attacker.who(t, isNobody)
}

// cookieOf is a cookie of the browser.
func (h *house) cookieOf(b *browser, which string) string {
	u, _ := url.Parse(h.url)
	for _, c := range b.Jar.Cookies(u) {
		if c.Name == "holdfast"+which {
			return c.Value
		}
	}
	return ""
}

// TestTooManyMails: three an hour to a person, whoever asks, and twenty from a source, whoever they are for.
func TestTooManyMails(t *testing.T) {
	h := open(t, mails)
	for range 5 {
		h.browser().asks("mia@example.com").is(t, 200, "Look into your mail")
	}
	h.browser().asks("raj@example.com")
	for _, want := range []string{"mia", "mia", "mia", "raj"} {
		if m := <-h.letters; m.Person != want {
			t.Errorf("to %s, want %s", m.Person, want)
		}
	}
	for range asksAnHour - 6 {
		h.browser().asks("nobody@example.com").is(t, 200, "")
	}
	b := h.browser()
	b.header.Set("X-Forwarded-For", "192.0.2.77") // nobody's who is trusted
	b.asks("raj@example.com").is(t, 429, "Too many")
	h.wait(time.Hour)
	b.asks("raj@example.com").is(t, 200, "")
	if m := <-h.letters; m.Person != "raj" {
		t.Errorf("to %s", m.Person)
	}
}

// TestAttackHostHeader: where a mail leads depends on the settings alone.
func TestAttackHostHeader(t *testing.T) {
	h := open(t, mails)
	b := h.browser()
	for _, name := range []string{"Host", "X-Forwarded-Host", "X-Original-Host", "Forwarded"} {
		b.header.Set(name, "evil.example")
	}
	b.header.Set("X-Forwarded-Proto", "https")
	b.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if to := b.asks("mia@example.com").header.Get("Location"); !strings.HasPrefix(to, "/signin/code") {
		t.Errorf("leads to %q", to)
	}
	if m := <-h.letters; !strings.HasPrefix(m.link, h.url+"/") {
		t.Errorf("the link is %s", m.link)
	}
}

// TestAttackCrossSite: a page of somebody else signs nobody in or out.
func TestAttackCrossSite(t *testing.T) {
	h := open(t, mails)
	b := h.browser()
	b.asks("mia@example.com")
	m := <-h.letters
	evil := h.browser()
	evil.Jar = b.Jar
	for _, header := range [][2]string{
		{"Sec-Fetch-Site", "cross-site"}, {"Origin", "https://evil.example"}, {"Origin", "null"},
	} {
		evil.header = http.Header{header[0]: {header[1]}}
		evil.asks("raj@example.com").is(t, 403, "")
		evil.post(codePath, "code", m.code).is(t, 403, "")
		evil.post(m.link).is(t, 403, "")
	}
	b.header.Set("Origin", h.url)
	b.post(m.link).is(t, 200, isMia)
	evil.post(OutPath).is(t, 403, "")
	b.who(t, isMia)
	// A picture whose address is that of signing out changes nothing.
	b.get(OutPath).is(t, 200, "form /signout")
	b.who(t, isMia)
}

// TestAttackPaths: no detour in a path leads to a link, or anywhere else.
func TestAttackPaths(t *testing.T) {
	h := open(t, mails)
	h.browser().asks("mia@example.com")
	m := <-h.letters
	secret := m.link[strings.LastIndex(m.link, "/")+1:]
	b := h.browser()
	for _, path := range []string{
		"/signin/link/", "/signin/link/../link", "/signin/link/" + secret + "/", "/signin/link/" + secret + "%00",
		"/signin/link/%2e%2e%2f" + secret, "/signin/link/" + strings.ToUpper(secret), "/signin/link/" + secret[:30],
		"/signin/link/" + access.Digest(secret), "//signin/link/x/" + secret, "/signin/link/" + strings.Repeat("a", 5000),
	} {
		b.post(path)
		b.who(t, isNobody)
	}
	b.post(m.link)
	b.who(t, isMia)
	if text := h.log.String(); strings.Contains(text, secret) || strings.Contains(text, "mia@") {
		t.Errorf("the log has a secret or an address: %s", text)
	}
}

// TestByShell: without any other way there are links from the shell, and no forms.
func TestByShell(t *testing.T) {
	h := open(t, shell)
	b := h.browser()
	b.get("/").is(t, 200, "Whoever looks after Holdfast makes one")
	b.asks("mia@example.com").is(t, 200, "You need a link")
	b.post(codePath, "code", "x").is(t, 200, "You need a link")
	b.get(oidcPath).is(t, 200, "You need a link")
	b.linked("raj").is(t, 200, "/: "+isRaj)
	b.post(OutPath).is(t, 200, "You are signed out")
	b.who(t, isNobody)
	b.get(OutPath).is(t, 200, "Sign in")
}
