// Package access is how people and programs get in, what they looked at, and what Holdfast keeps of a person: tokens,
// sign-in links, accounts bound to people, the access log, a person's own settings. It has the rules and the values;
// the journal keeps them.
package access

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"strings"
	"time"
)

// The prefixes of secrets, by which scanners of code and logs recognise them.
const (
	PrefixSelf    = "hfp_" // a person's token for the API
	PrefixOperate = "hfo_" // a token of operation
	PrefixFeed    = "hff_" // the address of a person's calendar feed
	PrefixSignIn  = "hfs_" // a sign-in link
	PrefixAsk     = "hfa_" // the browser that asked for a sign-in link
)

var letters = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// NewSecret makes a secret of 256 random bits behind the prefix, which is shown once, and its digest, which is kept.
func NewSecret(prefix string) (text, digest string) {
	b := make([]byte, 32)
	rand.Read(b) // never fails
	text = prefix + letters.EncodeToString(b)
	return text, Digest(text)
}

// Digest is what the journal keeps of a secret: its SHA-256 in hexadecimal digits. A slow hash protects what people
// choose from guessing; nobody guesses 256 random bits, and this is asked for with every request.
func Digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// Role is what a token lets its holder do.
type Role string

// The roles.
const (
	Self    Role = "self"    // in the API what its person may see and do
	Operate Role = "operate" // in the API what an admin may see and do
	Feed    Role = "feed"    // to read its person's calendar feed
)

// Prefix is what secrets of the role begin with.
func (r Role) Prefix() string {
	switch r {
	case Operate:
		return PrefixOperate
	case Feed:
		return PrefixFeed
	}
	return PrefixSelf
}

// Token is what the holder of a secret may do. The secret itself is kept by nobody but them.
type Token struct {
	ID      string // to name it by: eight hexadecimal digits, no secret
	Name    string // what its maker calls it; a person has no two of one name, and neither has operation. A feed's is ""
	Role    Role
	Person  string // roster id; "" of operation
	Made    time.Time
	Expires time.Time // zero: never
	Used    time.Time // the last time, to the hour; zero: never
	UsedBy  string    // the program that did, see Program
}

// NewToken makes a token and its secret.
func NewToken(name string, role Role, person string, made, expires time.Time) (t Token, secret, digest string) {
	secret, digest = NewSecret(role.Prefix())
	return Token{ID: digest[:8], Name: name, Role: role, Person: person, Made: made, Expires: expires}, secret, digest
}

// Good reports whether the token is valid at now.
func (t Token) Good(now time.Time) bool { return t.Expires.IsZero() || now.Before(t.Expires) }

// Program is what is kept of a User-Agent: its first word, without the version, at most 40 bytes.
func Program(userAgent string) string {
	name, _, _ := strings.Cut(strings.TrimSpace(userAgent), " ")
	name, _, _ = strings.Cut(name, "/")
	return strings.ToValidUTF8(name[:min(len(name), 40)], "")
}
