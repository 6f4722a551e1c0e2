package link

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Keys prove links ours: the newest, which makes them, and the one before it.
type Keys []key

type key struct {
	since  time.Time
	secret []byte
}

func (k key) mac(text string) []byte {
	h := hmac.New(sha256.New, k.secret)
	h.Write([]byte(text))
	return h.Sum(nil)[:macSize]
}

const (
	generations = 2
	keySize     = 32 // bytes
	// renewal is how old the newest key may grow. The one before it is longer of use than any link with an end.
	renewal = 30 * 24 * time.Hour
)

// Load reads the keys from their file, one line each, the newest first: since when, and the secret in base64. It adds a
// new one where the newest is too old, and makes the file, for nobody else to read, where there is none.
func Load(path string, now time.Time) (Keys, error) {
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("keys of links: %w", err)
	}
	var keys Keys
	for line := range strings.Lines(string(text)) {
		since, secret, _ := strings.Cut(strings.TrimSpace(line), " ")
		at, err := time.Parse(time.RFC3339, since)
		raw, err2 := base64.StdEncoding.DecodeString(secret)
		if err := errors.Join(err, err2); err != nil || len(raw) != keySize {
			return nil, fmt.Errorf("keys of links: %s:%d is no key: remove the file for new ones; "+
				"links that were sent are of no use then", path, len(keys)+1)
		}
		keys = append(keys, key{at, raw})
	}
	if len(keys) > 0 && now.Sub(keys[0].since) < renewal {
		return keys, nil
	}
	fresh := key{now.UTC().Truncate(time.Second), make([]byte, keySize)}
	if _, err := rand.Read(fresh.secret); err != nil {
		return nil, fmt.Errorf("keys of links: %w", err)
	}
	keys = append(Keys{fresh}, keys[:min(len(keys), generations-1)]...)
	return keys, keys.save(path)
}

// save replaces the file as a whole.
func (k Keys) save(path string) error {
	var text bytes.Buffer
	for _, x := range k {
		fmt.Fprintf(&text, "%s %s\n", x.since.Format(time.RFC3339), base64.StdEncoding.EncodeToString(x.secret))
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // of mode 0600
	if err != nil {
		return fmt.Errorf("keys of links: %w", err)
	}
	_, err = f.Write(text.Bytes())
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("keys of links: %w", errors.Join(err, os.Remove(f.Name())))
	}
	return nil
}
