package cli

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"holdfast/internal/access"
	"holdfast/internal/daemon"
	"holdfast/internal/series"
	"holdfast/internal/signin"
	"holdfast/internal/wire"
	"holdfast/internal/yamlpos"
)

func (a *app) webCommand() *cobra.Command {
	web := &cobra.Command{Use: "web", Short: "Let people in to the pages"}
	link := &cobra.Command{Use: "link PERSON", Short: "Make a link that signs somebody in, once",
		Long: "Prints an address. Whoever opens it within an hour, and presses its button, is\n" +
			"signed in as that person, or as that admin. A newer link ends it. The person is\n" +
			"told, by their own channel, and the two of each of their 1:1s read in the access\n" +
			"log that it was made.",
		Example: "  holdfast web link mia\n  holdfast web link it@example.com",
		Args:    need("person", "mia"), ValidArgsFunction: a.completePeople,
		RunE: func(cmd *cobra.Command, args []string) error { return a.webLink(cmd, args[0]) }}
	unbind := &cobra.Command{Use: "unbind PERSON", Short: "Let another account sign in as somebody",
		Long: "The account with which somebody first signed in is theirs for good. This forgets\n" +
			"it, and ends their sessions: the next account that has their address and says that\n" +
			"it is verified takes its place.",
		Args: need("person", "mia"), ValidArgsFunction: a.completePeople,
		RunE: func(cmd *cobra.Command, args []string) error { return a.webUnbind(cmd, args[0]) }}
	web.AddCommand(link, unbind)
	return web
}

// examineSignIn asks who signs people in how they write themselves, and what time it is there.
func (a *app) examineSignIn(cmd *cobra.Command, d *daemon.App) []finding {
	o := d.Settings.Web.SignIn.OIDC
	if o == nil {
		return nil
	}
	x, err := signin.Examine(cmd.Context(), signin.OIDC{Issuer: o.Issuer}, a.Clock)
	ill, issuer, detail := "", o.Issuer, ""
	switch {
	case err != nil:
		ill, detail = "out", err.Error()
	case x.Issuer != "":
		ill, issuer = "other", x.Issuer
	case x.Ahead.Abs() > time.Minute:
		ill = "clock"
	}
	text, hint := a.say().Issuer(ill, issuer, detail, x.Ahead.Abs())
	return []finding{{Finding: wire.Finding{Check: "sign-in", OK: ill == "", Text: text, Hint: wire.Null(hint)}}}
}

// member is whom the pages may know by that: an id of the roster, or the address of an admin.
func (a *app) member(d *daemon.App, who string) (name string, pairs []series.Pair, err error) {
	want, err := d.Desired(a.Clock())
	if err != nil {
		return "", nil, err
	}
	for _, s := range want.Series {
		if s.Pair.Has(who) && !slices.Contains(pairs, s.Pair) {
			pairs = append(pairs, s.Pair)
		}
	}
	if p, ok := want.People[who]; ok {
		return p.Name, pairs, nil
	}
	named := func(t yamlpos.Text) bool { return t.V == who }
	if strings.Contains(who, "@") && slices.ContainsFunc(d.Settings.Web.Admins, named) {
		return who, nil, nil
	}
	return "", nil, unknown("person", who, slices.Collect(maps.Keys(want.People)))
}

func (a *app) webLink(cmd *cobra.Command, who string) error {
	d, err := a.open(cmd.Context())
	if err != nil {
		return err
	}
	defer d.Close()
	if d.Settings.URL == "" {
		return hinted{errors.New("there are no pages to sign in to"), "`web:` in the settings says with `url` where they are"}
	}
	name, pairs, err := a.member(d, who)
	if err != nil {
		return err
	}
	link, until, err := signin.NewLink(cmd.Context(), d.Store, a.Clock, d.Settings.URL, who)
	if err != nil {
		return err
	}
	visit := access.Visit{At: a.Clock(), From: access.FromShell, What: access.ASignIn}
	if err := d.Store.Visit(cmd.Context(), visit, pairs...); err != nil {
		return err
	}
	told, failed := d.TellOfLink(cmd.Context(), who, until)
	if failed != nil {
		a.errorf("holdfast: %s\n", a.say().SignInTold(name, false))
	}
	if a.output == "json" {
		return a.json(wire.SignInLink{Person: who, Link: link, Until: until.Format(time.RFC3339)})
	}
	a.printf("%s\n%s\n", a.say().SignInLink(name, until), link)
	if told {
		a.printf("%s\n", a.say().SignInTold(name, true))
	}
	return nil
}

func (a *app) webUnbind(cmd *cobra.Command, who string) error {
	d, err := a.open(cmd.Context())
	if err != nil {
		return err
	}
	defer d.Close()
	if _, _, err := a.member(d, who); err != nil {
		return err
	}
	n, err := d.Store.Unbind(cmd.Context(), who)
	if err == nil {
		_, err = d.Store.EndSessions(cmd.Context(), who)
	}
	if err != nil {
		return err
	}
	if n == 0 {
		return hinted{fmt.Errorf("no account is bound to %s", who), "the first one that signs in will be"}
	}
	return a.consent(who, "unbound", "The account of %s is forgotten: the next one with their address is theirs.\n")
}
