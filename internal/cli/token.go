package cli

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"holdfast/internal/access"
	"holdfast/internal/series"
	"holdfast/internal/store"
	"holdfast/internal/wire"
)

func (a *app) tokenCommand() *cobra.Command {
	token := &cobra.Command{Use: "token", Short: "Let programs of operation into the API"}
	token.AddCommand(a.tokenCreateCommand(), a.tokenListCommand(), a.tokenRevokeCommand())
	return token
}

// tokenName is what a token may be called.
var tokenName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

func (a *app) tokenCreateCommand() *cobra.Command {
	role, expires := "", ""
	cmd := &cobra.Command{Use: "create NAME", Short: "Make a token, and print it once", Args: need("name", "grafana"),
		Long: "Makes a token for a program that watches over Holdfast. In the API it shows\n" +
			"what an admin may see: the plan, states and outages, of no pair its record. The\n" +
			"token is printed now and never again; the journal keeps a digest. A person makes\n" +
			"tokens of their own on their page, /me.",
		Example: "  holdfast token create grafana --role operate --expires 90d",
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case role != string(access.Operate):
				return hinted{fmt.Errorf("--role is operate, not %q", role), "a person makes their own tokens on their page, /me"}
			case !tokenName.MatchString(args[0]):
				return hinted{fmt.Errorf("%q is no name of a token", args[0]), "want letters, digits, dots, - and _, at most 64"}
			}
			until, err := until(expires, a.Clock())
			if err != nil {
				return err
			}
			d, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			defer d.Close()
			t, secret, digest := access.NewToken(args[0], access.Role(role), "", a.Clock(), until)
			err = d.Store.AddToken(cmd.Context(), t, digest)
			switch {
			case errors.Is(err, store.ErrTaken):
				return hinted{fmt.Errorf("there is a token %q", t.Name),
					"`holdfast token revoke " + t.Name + "` ends it; or choose another name"}
			case err != nil:
				return err
			case a.output == "json":
				return a.json(wire.NewToken{Token: wire.TokenOf(t), Secret: secret})
			}
			a.printf("%s\n", secret)
			a.errorf("This is %s, valid %s. It is not shown again.\n", t.Name, a.validText(t))
			return nil
		}}
	cmd.Flags().StringVar(&role, "role", string(access.Operate), "what it is for: operate")
	cmd.Flags().StringVar(&expires, "expires", "", "for how many `days` it is valid, like 90d; else until it is revoked")
	_ = cmd.RegisterFlagCompletionFunc("role",
		cobra.FixedCompletions([]string{string(access.Operate)}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// until is so many days after now, zero for no text.
func until(days string, now time.Time) (time.Time, error) {
	if days == "" {
		return time.Time{}, nil
	}
	n, err := strconv.Atoi(strings.TrimSuffix(days, "d"))
	if err != nil || !strings.HasSuffix(days, "d") || n < 1 || n > 3650 {
		return time.Time{}, fmt.Errorf("--expires: %q is not a number of days like 90d, at most 3650d", days)
	}
	return now.AddDate(0, 0, n), nil
}

func (a *app) validText(t access.Token) string {
	if t.Expires.IsZero() {
		return "until it is revoked"
	}
	return "until " + a.here(t.Expires)
}

func (a *app) tokenListCommand() *cobra.Command {
	return &cobra.Command{Use: "list", Short: "Show the tokens of operation", Args: atMost(0),
		Long: "Shows the tokens that `token create` made, when each was last used, and by what\n" +
			"program. The tokens of people are on their own pages.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			d, err := a.reading(cmd.Context())
			if err != nil {
				return err
			}
			defer d.Close()
			all, err := d.Store.Tokens(cmd.Context(), "")
			if err != nil {
				return err
			}
			if a.output == "json" {
				return a.json(wire.List(all, wire.TokenOf))
			}
			if len(all) == 0 {
				a.printf("There is no token: `holdfast token create NAME` makes one.\n")
				return nil
			}
			var rows [][]string
			for _, t := range all {
				used, valid := "never", a.validText(t)
				if !t.Used.IsZero() {
					used = a.here(t.Used)
				}
				if !t.Good(a.Clock()) {
					valid = red.Render("expired on " + a.say().Date(series.DateOf(t.Expires.In(a.Clock().Location()))))
				}
				by := t.UsedBy
				if by == "" {
					by = "-"
				}
				rows = append(rows, []string{bold.Render(t.Name), string(t.Role), a.here(t.Made), valid, used, by})
			}
			a.table([]string{"NAME", "ROLE", "MADE", "VALID", "LAST USED", "BY"}, rows)
			return nil
		}}
}

func (a *app) tokenRevokeCommand() *cobra.Command {
	return &cobra.Command{Use: "revoke NAME", Short: "End a token at once", Args: need("name", "grafana"),
		ValidArgsFunction: a.completeTokens,
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			defer d.Close()
			was, err := d.Store.RevokeToken(cmd.Context(), "", args[0])
			switch {
			case err != nil:
				return err
			case !was:
				return hinted{fmt.Errorf("there is no token %q", args[0]), "`holdfast token list` shows which there are"}
			case a.output == "json":
				return a.json(wire.Revoked{Name: args[0], State: "revoked"})
			}
			a.printf("The token %s is revoked: it lets nobody in any more.\n", args[0])
			return nil
		}}
}

func (a *app) completeTokens(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	d, err := a.reading(cmd.Context())
	if err != nil || len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	defer d.Close()
	all, _ := d.Store.Tokens(cmd.Context(), "")
	var out []string
	for _, t := range all {
		out = append(out, t.Name)
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}
