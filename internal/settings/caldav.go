package settings

import (
	"cmp"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"holdfast/internal/series"
	"holdfast/internal/textfile"
	"holdfast/internal/yamlpos"
)

// CalDAV is a CalDAV server, with templates that For fills in for one person. ${ENV} is already replaced.
type CalDAV struct {
	Name       string // in calendars
	Scheduling string // auto | server | holdfast
	// Roots are the machine's certificate authorities and those of ca_file; nil where there is no ca_file.
	Roots *x509.CertPool

	url, username, calendar string
	passwordFile            string // "" with password
	password                Secret
	headers                 map[string]string
	read                    *sync.Map // *passwordFile by its name: many people may have one
}

// Account is what opens one person's calendar on a CalDAV server.
type Account struct {
	URL        string
	Username   string
	Password   Secret
	Calendar   string // path or URL of the calendar; "" to discover it
	Headers    map[string]string
	Scheduling string // auto | server | holdfast

	// Warning is what works and yet should not stay so, with what to do; "" for nothing.
	Warning string
}

// PerPerson is Config's: where nothing names the person, everybody's calendar is the one that the account leads to.
func (c CalDAV) PerPerson() bool {
	return strings.Contains(c.url+c.username+c.calendar, "{person.")
}

// Check is Config's.
func (c CalDAV) Check(p series.Person) (warning string, err error) {
	a, err := c.For(p)
	return a.Warning, err
}

// pollCalDAV is how often calendars are read where the file does not say.
const pollCalDAV = time.Minute

// More than any of these files holds.
const (
	maxSecret = 64 << 10
	maxFile   = 4 << 20 // the settings, and files that they name
)

// For fills in the person and reads their password. The error tells which file cannot be read.
func (c CalDAV) For(p series.Person) (Account, error) {
	a := Account{URL: fill(c.url, p, url.PathEscape), Username: fill(c.username, p, nil), Password: c.password,
		Calendar: fill(c.calendar, p, url.PathEscape), Scheduling: c.Scheduling}
	for k, v := range c.headers {
		if a.Headers == nil {
			a.Headers = map[string]string{}
		}
		a.Headers[k] = fill(v, p, nil)
	}
	if c.passwordFile == "" {
		return a, nil
	}
	file, err := c.fileOf(p)
	if err == nil {
		a.Password, err = secretIn(c.Name, file)
	}
	if err != nil {
		return Account{}, err
	}
	if info, err := os.Stat(file); err == nil && info.Mode()&0o004 != 0 {
		a.Warning = fmt.Sprintf("everyone on this machine can read %s: chmod 600 %s", file, file)
	}
	return a, nil
}

// fileOf is the file with the person's password.
func (c CalDAV) fileOf(p series.Person) (string, error) {
	// An address may hold a slash; it must not lead to another folder.
	if strings.Contains(c.passwordFile, personEmail) && strings.ContainsAny(p.Email, "/\\\x00") {
		return "", fmt.Errorf("calendar %s: the address of %s cannot be a file name", c.Name, p.ID)
	}
	return fill(c.passwordFile, p, nil), nil
}

// secretIn is what the file of the calendar has.
func secretIn(calendar, file string) (Secret, error) {
	text, err := readSecret(file)
	if err != nil {
		return Secret{}, fmt.Errorf("calendar %s: password_file: %w", calendar, err)
	}
	return NewSecret(text), nil
}

// PasswordOf gives the person's password as it is at each call: its file is read again whenever it is another one.
func (c CalDAV) PasswordOf(p series.Person) func() (string, error) {
	if secret := c.password; c.passwordFile == "" {
		return func() (string, error) { return secret.Reveal(), nil }
	}
	file, err := c.fileOf(p)
	if err != nil {
		return func() (string, error) { return "", err }
	}
	read, _ := c.read.LoadOrStore(file, &passwordFile{calendar: c.Name, file: file})
	return read.(*passwordFile).password
}

// passwordFile is a file that a password was read from. It holds on to nothing else.
type passwordFile struct {
	calendar, file string

	mu     sync.Mutex
	read   fs.FileInfo // of the file, when it was read
	secret Secret
}

func (f *passwordFile) password() (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now, err := os.Stat(f.file)
	if err == nil && f.read != nil && os.SameFile(now, f.read) && now.Size() == f.read.Size() &&
		now.ModTime().Equal(f.read.ModTime()) {
		return f.secret.Reveal(), nil
	}
	secret, err := secretIn(f.calendar, f.file)
	if err != nil {
		f.read = nil
		return "", err
	}
	f.read, f.secret = now, secret
	return secret.Reveal(), nil
}

