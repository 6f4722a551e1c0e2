package mail

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"holdfast/internal/channel"
)

// Microsoft is where an app of that tenant asks for tokens, and what for: sending by SMTP as mailboxes that were
// opened to it (learn.microsoft.com, "Authenticate an IMAP, POP or SMTP connection using OAuth").
func Microsoft(tenant string) (tokenURL, scope string) {
	return "https://login.microsoftonline.com/" + tenant + "/oauth2/v2.0/token", "https://outlook.office365.com/.default"
}

// ClientCredentials gives an app's tokens (RFC 6749 section 4.4) for Options.Token; each is kept as long as it is
// valid. secret is asked for at each new one.
func ClientCredentials(client *http.Client, tokenURL, scope, clientID string,
	secret func() (string, error)) func(context.Context) (string, error) {
	const op = "mail: get a token"
	turn := make(chan struct{}, 1)
	var last *oauth2.Token
	return func(ctx context.Context) (string, error) {
		select {
		case turn <- struct{}{}:
			defer func() { <-turn }()
		case <-ctx.Done():
			return "", ctx.Err()
		}
		if last.Valid() {
			return last.AccessToken, nil
		}
		password, err := secret()
		if err != nil {
			hint := "put the app's secret there, and nothing else"
			return "", &channel.Error{Kind: channel.Broken, Op: op, Hint: hint, Err: err}
		}
		c := clientcredentials.Config{ClientID: clientID, ClientSecret: password, TokenURL: tokenURL, Scopes: []string{scope}}
		if client != nil {
			ctx = context.WithValue(ctx, oauth2.HTTPClient, client)
		}
		token, err := c.Token(ctx)
		if err != nil {
			return "", noToken(op, err)
		}
		last = token
		return token.AccessToken, nil
	}
}

// noToken is err without the answer's body, which may repeat what was asked.
func noToken(op string, err error) error {
	var r *oauth2.RetrieveError
	switch {
	case !errors.As(err, &r):
		return channel.Unreached(op, err)
	case r.Response == nil || r.Response.StatusCode >= 500 || r.Response.StatusCode == http.StatusTooManyRequests:
		return &channel.Error{Op: op, Err: errors.New("the token server is busy")}
	}
	e := &channel.Error{
		Kind: channel.Broken,
		Op:   op,
		Hint: "check client_id and tenant",
		Said: said(r.ErrorDescription),
		Err:  fmt.Errorf("answered %d %s", r.Response.StatusCode, said(r.ErrorCode)),
	}
	if r.ErrorCode == "invalid_client" {
		e.Hint = "check client_id and client_secret_file: the secret may have expired, make another one in Entra"
	}
	return e
}
