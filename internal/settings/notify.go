package settings

import (
	"cmp"
	"crypto/x509"
	"fmt"
	"io/fs"
	"net"
	"net/mail"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"holdfast/internal/textfile"
	"holdfast/internal/yamlpos"
)

// Notify is by which channels people are told; what is nil is none of them.
type Notify struct {
	Mail       *Mail
	Slack      *Slack
	GoogleChat *GoogleChat
	Admins     []Admin
	Webhooks   []Webhook
}

// Serves reports whether there is the channel that the roster calls so: mail, slack or google-chat.
func (n Notify) Serves(channel string) bool {
	switch channel {
	case "mail":
		return n.Mail != nil
	case "slack":
		return n.Slack != nil
	case "google-chat":
		return n.GoogleChat != nil
	}
	return false
}

// Mail is the relay that mail goes out by.
type Mail struct {
	Address  string // host:port
	Security string // starttls | tls (from the first byte) | none (a relay on this machine)
	// Roots are the machine's certificate authorities and those of ca_file; nil where there is no ca_file.
	Roots    *x509.CertPool
	From     mail.Address
	Bounces  string // envelope sender
	ReplyTo  bool   // answers go to the other of the pair
	Username string // "": nobody signs in
	Password SecretFile
	App      *MailApp // signs in in the place of Password
	Rate     int      // mails a minute
}

// MailApp is an app at Microsoft that may send as the mailbox Username (auth: xoauth2).
type MailApp struct {
	ClientID string
	Tenant   string
	Secret   SecretFile
}

// Slack is an app in a workspace.
type Slack struct {
	Token SecretFile
	Rate  int // people looked up in a minute
}

// GoogleChat is a Chat app.
type GoogleChat struct {
	ServiceAccount string // path of its key file
	Rate           int    // messages a minute
}

// Key is the text of the key file.
func (g GoogleChat) Key() ([]byte, error) {
	b, err := textfile.Read(g.ServiceAccount, maxSecret)
	if err != nil {
		return nil, fmt.Errorf("notify.google_chat: %w", &fs.PathError{Op: "open", Path: g.ServiceAccount, Err: err})
	}
	return b, nil
}

// Admin is where admins are told: a mail address, or an address of shoutrrr.
type Admin struct {
	Address string     // "" with URL
	URL     SecretFile // zero with Address
}

// Webhook is a receiver of events.
type Webhook struct {
	URL    string
	Secret SecretFile
	Kinds  []string // of WebhookKinds; none is all
}

// WebhookKinds are the kinds of events that webhooks may want: operation, and of pairs the state only.
var WebhookKinds = []string{"outage", "held", "round", "state"}

// SecretFile is a file with nothing but a secret, read at each use. The zero SecretFile is none.
type SecretFile struct{ key, path string }

// Given reports whether there is one.
func (f SecretFile) Given() bool { return f.path != "" }

// Read is what the file holds. The error tells which file cannot be read.
func (f SecretFile) Read() (Secret, error) {
	text, err := readSecret(f.path)
	if err != nil {
		return Secret{}, fmt.Errorf("%s: %w", f.key, err)
	}
	return NewSecret(text), nil
}

// Text is Read's, revealed, for what sends it.
func (f SecretFile) Text() (string, error) {
	s, err := f.Read()
	return s.Reveal(), err
}

// Check reads every secret. The warnings are what works and yet should not stay so.
func (n Notify) Check() (warnings []string, errs []error) {
	var files []SecretFile
	if n.Mail != nil {
		files = append(files, n.Mail.Password)
		if n.Mail.App != nil {
			files = append(files, n.Mail.App.Secret)
		}
	}
	if n.Slack != nil {
		files = append(files, n.Slack.Token)
	}
	if n.GoogleChat != nil {
		if _, err := n.GoogleChat.Key(); err != nil {
			errs = append(errs, err)
		}
	}
	for _, a := range n.Admins {
		files = append(files, a.URL)
	}
	for _, w := range n.Webhooks {
		files = append(files, w.Secret)
	}
	moreWarnings, moreErrs := checkFiles(files)
	return append(warnings, moreWarnings...), append(errs, moreErrs...)
}

// checkFiles reads the secrets, as far as they are given.
func checkFiles(files []SecretFile) (warnings []string, errs []error) {
	for _, f := range files {
		if !f.Given() {
			continue
		}
		if _, err := f.Read(); err != nil {
			errs = append(errs, err)
		} else if info, err := os.Stat(f.path); err == nil && info.Mode()&0o004 != 0 {
			warnings = append(warnings, fmt.Sprintf("everyone on this machine can read %s: chmod 600 %s", f.path, f.path))
		}
	}
	return warnings, errs
}

