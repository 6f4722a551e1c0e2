package settings

import (
	"fmt"
	"io/fs"
	"net/url"
	"strings"
	"time"

	"holdfast/internal/series"
	"holdfast/internal/textfile"
)

// Google is a Google Workspace: people's main calendars, reached by a service account with domain-wide delegation, or with
// the consent that each person gives once.
type Google struct {
	Name           string            // in calendars
	ServiceAccount string            // path of the key file; "" with OAuthClient
	OAuthClient    string            // path of the client file; "" with ServiceAccount
	Endpoint       string            // base URL of the APIs, without a slash at its end; "" is Google's own
	Tokens         string            // folder of the encrypted tokens
	AllFiles       bool              // Holdfast may ask for all of a manager's Drive, not only for what it made there
	Meet           bool              // a new series gets a Google Meet link
	Rooms          map[string]string // addresses of rooms' calendars, by what the roster calls the place

	keyFile string
	key     Secret
}

// How often calendars at Google are read where the file does not say: a quarter of the day's free quota for 1,000 pairs
// (see the README), and far less where it is only for the messages that get lost.
const (
	pollGoogle = 5 * time.Minute
	pollPushed = 30 * time.Minute
)

// TokenKey is the key with which people's tokens are encrypted. The error tells which file cannot be read.
func (g Google) TokenKey() (Secret, error) {
	if g.keyFile == "" {
		return g.key, nil
	}
	text, err := readSecret(g.keyFile)
	if err != nil {
		return Secret{}, fmt.Errorf("calendar %s: token_key_file: %w", g.Name, err)
	}
	return NewSecret(text), nil
}

// Credentials are the texts of the key or client file.
func (g Google) Credentials() ([]byte, error) {
	file := g.ServiceAccount + g.OAuthClient // one of them is empty
	b, err := textfile.Read(file, maxSecret)
	if err != nil {
		return nil, fmt.Errorf("calendar %s: %w", g.Name, &fs.PathError{Op: "open", Path: file, Err: err})
	}
	return b, nil
}

// PerPerson is Config's: it is each person's main calendar.
func (g Google) PerPerson() bool { return true }

// Check is Config's: the credentials are the same for everybody.
func (g Google) Check(series.Person) (warning string, err error) {
	if _, err := g.Credentials(); err != nil || g.ServiceAccount != "" {
		return "", err
	}
	_, err = g.TokenKey()
	return "", err
}

// base is the URL below which all APIs are; the Calendar API's own address, as Google's libraries want it, leads there too.
func base(endpoint string) string {
	return strings.TrimRight(strings.TrimSuffix(strings.TrimRight(endpoint, "/"), "/calendar/v3"), "/")
}

func (p *parser) google(what string, f *FileGoogle, to *Calendar) {
	to.Kind, to.Poll, to.Pushed = KindGoogle, p.duration(what, f.Poll, pollGoogle), pollPushed
	if f.Poll.Given() {
		to.Pushed = to.Poll
	}
	g := Google{
		Name:     to.Name,
		Endpoint: base(p.expand(what, f.Endpoint)),
		Tokens:   p.path("google-tokens"),
		AllFiles: f.DriveScope.V == "drive",
		Meet:     f.Video.V == "meet",
	}
	for _, r := range f.Rooms {
		if !isAddress(r.Value.V) {
			p.Add(r.Value.Pos, what, "room %q: %q is not the address of a room's calendar", r.Key.V, r.Value.V)
			continue
		}
		if g.Rooms == nil {
			g.Rooms = map[string]string{}
		}
		g.Rooms[r.Key.V] = r.Value.V
	}
	if f.Tokens.Given() {
		g.Tokens = p.path(p.expand(what, f.Tokens))
	}
	switch u, err := url.Parse(g.Endpoint); {
	case g.Endpoint == "":
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		p.Add(f.Endpoint.Pos, what, "%q is not a base URL", f.Endpoint.V)
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		p.warnings.Add(f.Endpoint.Pos, what, "http:// sends access tokens in the clear: use https://")
	}
	account, client := f.ServiceAccountFile.V != "", f.OAuthClientFile.V != ""
	switch {
	case account && client:
		p.Add(f.OAuthClientFile.Pos, what, "service_account_file and oauth_client_file are both given: keep one")
	case account:
		g.ServiceAccount = p.path(p.expand(what, f.ServiceAccountFile))
	case client:
		g.OAuthClient = p.path(p.expand(what, f.OAuthClientFile))
		p.tokenKey(what, f, &g)
	default:
		p.Add(f.Pos, what, "service_account_file or oauth_client_file is missing")
	}
	to.Config = g
}

// tokenKey reads where the key of the tokens is: in a file, or in the environment.
func (p *parser) tokenKey(what string, f *FileGoogle, g *Google) {
	switch {
	case f.TokenKey.Given() && f.TokenKeyFile.Given():
		p.Add(f.TokenKey.Pos, what, "token_key and token_key_file are both given: keep token_key_file")
	case f.TokenKey.Given():
		if m := envPattern.FindString(f.TokenKey.V); m != f.TokenKey.V || m == "" {
			p.Add(f.TokenKey.Pos, what, "secrets never stand in this file: name a file with token_key_file, or write ${NAME} of an environment variable")
			return
		}
		g.key = NewSecret(p.expand(what, f.TokenKey))
	case f.TokenKeyFile.V != "":
		g.keyFile = p.path(p.expand(what, f.TokenKeyFile))
	default:
		p.Add(f.Pos, what, "token_key_file is missing: people's tokens are kept encrypted (make one: openssl rand -base64 32 > secrets/google-key)")
	}
}
