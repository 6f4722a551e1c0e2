package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"holdfast/internal/access"
	"holdfast/internal/daemon"
	"holdfast/internal/series"
	"holdfast/internal/store"
	"holdfast/internal/wire"
)

func (a *app) personCommand() *cobra.Command {
	person := &cobra.Command{Use: "person", Short: "Show or remove all that is kept of a person"}
	person.AddCommand(a.exportCommand(), a.forgetCommand())
	return person
}

func (a *app) exportCommand() *cobra.Command {
	return &cobra.Command{Use: "export PERSON", Short: "Print all that is kept of a person, as JSON",
		Args: need("person", "mia"), ValidArgsFunction: a.completePeople,
		Long: "Prints, table by table, all that the journal has of the person: the same that\n" +
			"they can download on their page. Secrets are not in it, only that they are. It is\n" +
			"entered in the access log of their 1:1s.",
		Example: "  holdfast person export mia >mia.json",
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := a.reading(cmd.Context())
			if err != nil {
				return err
			}
			defer d.Close()
			pairs, err := d.Store.PairsOf(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			a.visit(cmd.Context(), d, access.TheExport, pairs)
			kept, err := d.Store.Kept(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if len(kept.Tables) == 0 {
				return nothingKept(args[0])
			}
			return a.json(wire.KeptOf(kept, a.say().KeptTable))
		}}
}

func nothingKept(person string) error {
	return hinted{fmt.Errorf("nothing is kept of %q", person),
		"want the id that the roster has, or had; `formerly:` ids are not kept"}
}

func (a *app) forgetCommand() *cobra.Command {
	anyway := false
	cmd := &cobra.Command{Use: "forget PERSON", Short: "Remove all that is kept of somebody who has left",
		Args: need("person", "raj"), ValidArgsFunction: cobra.NoFileCompletions,
		Long: "Removes addresses, messages, what they did, accounts, sessions, tokens and all\n" +
			"else that the journal has of somebody who is in the roster no more. What became\n" +
			"of the weeks of their 1:1s stays with the other person, as with a former\n" +
			"colleague, until retention ends. What stands in calendars is not touched.",
		Example: "  holdfast person forget raj",
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			defer d.Close()
			out, err := a.forget(cmd.Context(), d, args[0], anyway)
			if err != nil {
				return err
			}
			if a.output == "json" {
				return a.json(wire.ForgottenOf(out))
			}
			a.forgottenText(out)
			return nil
		}}
	cmd.Flags().BoolVar(&anyway, "anyway", false, "though their 1:1s are not ended: calendars keep them as they are")
	return cmd
}

// forget forgets the person, unless the roster has them.
func (a *app) forget(ctx context.Context, d *daemon.App, person string, anyway bool) (access.Forgotten, error) {
	if !series.ID.MatchString(person) {
		return access.Forgotten{}, nothingKept(person)
	}
	// A roster that cannot be read may have them.
	want, err := d.Desired(a.Clock())
	if err == nil && want.Problems != nil {
		err = want.Problems
	}
	if err != nil {
		return access.Forgotten{}, err
	}
	for id, p := range want.People {
		if id == person || slices.Contains(p.Formerly, person) {
			return access.Forgotten{}, hinted{fmt.Errorf("%s is in the roster", id),
				"take them out of it first: their 1:1s end with the next round"}
		}
	}
	kept, err := d.Store.Kept(ctx, person)
	switch {
	case err != nil:
		return access.Forgotten{}, err
	case len(kept.Tables) == 0:
		return access.Forgotten{}, nothingKept(person)
	}
	out, err := d.Store.Forget(ctx, person, anyway)
	if errors.Is(err, store.ErrObserved) {
		err = hinted{fmt.Errorf("the 1:1s of %s are not ended yet", person),
			"the next round ends them, `holdfast plan` shows what keeps it from that; --anyway leaves them on the calendars"}
	}
	return out, err
}

func (a *app) forgottenText(out access.Forgotten) {
	a.printf("All that was kept of %s is removed:\n\n", bold.Render(out.Person))
	counts := func(all []access.Count) {
		var rows [][2]string
		for _, c := range all {
			rows = append(rows, [2]string{c.Table, a.say().Count(c.Rows, "row")})
		}
		a.facts(rows)
	}
	counts(out.Gone)
	if len(out.Stay) > 0 {
		a.printf("\nWhat became of their 1:1s stays with the other person until retention ends, as with %s (%s):\n\n",
			a.say().Former(), out.Former)
		counts(out.Stay)
	}
	if len(out.Named) > 0 {
		a.printf("\nAn address of theirs still stands in the calendars of %s, which Holdfast reads.\n",
			a.say().List(out.Named))
	}
	a.printf("\nWhat else to remove: their consent at Google (`holdfast auth google %s --forget`), backups of the "+
		"journal, and log lines, which have ids.\n", out.Person)
}

// pairsOf are the pairs, or lists of them, that the rows are about.
func pairsOf[T, P any](rows []T, of func(T) P) (out []P) {
	for _, r := range rows {
		out = append(out, of(r))
	}
	return out
}

// visit enters in the access log of the pairs that what is said of them was shown here. A journal that cannot be
// written to keeps nobody from reading it.
func (a *app) visit(ctx context.Context, d *daemon.App, what access.What, pairs []series.Pair) {
	pairs = slices.DeleteFunc(pairs, func(p series.Pair) bool { return p == series.Pair{} })
	slices.SortFunc(pairs, series.Pair.Compare)
	v := access.Visit{At: a.Clock(), From: access.FromShell, What: what}
	if err := d.Store.Visit(ctx, v, slices.Compact(pairs)...); err != nil {
		a.log.Warn().Err(err).Msg("this look is not in the access log")
	}
}