func readSecret(file string) (string, error) {
	data, err := textfile.Read(file, maxSecret)
	if err != nil {
		return "", &fs.PathError{Op: "open", Path: file, Err: err}
	}
	text := strings.TrimRight(string(data), "\r\n")
	if text == "" {
		return "", &fs.PathError{Op: "open", Path: file, Err: errors.New("the file is empty")}
	}
	return text, nil
}

const (
	personID    = "{person.id}"
	personEmail = "{person.email}"
)

// fill replaces the fields of a template, each passed through escape if there is one.
func fill(template string, p series.Person, escape func(string) string) string {
	if escape == nil {
		escape = func(s string) string { return s }
	}
	return strings.NewReplacer(personID, escape(p.ID), personEmail, escape(p.Email)).Replace(template)
}

var fieldPattern = regexp.MustCompile(`\{[^}]*\}?`)

// template is the text with ${ENV} replaced; it complains about fields that For will not know.
func (p *parser) template(what string, t yamlpos.Text) string {
	// Fields are looked for in what was written, not in what a variable holds.
	for _, f := range fieldPattern.FindAllString(envPattern.ReplaceAllString(t.V, ""), -1) {
		if known := []string{personEmail, personID}; !slices.Contains(known, f) {
			p.Add(t.Pos, what, "unknown field %s%s", f, p.Suggest(f, known))
		}
	}
	return p.expand(what, t)
}

// secretHeaders would carry a secret inline, and past Secret.
var secretHeaders = []string{"Authorization", "Cookie", "Proxy-Authorization"}

var headerPattern = regexp.MustCompile(`^[A-Za-z0-9!#$%&'*+.^_|~-]+$`) // RFC 9110 section 5.6.2

func (p *parser) caldav(what string, d *FileCalDAV, to *Calendar) {
	before := len(p.Problems)
	to.Kind, to.Poll = KindCalDAV, p.duration(what, d.Poll, pollCalDAV)
	to.Pushed = to.Poll
	c := CalDAV{
		Name:       to.Name,
		Scheduling: cmp.Or(d.Scheduling.V, "auto"),
		headers:    map[string]string{},
		read:       &sync.Map{},
		url:        p.template(what, d.URL),
		username:   p.template(what, d.Username),
		calendar:   p.template(what, d.Calendar),
	}
	known := len(p.Problems) == before // else the text is not what it is meant to be
	if d.URL.Given() && known {
		p.checkURL(what, d.URL, fill(c.url, series.Person{ID: "x", Email: "x@example.com"}, url.PathEscape))
	}
	if d.Username.Given() && known && c.username == "" {
		p.Add(d.Username.Pos, what, "username is empty")
	}
	for _, h := range d.Headers {
		k := http.CanonicalHeaderKey(h.Key.V)
		v := p.template(what, h.Value)
		switch {
		case slices.Contains(secretHeaders, k):
			p.Add(h.Key.Pos, what, "header %s would carry a secret: use username and password_file", k)
		case !headerPattern.MatchString(k) || strings.ContainsFunc(v, func(r rune) bool { return r < ' ' || r == 0x7f }):
			p.Add(h.Key.Pos, what, "%q is not a header", h.Key.V)
		}
		c.headers[k] = v
	}
	c.Roots = p.roots(what, d.CAFile)
	p.secret(what, d, &c)
	to.Config = c
}

// secret reads where the password is: in a file, or in the environment.
func (p *parser) secret(what string, d *FileCalDAV, c *CalDAV) {
	switch pw, file := d.Password, d.PasswordFile; {
	case pw.Given() && file.Given():
		p.Add(pw.Pos, what, "password and password_file are both given: keep password_file")
	case pw.Given():
		if m := envPattern.FindString(pw.V); m != pw.V || m == "" {
			p.Add(pw.Pos, what, "secrets never stand in this file: put the password into a file and name it with password_file, "+
				"or write ${NAME} of an environment variable")
			return
		}
		before := len(p.Problems)
		if c.password = NewSecret(p.expand(what, pw)); c.password.Reveal() == "" && len(p.Problems) == before {
			p.Add(pw.Pos, what, "environment variable %s is empty", pw.V)
		}
	case file.Given() && file.V == "":
		p.Add(file.Pos, what, "password_file is empty")
	case file.Given():
		c.passwordFile = p.path(p.template(what, file))
	default:
		p.Add(d.Pos, what, "password_file is missing")
	}
}

// roots reads ca_file; nil without one.
func (p *parser) roots(what string, t yamlpos.Text) *x509.CertPool {
	if !t.Given() {
		return nil
	}
	file := p.path(p.expand(what, t))
	data, err := textfile.Read(file, maxFile)
	if err != nil {
		p.Add(t.Pos, what, "ca_file: cannot read %s: %v", file, err)
		return nil
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(data) {
		p.Add(t.Pos, what, "ca_file: there is no certificate in %s: want PEM, which begins with "+
			"-----BEGIN CERTIFICATE-----", file)
	}
	return pool
}