// How much a minute where the file does not say: what Exchange Online takes (30), Slack (50 look-ups), and far below
// what Google Chat does (3,000).
const (
	rateMail       = 25
	rateSlack      = 40
	rateGoogleChat = 600
)

func (p *parser) notify(f FileNotify) (n Notify) {
	if !f.Given() {
		return n
	}
	if f.Mail != nil {
		n.Mail = p.mail(f.Mail)
	}
	if f.Slack != nil {
		n.Slack = &Slack{
			Token: p.secretFile("notify.slack", "token_file", f.Slack.TokenFile),
			Rate:  p.rate("notify.slack", f.Slack.Rate, rateSlack),
		}
	}
	if c := f.GoogleChat; c != nil {
		n.GoogleChat = &GoogleChat{Rate: p.rate("notify.google_chat", c.Rate, rateGoogleChat)}
		if file := p.secretFile("notify.google_chat", "service_account_file", c.ServiceAccountFile); file.Given() {
			n.GoogleChat.ServiceAccount = file.path
		}
	}
	kinds := map[bool]int{} // of admins' channels: by mail, or not
	for _, a := range f.Admins {
		x := p.admin(a, n.Mail != nil)
		n.Admins = append(n.Admins, x)
		kinds[x.Address != ""]++
	}
	switch {
	case len(n.Admins) == 0:
		p.warnings.Add(f.Pos, "notify", "admins is missing: nobody is told when a calendar or a channel is out")
	case kinds[true] == 0 && kinds[false] < 2 || kinds[false] == 0:
		p.warnings.Add(f.Pos, "notify", "admins are told by one channel only: give a second of another kind, for when that "+
			"one is out")
	}
	for _, w := range f.Webhooks {
		n.Webhooks = append(n.Webhooks, p.webhook(w))
	}
	return n
}

// signIn are the keys of mail that only go together.
func (p *parser) signIn(what string, f *FileMail, m *Mail) {
	app := []struct {
		key string
		t   yamlpos.Text
	}{{"client_id", f.ClientID}, {"client_secret_file", f.ClientSecretFile}, {"tenant", f.Tenant}}
	m.Username = p.expand(what, f.Username)
	if f.Auth.V == "xoauth2" {
		for _, x := range app {
			if x.t.V == "" {
				p.Add(cmp.Or(x.t.Pos, f.Auth.Pos), what, "auth: xoauth2 wants %s", x.key)
			}
		}
		if f.PasswordFile.Given() {
			p.Add(f.PasswordFile.Pos, what, "auth: xoauth2 and password_file are both given: keep one")
		}
		m.Username = cmp.Or(m.Username, m.From.Address)
		m.App = &MailApp{ClientID: p.expand(what, f.ClientID), Tenant: p.expand(what, f.Tenant)}
		if f.ClientSecretFile.V != "" {
			m.App.Secret = p.secretFile(what, "client_secret_file", f.ClientSecretFile)
		}
		if t := m.App.Tenant; f.Tenant.V != "" && (!tenantPattern.MatchString(t) || slices.Contains(anyTenant, t)) {
			p.Add(f.Tenant.Pos, what, "tenant %q is none: want its id or a domain of it, such as example.onmicrosoft.com", t)
		}
		return
	}
	for _, x := range app {
		if x.t.Given() {
			p.Add(x.t.Pos, what, "%s is for auth: xoauth2", x.key)
		}
	}
	switch {
	case f.PasswordFile.Given() && !f.Username.Given():
		p.Add(f.PasswordFile.Pos, what, "username is missing")
	case f.PasswordFile.Given():
		m.Password = p.secretFile(what, "password_file", f.PasswordFile)
	case f.Username.Given():
		p.Add(f.Username.Pos, what, "password_file is missing; or, for a relay that knows this machine's address, drop "+
			"username")
	}
	if f.Username.Given() && m.Username == "" {
		p.Add(f.Username.Pos, what, "username is empty")
	}
}

