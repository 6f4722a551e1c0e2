package signin

import (
	"context"
	"encoding/json"
	"net/http"

	"golang.org/x/oauth2"

	"holdfast/internal/series"
)

// App is the OAuth client that people give their consent to, once each.
type App struct {
	config oauth2.Config
	vault  *Vault
	http   *http.Client
}

// NewApp reads the client file of a desktop app, to ask for exactly these scopes over base; nil is http.DefaultClient.
// What people consent to is kept in vault. The file's own auth_uri and token_uri are used.
func NewApp(file []byte, scopes []string, vault *Vault, base *http.Client) (*App, error) {
	type clientFile struct {
		ID       string `json:"client_id"`
		Secret   string `json:"client_secret"`
		AuthURI  string `json:"auth_uri"`
		TokenURI string `json:"token_uri"`
	}
	var f struct{ Installed, Web *clientFile }
	const hint = "make an OAuth client of type Desktop app in the Google Cloud console, and put its JSON there"
	if err := json.Unmarshal(file, &f); err != nil {
		return nil, needed(hint, "oauth_client_file is no JSON")
	}
	c := f.Installed
	switch {
	case c == nil && f.Web != nil:
		return nil, needed(hint, "oauth_client_file is of a web app, which cannot send people back to this machine")
	case c == nil || c.ID == "" || c.AuthURI == "" || c.TokenURI == "":
		return nil, needed(hint, "oauth_client_file is of no OAuth client")
	}
	return &App{vault: vault, http: base, config: oauth2.Config{ClientID: c.ID, ClientSecret: c.Secret, Scopes: scopes,
		Endpoint: oauth2.Endpoint{AuthURL: c.AuthURI, TokenURL: c.TokenURI, AuthStyle: oauth2.AuthStyleInParams}}}, nil
}

func (a *App) who(person string) who {
	return who{person: person, again: again(person), client: a.config.ClientID, scopes: a.config.Scopes}
}

// Client signs requests as p, by the consent that p gave.
func (a *App) Client(p series.Person) *http.Client {
	return client(a.http, func(ctx context.Context) (*oauth2.Token, error) { return a.refresh(ctx, p) })
}

// refresh gets an access token by the person's kept refresh token. Where Google gives a new one of those, it is kept.
func (a *App) refresh(ctx context.Context, p series.Person) (*oauth2.Token, error) {
	kept, err := a.vault.open(ctx, p.ID, a.config.ClientID)
	if err != nil {
		return nil, err
	}
	t, err := a.config.TokenSource(over(ctx, a.http), &oauth2.Token{RefreshToken: kept}).Token()
	if err != nil {
		return nil, explain(err, a.who(p.ID))
	}
	if t.RefreshToken != "" && t.RefreshToken != kept {
		return t, a.vault.keep(ctx, p.ID, a.config.ClientID, t.RefreshToken)
	}
	return t, nil
}

// Connected tells whether the person's consent is there and still good.
func (a *App) Connected(ctx context.Context, p series.Person) error {
	_, err := a.refresh(ctx, p)
	return err
}
