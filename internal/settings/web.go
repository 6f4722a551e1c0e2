package settings

import (
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"holdfast/internal/yamlpos"
)

// Web is how people reach Holdfast, and how it knows them.
type Web struct {
	// Proxies are the addresses whose X-Forwarded-For is believed.
	Proxies []netip.Prefix
	// MetricsListen is where /metrics and /readyz are answered, as host:port; "" for nowhere.
	MetricsListen string
	// Admins are ids of the roster and mail addresses, with where they stand.
	Admins []yamlpos.Text
	SignIn SignIn
}

// SignIn is how people sign in. The zero SignIn is by the links of `holdfast web link` alone.
type SignIn struct {
	OIDC *OIDC
	Mail bool // by a link that is mailed
}

// OIDC is a provider of OpenID Connect.
type OIDC struct {
	Issuer   string // letter by letter as its discovery document has it, a slash at the end included
	ClientID string
	Secret   SecretFile
	Claim    string // of the ID token that holds the person's address
	// TrustEmail takes the claim where the token does not say whether it is verified: nobody but one organization has
	// accounts at the issuer.
	TrustEmail bool
}

// UnknownAdmins are the admins that are named by an id for which known is false.
func (w Web) UnknownAdmins(known func(id string) bool) yamlpos.Problems {
	var out yamlpos.Problems
	for _, a := range w.Admins {
		if !isAddress(a.V) && !known(a.V) {
			out.Add(a.Pos, "web.admins", "%q is not in the roster: nobody signs in as that admin", a.V)
		}
	}
	return out
}

// Check reads the secret, if there is one. The warnings are what works and yet should not stay so.
func (w Web) Check() (warnings []string, errs []error) {
	if w.SignIn.OIDC == nil {
		return nil, nil
	}
	return checkFiles([]SecretFile{w.SignIn.OIDC.Secret})
}

const (
	listenDefault  = "127.0.0.1:8080"
	metricsDefault = "127.0.0.1:9464"
	metricsOff     = "off"
)

var idPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,63}$`)

func (p *parser) web(f FileWeb, s *Settings) {
	s.Listen = p.listen("web.listen", f.Listen)
	if t := f.URL; t.Given() {
		s.URL = strings.TrimSuffix(p.expand("web.url", t), "/")
		if !f.Listen.Given() {
			s.Listen = listenDefault
		}
		p.webURL(t, s.URL, f.Listen, s.Listen)
	}
	s.Web = Web{
		Admins: f.Admins,
		SignIn: SignIn{Mail: f.SignIn.Mail.Given()},
	}
	switch t := f.MetricsListen; {
	case t.V == metricsOff:
	case t.Given():
		s.Web.MetricsListen = p.listen("web.metrics_listen", t)
		if t.V == s.Listen {
			p.Add(t.Pos, "web.metrics_listen", "%q is web.listen: what the pages' proxy publishes would have the metrics too",
				t.V)
		}
	case s.Listen != "":
		s.Web.MetricsListen = metricsDefault
	}
	for _, t := range f.TrustedProxies {
		prefix, err := netip.ParsePrefix(t.V)
		if a, err2 := netip.ParseAddr(t.V); err2 == nil && a.Zone() == "" {
			prefix, err = netip.PrefixFrom(a, a.BitLen()), nil
		}
		if err != nil && t.Given() {
			p.Add(t.Pos, "web.trusted_proxies", "%q is neither an address like 10.0.0.1 nor a network like 10.0.0.0/8", t.V)
			continue
		}
		s.Web.Proxies = append(s.Web.Proxies, prefix.Masked())
	}
	for _, t := range f.Admins {
		switch {
		case !t.Given(): // told by the decoder
		case strings.Contains(t.V, "@") && !isAddress(t.V), !strings.Contains(t.V, "@") && !idPattern.MatchString(t.V):
			p.Add(t.Pos, "web.admins", "%q is neither the id of a person nor a mail address", t.V)
		}
	}
	p.webSignIn(f, s)
}

// listen reads where to answer; "" where the file does not say.
func (p *parser) listen(what string, t yamlpos.Text) string {
	_, port, err := net.SplitHostPort(t.V)
	if _, err2 := strconv.ParseUint(port, 10, 16); t.Given() && (err != nil || err2 != nil) {
		p.Add(t.Pos, what, "%q is not an address like %s", t.V, listenDefault)
	}
	return t.V
}

// webURL reports what is wrong with how browsers reach the pages.
func (p *parser) webURL(t yamlpos.Text, text string, listens yamlpos.Text, listen string) {
	u, err := url.Parse(text)
	host, _, err2 := net.SplitHostPort(listen)
	switch {
	case err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.User != nil ||
		u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		p.Add(t.Pos, "web.url", "want a URL like https://holdfast.example.com")
	case u.Path != "" && !pathPattern.MatchString(u.Path):
		p.Add(t.Pos, "web.url", "want a path of letters, digits, dots, -, _ and / alone, like /holdfast")
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		p.Add(t.Pos, "web.url", "%q is not https://: whoever is on the way could sign in as its readers, and Google sends "+
			"push notifications to nothing else", t.V)
	case u.Scheme == "http" && err2 == nil && !isLoopback(host):
		p.Add(listens.Pos, "web.listen", "%q answers other machines, and a web.url of http:// is for this machine alone",
			listen)
	}
}

// pathPattern is what the path of a URL may be: a cookie can be bound to it, and a pattern of addresses made of it.
var pathPattern = regexp.MustCompile(`^(/[A-Za-z0-9._-]*[A-Za-z0-9_-])+$`)

func (p *parser) webSignIn(f FileWeb, s *Settings) {
	const what = "web.sign_in"
	switch t := f.SignIn.Mail; {
	case !t.Given():
	case t.V != "mail":
		p.Add(t.Pos, what, "%q is neither mail nor {oidc: …}%s", t.V, p.Suggest(t.V, []string{"mail"}))
	case s.Notify.Mail == nil:
		p.Add(t.Pos, what, "mail wants notify.mail")
	}
	if pos := f.SignIn.Pos; (pos.Given() || f.SignIn.Mail.Given()) && s.URL == "" {
		if !pos.Given() {
			pos = f.SignIn.Mail.Pos
		}
		p.Add(pos, what, "web.url is missing: there are no pages to sign in to")
	}
	if o := f.SignIn.OIDC; o != nil {
		s.Web.SignIn.OIDC = p.oidc(o)
	}
}

// everybody are issuers at which anybody has an account, or can make one: that one of them has somebody's address in a
// token means nothing by itself.
var everybody = []string{
	"https://accounts.google.com",
	"https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0",
}

func (p *parser) oidc(f *FileOIDC) *OIDC {
	const what = "web.sign_in.oidc"
	o := &OIDC{
		Issuer:     p.expand(what, f.Issuer),
		ClientID:   p.expand(what, f.ClientID),
		Secret:     p.secretFile(what, "client_secret_file", f.ClientSecretFile),
		Claim:      "email",
		TrustEmail: f.TrustEmail.V,
	}
	if f.ClientID.Given() && o.ClientID == "" {
		p.Add(f.ClientID.Pos, what, "client_id is empty")
	}
	if t := f.Issuer; t.Given() {
		u, err := url.Parse(o.Issuer)
		switch {
		case err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || u.RawQuery != "" ||
			u.ForceQuery || u.Fragment != "":
			p.Add(t.Pos, what, "issuer: want a URL like https://login.example.com, letter by letter as the issuer writes it")
		case u.Scheme == "http" && !isLoopback(u.Hostname()):
			p.Add(t.Pos, what, "issuer: http:// lets anybody on the way sign in as anybody: use https://")
		case isMicrosoft(u.Host) && slices.Contains(anyTenant, strings.Split(u.Path+"/", "/")[1]):
			p.Add(t.Pos, what, "issuer: %q is of every organization: want your own, like "+
				"https://login.microsoftonline.com/TENANT-ID/v2.0", t.V)
		case o.TrustEmail && slices.Contains(everybody, o.Issuer):
			p.Add(f.TrustEmail.Pos, what, "trust_email: at %s anybody can have an account", o.Issuer)
		}
	}
	if t := f.Claim; t.Given() {
		o.Claim = t.V
		switch {
		case t.V == "":
			p.Add(t.Pos, what, "claim is empty")
		case t.V != "email" && !o.TrustEmail:
			p.Add(t.Pos, what, "claim: that an address is verified is told of email alone; %q wants trust_email: true", t.V)
		}
	}
	return o
}

func isMicrosoft(host string) bool {
	return slices.Contains([]string{"login.microsoftonline.com", "login.microsoftonline.us",
		"login.partner.microsoftonline.cn"}, host)
}