var (
	tenantPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.-]*$`)
	// An app has no tokens of these.
	anyTenant = []string{"common", "organizations", "consumers"}
)

func (p *parser) mail(f *FileMail) *Mail {
	const what = "notify.mail"
	m := &Mail{ReplyTo: f.ReplyTo.V != "off", Rate: p.rate(what, f.Rate, rateMail), Roots: p.roots(what, f.CAFile)}
	if t := f.From; t.Given() {
		a, err := mail.ParseAddress(p.expand(what, t))
		if err != nil {
			p.Add(t.Pos, what, "from: %q is not an address like Holdfast <holdfast@example.com>", t.V)
		} else {
			m.From = *a
		}
	}
	m.Bounces = m.From.Address
	if t := f.Bounces; t.Given() {
		m.Bounces = p.expand(what, t)
		if !isAddress(m.Bounces) {
			p.Add(t.Pos, what, "bounces: %q is not a mail address", t.V)
		}
	}
	p.signIn(what, f, m)
	if t := f.SMTP; t.Given() {
		p.relay(what, t, f.CAFile.Given(), m)
	}
	return m
}

// relay reads where mail goes out. On this machine nobody is on the way, and a server may well have no certificate that
// anybody vouches for.
func (p *parser) relay(what string, t yamlpos.Text, authority bool, m *Mail) {
	u, err := url.Parse(p.expand(what, t))
	const like = "smtp: want an address like smtps://smtp.example.com:465, or smtp://smtp.example.com:587"
	switch {
	case err != nil || u.Scheme != "smtp" && u.Scheme != "smtps" || u.Hostname() == "":
		p.Add(t.Pos, what, like)
		return
	case u.User != nil:
		p.Add(t.Pos, what, "smtp: no user and password in the address: use username and password_file")
		return
	case u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "":
		p.Add(t.Pos, what, like)
		return
	}
	port := "587"
	switch {
	case u.Scheme == "smtps":
		m.Security, port = "tls", "465"
	case isLoopback(u.Hostname()) && !authority:
		m.Security, port = "none", "25"
	default:
		m.Security = "starttls"
		if m.Username == "" {
			port = "25"
		}
	}
	port = cmp.Or(u.Port(), port)
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		p.Add(t.Pos, what, like)
	}
	m.Address = net.JoinHostPort(u.Hostname(), port)
}

func (p *parser) admin(f FileAdmin, mail bool) Admin {
	const what = "notify.admins"
	switch t := f.Address; {
	case f.URLFile.Given():
		return Admin{URL: p.secretFile(what, "url_file", f.URLFile)}
	case !t.Given(): // told by the decoder
	case strings.Contains(t.V, "://"):
		p.Add(t.Pos, what, "an address like this holds a secret: put it into a file, and name that: {url_file: secrets/ops}")
	case !isAddress(t.V):
		p.Add(t.Pos, what, "%q is neither a mail address nor {url_file: …}", t.V)
	case !mail:
		p.Add(t.Pos, what, "%s wants notify.mail", t.V)
	}
	return Admin{Address: f.Address.V}
}

func (p *parser) webhook(f FileWebhook) Webhook {
	const what = "notify.webhooks"
	w := Webhook{URL: p.expand(what, f.URL), Secret: p.secretFile(what, "secret_file", f.SecretFile)}
	if t := f.URL; t.Given() {
		u, err := url.Parse(w.URL)
		switch {
		case err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil:
			p.Add(t.Pos, what, "url: want a URL like https://ops.example.com/hook")
		case u.Scheme == "http" && !isLoopback(u.Hostname()):
			p.warnings.Add(t.Pos, what, "http:// sends events in the clear: use https://")
		}
	}
	for _, k := range f.Kinds {
		if k.Given() && !slices.Contains(WebhookKinds, k.V) {
			p.Add(k.Pos, what, "%q is none of %s%s", k.V, strings.Join(WebhookKinds, ", "), p.Suggest(k.V, WebhookKinds))
		}
		w.Kinds = append(w.Kinds, k.V)
	}
	return w
}

// secretFile reads the name of a file; none where it is not given, which the decoder tells.
func (p *parser) secretFile(what, key string, t yamlpos.Text) SecretFile {
	if !t.Given() {
		return SecretFile{}
	}
	name := p.expand(what, t)
	if name == "" {
		p.Add(t.Pos, what, "%s is empty", key)
		return SecretFile{}
	}
	return SecretFile{key: what + ": " + key, path: p.path(name)}
}

func (p *parser) rate(what string, i yamlpos.Int, otherwise int) int {
	if !i.Given() {
		return otherwise
	}
	if i.V < 1 || i.V > maxRate {
		p.Add(i.Pos, what, "rate: want a number a minute from 1 to %d", maxRate)
	}
	return i.V
}

const maxRate = 60_000

// isAddress reports whether s is a mail address and nothing more.
func isAddress(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Name == "" && a.Address == s
}
