// Package setup makes the channels that the settings name.
package setup

import (
	"context"
	"fmt"

	"holdfast/internal/channel"
	"holdfast/internal/channel/googlechat"
	"holdfast/internal/channel/mail"
	"holdfast/internal/channel/shout"
	"holdfast/internal/channel/slack"
	"holdfast/internal/channel/webhook"
	"holdfast/internal/clock"
	"holdfast/internal/provider"
	"holdfast/internal/settings"
)

// Channels are those of one daemon.
type Channels struct {
	People   map[string]channel.Sender // as the roster calls them: mail, slack, google-chat
	Admins   []Admin
	Webhooks []*webhook.Hook

	mail *mail.Sender
}

// Admin is one way to the admins.
type Admin struct {
	Name   string // for the journal: the mail address, or its place in the list, since the address is a secret
	To     string // for Message.To
	Sender channel.Sender
}

// rateAdmins is how many messages a minute an address of shoutrrr gets.
const rateAdmins = 20

// Open connects to nothing yet. A channel that cannot be made is there all the same, and Broken at each message.
func Open(n settings.Notify, now clock.Clock) *Channels {
	c := &Channels{People: map[string]channel.Sender{}}
	if m := n.Mail; m != nil {
		c.mail = mail.New(relay(m, now))
		c.People["mail"] = channel.Limited(c.mail, m.Rate)
	}
	if s := n.Slack; s != nil {
		c.People["slack"] = slack.New(slack.Options{Token: s.Token.Text, Lookups: s.Rate, Clock: now})
	}
	if g := n.GoogleChat; g != nil {
		c.People["google-chat"] = channel.Limited(googleChat(g, now), g.Rate)
	}
	for i, a := range n.Admins {
		if a.Address != "" {
			c.Admins = append(c.Admins, Admin{Name: a.Address, To: a.Address, Sender: c.People["mail"]})
			continue
		}
		s := shout.New(shout.Options{Address: a.URL.Text, Clock: now})
		c.Admins = append(c.Admins, Admin{Name: fmt.Sprintf("admins[%d]", i), Sender: channel.Limited(s, rateAdmins)})
	}
	for _, w := range n.Webhooks {
		o := webhook.Options{URL: w.URL, Secret: w.Secret.Text, Kinds: w.Kinds, Clock: now}
		c.Webhooks = append(c.Webhooks, webhook.New(o))
	}
	return c
}

// Close ends connections that are kept.
func (c *Channels) Close() {
	if c.mail != nil {
		c.mail.Close()
	}
}

func relay(m *settings.Mail, now clock.Clock) mail.Options {
	o := mail.Options{
		Address: m.Address,
		Security: map[string]mail.Security{
			"starttls": mail.STARTTLS,
			"tls":      mail.Implicit,
			"none":     mail.None,
		}[m.Security],
		Roots:    m.Roots,
		From:     m.From,
		Bounces:  m.Bounces,
		Username: m.Username,
		Password: m.Password.Text,
		Clock:    now,
	}
	if a := m.App; a != nil {
		at, scope := mail.Microsoft(a.Tenant)
		o.Token = mail.ClientCredentials(channel.HTTP(), at, scope, a.ClientID, a.Secret.Text)
	}
	return o
}

func googleChat(g *settings.GoogleChat, now clock.Clock) channel.Sender {
	key, err := g.Key()
	if err != nil {
		return broken{err}
	}
	s, err := googlechat.New(googlechat.Options{Key: key, Clock: now})
	if err != nil {
		return broken{err}
	}
	return s
}

// broken is a channel that could not be made.
type broken struct{ err error }

func (b broken) Send(context.Context, channel.Message) (channel.Sent, error) {
	return channel.Sent{}, &channel.Error{
		Kind: channel.Broken,
		Op:   "google chat: read the key",
		Hint: provider.HintOf(b.err),
		Err:  b.err,
	}
}
