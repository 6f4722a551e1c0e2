// Package link makes and opens the links of messages that let their reader do one thing without signing in.
package link

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
	"time"

	"holdfast/internal/series"
)

// What a link can do.
const (
	Rebook = "rebook" // make up for the meeting at To
	Ack    = "ack"    // acknowledge the flag
	Undo   = "undo"   // take back what a link did, which Flag names
	Stop   = "stop"   // no more messages of the kind that Flag names; it does not end
	Resume = "resume" // those messages again
)

// Act is the one thing that a link does, for the person it was sent to.
type Act struct {
	Do         string
	Reader     string // person id
	Pair       series.Pair
	Flag       string      // id of the flag that the message was about; of Stop and Resume a kind of message
	Occurrence series.Date // of the meeting
	To         time.Time   // of Rebook, in UTC and whole seconds
	Until      time.Time   // the link is of no use from then on, in UTC and whole seconds; zero: always of use
}

// Lifetime is how long a link is of use at most.
const Lifetime = 7 * 24 * time.Hour

// Why a token is no link.
var (
	ErrForged = errors.New("no link of ours")
	ErrOver   = errors.New("the link is over")
)

// macSize is the length of the code that proves a link ours, in bytes (HMAC-SHA-256, RFC 2104 section 5 on truncation).
const macSize = 16

// Token is the act as it stands in an address: letters, digits, "-" and "_".
func (k Keys) Token(a Act) string {
	fields := strings.Join([]string{
		a.Do,
		a.Reader,
		a.Pair.Manager,
		a.Pair.Report,
		a.Flag,
		a.Occurrence.String(),
		seconds(a.To),
		seconds(a.Until),
	}, "\x00")
	return base64.RawURLEncoding.EncodeToString(append([]byte(fields), k[0].mac(fields)...))
}

// Open is the act of a token that one of the keys made. The error is ErrForged, or ErrOver with the act.
func (k Keys) Open(token string, now time.Time) (Act, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) < macSize {
		return Act{}, ErrForged
	}
	fields, mac := string(raw[:len(raw)-macSize]), raw[len(raw)-macSize:]
	ours := false
	for _, key := range k {
		ours = ours || hmac.Equal(mac, key.mac(fields))
	}
	f := strings.Split(fields, "\x00")
	if !ours || len(f) != 8 {
		return Act{}, ErrForged
	}
	a := Act{Do: f[0], Reader: f[1], Pair: series.Pair{Manager: f[2], Report: f[3]}, Flag: f[4]}
	if f[5] != "" {
		if a.Occurrence, err = series.ParseDate(f[5]); err != nil {
			return Act{}, ErrForged
		}
	}
	a.To, a.Until = instant(f[6]), instant(f[7])
	if !a.Until.IsZero() && !now.Before(a.Until) {
		return a, ErrOver
	}
	return a, nil
}

// Digest is what the journal keeps of a token that was used.
func Digest(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:16])
}

// seconds and instant are inverse; the zero time is "".
func seconds(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return strconv.FormatInt(t.Unix(), 36)
}

func instant(s string) time.Time {
	n, err := strconv.ParseInt(s, 36, 64)
	if err != nil {
		return time.Time{}
	}
	return time.Unix(n, 0).UTC()
}
