package cli

import (
	"bufio"
	"context"
	"errors"
	"maps"
	"os/exec"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"holdfast/internal/daemon"
	"holdfast/internal/provider"
	"holdfast/internal/wire"
)

// blocked is what to do where an organization lets its people use none but trusted apps (admin_policy_enforced).
const blocked = "the organization's admin has to trust the app (admin console: Security, API controls, App access control)"

func (a *app) authCommand() *cobra.Command {
	auth := &cobra.Command{Use: "auth", Short: "Connect people's accounts"}
	noBrowser, forget := false, false
	google := &cobra.Command{Use: "google PERSON", Short: "Connect a Google account, once a person",
		Long: "Asks Google for the person's consent and keeps it encrypted. The person opens\n" +
			"the printed address in a browser on this machine, where $BROWSER does not do\n" +
			"that. With --no-browser it may be any machine: the browser ends up at an\n" +
			"address that does not load; paste that. With --forget what is kept of the\n" +
			"consent is deleted, also for somebody who is in the roster no more.",
		Example: "  holdfast auth google mia\n  holdfast auth google mia --no-browser",
		Args:    need("person", "mia"), ValidArgsFunction: a.completePeople,
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := daemon.New(a.options())
			if err != nil {
				return a.explain(err)
			}
			defer d.Close()
			if forget {
				if err := d.ForgetGoogle(cmd.Context(), args[0]); err != nil {
					return hinted{err, provider.HintOf(err)}
				}
				return a.consent(args[0], "forgotten", "What was kept of %s's consent is deleted. Google ends it too at myaccount.google.com/connections.\n")
			}
			want, err := d.Desired(a.Clock())
			if err != nil {
				return err
			}
			p, ok := want.People[args[0]]
			if !ok {
				return unknown("person", args[0], slices.Collect(maps.Keys(want.People)))
			}
			show := func(address string) {
				a.errorf("Open this address as %s, and allow what it asks for:\n\n%s\n\n", p.ID, address)
				if !noBrowser {
					a.browse(cmd.Context(), address)
					a.errorf("Waiting until the browser comes back; Ctrl-C gives up.\n")
				}
				a.errorf("Should Google say \"Access blocked\" instead of asking, it sends nobody back:\n%s.\n", blocked)
			}
			var paste func() (string, error)
			if noBrowser {
				paste = func() (string, error) {
					a.errorf("\nThe browser ends up at an address on 127.0.0.1 that does not load. Paste that address here: ")
					return bufio.NewReader(a.In).ReadString('\n')
				}
			}
			err = d.ConnectGoogle(cmd.Context(), p, show, paste)
			switch {
			case errors.Is(err, context.Canceled):
				return hinted{errors.New("nobody came back from Google, and nothing was kept"), "if it said \"Access blocked\": " + blocked}
			case err != nil:
				return hinted{err, provider.HintOf(err)}
			}
			return a.consent(p.ID, "connected", "%s is connected. `holdfast doctor %[1]s` tries the calendar.\n")
		}}
	google.Flags().BoolVar(&noBrowser, "no-browser", false, "for a machine without a browser: paste the address back")
	google.Flags().BoolVar(&forget, "forget", false, "delete what is kept of the consent")
	google.MarkFlagsMutuallyExclusive("forget", "no-browser")
	auth.AddCommand(google)
	return auth
}

// consent says what has become of a person's consent.
func (a *app) consent(person, state, text string) error {
	if a.output == "json" {
		return a.json(wire.Person{Person: person, State: state})
	}
	a.printf(text, person)
	return nil
}

// browse opens the address with what $BROWSER names. That it does not work is no matter: the address is printed, too.
func (a *app) browse(ctx context.Context, address string) {
	for _, v := range a.Env {
		if name, ok := strings.CutPrefix(v, "BROWSER="); ok && name != "" {
			if cmd := exec.CommandContext(context.WithoutCancel(ctx), name, address); cmd.Start() == nil {
				go func() { _ = cmd.Wait() }()
			}
		}
	}
}
