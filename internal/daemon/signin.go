package daemon

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"time"

	"holdfast/internal/access"
	"holdfast/internal/channel"
	"holdfast/internal/notify"
	"holdfast/internal/say"
	"holdfast/internal/series"
	"holdfast/internal/signin"
)

// signIn is how people sign in, by the settings.
func (a *App) signIn(show func(http.ResponseWriter, *http.Request, int, signin.Page)) signin.Options {
	o := signin.Options{
		URL:      a.Settings.URL,
		Org:      a.Settings.Org,
		Proxies:  a.Settings.Web.Proxies,
		Journal:  a.Store,
		Sessions: a.Store.Sessions(signin.Whose),
		People:   func() map[string]series.Person { return a.members().byID },
		Refused:  a.refused,
		Show:     show,
		Clock:    a.o.Clock,
		Log:      a.o.Log,
	}
	for _, x := range a.Settings.Web.Admins {
		o.Admins = append(o.Admins, x.V)
	}
	if x := a.Settings.Web.SignIn.OIDC; x != nil {
		o.OIDC = &signin.OIDC{
			Issuer:     x.Issuer,
			ClientID:   x.ClientID,
			Secret:     x.Secret.Text,
			Claim:      x.Claim,
			TrustEmail: x.TrustEmail,
		}
	}
	if a.Settings.Web.SignIn.Mail && a.messages != nil {
		o.Mail = a.mailSignIn
	}
	return o
}

// refused has admins told of an account that claims to be a person's and is not: once a day, however often it tries.
func (a *App) refused(ctx context.Context, r access.Refused) {
	a.o.Log.Warn().Str("person", r.Person).Str("reason", string(r.Reason)).Msg("an account does not sign in")
	if a.messages == nil || r.Person == "" {
		return
	}
	now := a.o.Clock()
	m := notify.Matter{
		Kind:    notify.Account,
		Key:     "account|" + series.DateOf(now.UTC()).String() + "|" + r.Person,
		Says:    r.Person,
		Changed: now,
	}
	if err := a.messages.Note(ctx, m); err != nil {
		a.trouble("notices", err)
	}
	a.look()
}

// mailSignIn sends a link to sign in by.
func (a *App) mailSignIn(ctx context.Context, to signin.Recipient, link, code string, until time.Time) error {
	sender := a.messages.Senders[mail]
	if sender == nil {
		return errors.New("no mail is set up")
	}
	m := say.Reader{Zone: to.Zone, Now: a.o.Clock()}.SignInMail(link, code, a.Settings.URL, until)
	_, err := sender.Send(ctx, channel.Message{
		ID:      "signin-" + rand.Text(),
		To:      to.Address,
		Subject: m.Subject,
		Text:    m.Text,
		HTML:    m.HTML,
	})
	return err
}

// TellOfLink has somebody know, by the first of their channels that takes it, that a link was made in the shell which
// signs in as them until then. It is for their safety: it waits for no hour. told is false where no channel took it.
func (a *App) TellOfLink(ctx context.Context, person string, until time.Time) (told bool, err error) {
	readers, err := a.ReadersOf(person)
	if err != nil || len(readers) == 0 {
		return false, err
	}
	r := readers[0]
	m := say.Reader{Zone: r.Person.Zone, Now: a.o.Clock()}.SignInMade(a.Settings.URL, until)
	for _, name := range r.Channels {
		_, err = a.messages.Senders[name].Send(ctx, channel.Message{
			ID:      "link-" + rand.Text(),
			To:      r.Addresses[name],
			Subject: m.Subject,
			Text:    m.Text,
			HTML:    m.HTML,
		})
		if err == nil {
			return true, nil
		}
	}
	return false, err
}
