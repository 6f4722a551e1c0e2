package signin

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"slices"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/jwt"

	"holdfast/internal/provider"
	"holdfast/internal/series"
)

// ServiceAccount acts as any person of a domain, by domain-wide delegation.
type ServiceAccount struct {
	file   accountFile
	scopes []string
	all    []string // the scopes that the delegation must have in all
	http   *http.Client
}

// accountFile is the key file that the Google Cloud console gives.
type accountFile struct {
	Type     string `json:"type"`
	Email    string `json:"client_email"`
	ClientID string `json:"client_id"`
	Key      string `json:"private_key"`
	KeyID    string `json:"private_key_id"`
	TokenURI string `json:"token_uri"`
}

// NewServiceAccount reads a key file, to ask for exactly these scopes over base; nil is http.DefaultClient.
func NewServiceAccount(file []byte, scopes []string, base *http.Client) (*ServiceAccount, error) {
	a := &ServiceAccount{scopes: scopes, all: scopes, http: base}
	const hint = "put the JSON key of a service account there, as the Google Cloud console gives it"
	if err := json.Unmarshal(file, &a.file); err != nil {
		return nil, needed(hint, "service_account_file is no JSON")
	}
	if f := (struct{ Installed, Web any }{}); json.Unmarshal(file, &f) == nil && (f.Installed != nil || f.Web != nil) {
		return nil, needed("name it with oauth_client_file, for people who connect themselves; or "+hint, "service_account_file is of an OAuth client")
	}
	block, _ := pem.Decode([]byte(a.file.Key))
	if a.file.Type != "service_account" || a.file.Email == "" || a.file.TokenURI == "" || block == nil {
		return nil, needed(hint, "service_account_file is no key of a service account (type %q)", a.file.Type)
	}
	if _, err := x509.ParsePKCS8PrivateKey(block.Bytes); err != nil {
		if _, err := x509.ParsePKCS1PrivateKey(block.Bytes); err != nil {
			return nil, needed(hint, "service_account_file: private_key cannot be read")
		}
	}
	return a, nil
}

// Also is the same account asking for other scopes, which the delegation must have beside those of a.
func (a *ServiceAccount) Also(scopes ...string) *ServiceAccount {
	return &ServiceAccount{file: a.file, scopes: scopes, all: slices.Concat(a.all, scopes), http: a.http}
}

// ClientID is what the admin console wants to know the account by.
func (a *ServiceAccount) ClientID() string { return a.file.ClientID }

// Client signs requests as p.
func (a *ServiceAccount) Client(p series.Person) *http.Client {
	config := &jwt.Config{Email: a.file.Email, PrivateKey: []byte(a.file.Key), PrivateKeyID: a.file.KeyID, Scopes: a.scopes,
		TokenURL: a.file.TokenURI, Subject: series.Address(p.Email)}
	w := who{person: p.ID, client: a.file.ClientID, scopes: a.all, service: true,
		again: "check the service account in the Google Cloud console"}
	return client(a.http, func(ctx context.Context) (*oauth2.Token, error) {
		t, err := config.TokenSource(over(ctx, a.http)).Token()
		if err != nil {
			return nil, explain(err, w)
		}
		return t, nil
	})
}

// Check gets a token as p, and so tells whether the delegation is as it must be.
func (a *ServiceAccount) Check(ctx context.Context, p series.Person) error {
	_, err := a.Client(p).Transport.(*signed).fetch(ctx)
	if provider.KindOf(err) == provider.Auth {
		return fmt.Errorf("service account as %s: %w", p.ID, err)
	}
	return err
}
