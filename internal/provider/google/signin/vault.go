package signin

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Tokens keeps what Vault seals, by person id. Losing it costs people a new consent, and nothing else.
type Tokens interface {
	// Token is what was kept last for the person; nil for nothing.
	Token(ctx context.Context, person string) ([]byte, error)
	// SetToken keeps sealed in place of what was kept; nil forgets it.
	SetToken(ctx context.Context, person string, sealed []byte) error
}

// Vault seals refresh tokens: AES-256-GCM under a key that HKDF-SHA256 (RFC 5869) makes of the secret. What is sealed for one
// person and client opens for no other.
type Vault struct {
	tokens Tokens
	aead   cipher.AEAD
}

// minSecret is the least that a secret may have, in bytes: as many as the key.
const minSecret = 32

// sealVersion is the first byte of what is sealed.
const sealVersion = 1

// NewVault makes a Vault over tokens. The secret comes from a file or the environment, and is random: 32 bytes or more.
func NewVault(secret []byte, tokens Tokens) (*Vault, error) {
	if len(secret) < minSecret {
		return nil, needed("make one: openssl rand -base64 32", "the key for Google's tokens has %d characters, it needs %d", len(secret), minSecret)
	}
	key, err := hkdf.Key(sha256.New, secret, nil, "holdfast google refresh tokens 1", 32)
	if err != nil {
		return nil, fmt.Errorf("key for Google's tokens: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("key for Google's tokens: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("key for Google's tokens: %w", err)
	}
	return &Vault{tokens, aead}, nil
}

// bound is what a sealed token is good for.
func bound(person, client string) []byte {
	return fmt.Appendf(nil, "%d:%s%d:%s", len(person), person, len(client), client)
}

// keep seals and keeps the person's token for a client.
func (v *Vault) keep(ctx context.Context, person, client, token string) error {
	nonce := make([]byte, v.aead.NonceSize())
	_, _ = rand.Read(nonce) // never fails
	sealed := v.aead.Seal(append([]byte{sealVersion}, nonce...), nonce, []byte(token), bound(person, client))
	if err := v.tokens.SetToken(ctx, person, sealed); err != nil {
		return fmt.Errorf("keep the sign-in of %s: %w", person, err)
	}
	return nil
}

// open is the person's token for a client.
func (v *Vault) open(ctx context.Context, person, client string) (string, error) {
	sealed, err := v.tokens.Token(ctx, person)
	if err != nil {
		return "", fmt.Errorf("read the sign-in of %s: %w", person, err)
	}
	if sealed == nil {
		return "", needed(again(person), "person %s has not connected their Google account", person)
	}
	n := 1 + v.aead.NonceSize()
	if len(sealed) < n || sealed[0] != sealVersion {
		return "", needed(again(person), "the kept sign-in of %s is spoilt", person)
	}
	token, err := v.aead.Open(nil, sealed[1:n], sealed[n:], bound(person, client))
	if err != nil {
		return "", needed("put back the key and the client file it was made with, or "+again(person),
			"the kept sign-in of %s does not open: the key or the OAuth client is another", person)
	}
	return string(token), nil
}

// Forget forgets the person's token.
func (v *Vault) Forget(ctx context.Context, person string) error {
	return v.tokens.SetToken(ctx, person, nil)
}

// Dir keeps tokens as files of that folder, readable by their owner alone.
type Dir string

func (d Dir) path(person string) (string, error) {
	if !filepath.IsLocal(person) || filepath.Base(person) != person {
		return "", fmt.Errorf("%q cannot be a file name", person)
	}
	return filepath.Join(string(d), person+".token"), nil
}

// Token is Tokens'.
func (d Dir) Token(_ context.Context, person string) ([]byte, error) {
	path, err := d.path(person)
	if err != nil {
		return nil, err
	}
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return b, err
}

// SetToken is Tokens'. A file is replaced as a whole.
func (d Dir) SetToken(_ context.Context, person string, sealed []byte) error {
	path, err := d.path(person)
	if err != nil {
		return err
	}
	if sealed == nil {
		if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	if err := os.MkdirAll(string(d), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(string(d), ".token-*") // 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // it is gone where all went well
	if _, err = f.Write(sealed); err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
