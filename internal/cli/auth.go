package cli

import (
	"bufio"
	"fmt"

	"github.com/spf13/cobra"

	"holdfast/internal/daemon"
	"holdfast/internal/provider"
)

func (a *app) authCommand() *cobra.Command {
	auth := &cobra.Command{Use: "auth", Short: "Connect people's accounts"}
	noBrowser := false
	google := &cobra.Command{Use: "google PERSON", Short: "Connect a Google account, once a person",
		Long: "Asks Google for the person's consent and keeps it encrypted. The person opens the printed address in a browser on this\n" +
			"machine. With --no-browser it may be any machine: the browser ends up at an address that does not load; paste that.",
		Example: "  holdfast auth google mia\n  holdfast auth google mia --no-browser",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := daemon.New(a.options())
			if err != nil {
				return a.explain(err)
			}
			defer d.Close()
			want, err := d.Desired(a.Clock())
			if err != nil {
				return err
			}
			p, ok := want.People[args[0]]
			if !ok {
				return hinted{fmt.Errorf("the roster has no person %s", args[0]), "`holdfast status` lists the pairs"}
			}
			show := func(address string) {
				a.errorf("Open this address as %s, and allow what it asks for:\n\n%s\n\n", p.ID, address)
			}
			var paste func() (string, error)
			if noBrowser {
				paste = func() (string, error) {
					a.errorf("Paste the address at which the browser ended up: ")
					return bufio.NewReader(a.In).ReadString('\n')
				}
			}
			if err := d.ConnectGoogle(cmd.Context(), p, show, paste); err != nil {
				return hinted{err, provider.HintOf(err)}
			}
			if a.output == "json" {
				return a.json(map[string]string{"person": p.ID, "state": "connected"})
			}
			a.printf("%s is connected. `holdfast doctor %[1]s` tries the calendar.\n", p.ID)
			return nil
		}}
	google.Flags().BoolVar(&noBrowser, "no-browser", false, "for a machine without a browser: paste the address back")
	auth.AddCommand(google)
	return auth
}
