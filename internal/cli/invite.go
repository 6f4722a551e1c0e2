package cli

import (
	"github.com/spf13/cobra"

	"holdfast/internal/act"
	"holdfast/internal/daemon"
)

func (a *app) inviteCommand() *cobra.Command {
	return &cobra.Command{
		Use:               "invite PAIR",
		Short:             "Deliver the invitation to the report again",
		Args:              need("pair", "mia/raj"),
		ValidArgsFunction: a.completePairs,
		Long: "The report deleted the series from their calendar, never got it, or what changed\n" +
			"does not reach them: this delivers it again, and asks them anew. Where the\n" +
			"calendar server sends invitations, the series becomes a new revision, so that\n" +
			"the server sends the report one more; else Holdfast writes their copy. What\n" +
			"cannot be delivered is said, with the reason.",
		Example: "  holdfast invite mia/raj",
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := daemon.New(a.options())
			if err != nil {
				return a.explain(err)
			}
			ask := act.Request{Deed: act.Invite}
			if ask.Pair, err = a.pair(d, args[0]); err != nil {
				return err
			}
			did, err := a.do(cmd, ask)
			if err != nil || a.output == "json" {
				return err
			}
			switch r := did.Round; {
			case a.applied(r):
			case len(r.Plan.Held) > 0:
				a.heldText(r.Plan.Held)
			case r.Delivered > 0 && len(r.Failures) == 0:
				a.printf("Delivered: the calendar of %s has the series of %s again.\n", ask.Pair.Report, ask.Pair)
			case len(r.Failures) == 0:
				a.printf("Nothing was delivered to %s. `holdfast flags` says what is open.\n", ask.Pair.Report)
			}
			a.edges(did.Round)
			return nil
		},
	}
}
