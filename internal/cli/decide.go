package cli

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"holdfast/internal/act"
	"holdfast/internal/daemon"
	"holdfast/internal/drift"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
	"holdfast/internal/wire"
	"holdfast/internal/yamlpos"
)

func (a *app) acceptCommand() *cobra.Command {
	force := false
	cmd := &cobra.Command{Use: "accept PAIR", Short: "Take the slot that the calendar now has, or that is proposed",
		Args: need("pair", "mia/raj"), ValidArgsFunction: a.completePairs,
		Long: "Somebody moved the whole series by hand, or the pair already had a 1:1 of its\n" +
			"own on another slot: this takes the calendar's slot as the one to keep. Where\n" +
			"a flag says that the slot does not work any more, this takes the one that it\n" +
			"proposes: the old series ends with this week, a new one begins in the next.\n" +
			"Either stands until the slot line in the roster is changed.",
		Example: "  holdfast accept mia/raj",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.ask(cmd, args[0], act.Request{Deed: act.Accept, Force: force})
		}}
	cmd.Flags().BoolVar(&force, "force", false, "though one of the two has another 1:1 then")
	return cmd
}

func (a *app) restoreCommand() *cobra.Command {
	occurrence, force := "", false
	cmd := &cobra.Command{Use: "restore PAIR", Short: "Put a series, or one of its meetings, back on its slot", Args: need("pair", "mia/raj"), ValidArgsFunction: a.completePairs,
		Long: "Puts the series back as it was booked: its slot, people, place and agenda\n" +
			"link. A series that was deleted is booked again, and a document that is missing\n" +
			"is made again. With --occurrence only the one meeting is put back. The people\n" +
			"get a mail about it, as about any change.",
		Example: "  holdfast restore mia/raj\n  holdfast restore mia/raj --occurrence 2026-12-01",
		RunE: func(cmd *cobra.Command, args []string) error {
			ask := act.Request{Deed: act.Restore, Force: force}
			if occurrence != "" {
				day, err := series.ParseDate(occurrence)
				if err != nil {
					return fmt.Errorf("--occurrence: %w", err)
				}
				ask.Deed, ask.Occurrence = act.RestoreOne, day
			}
			return a.ask(cmd, args[0], ask)
		}}
	cmd.Flags().StringVar(&occurrence, "occurrence", "", "only the meeting booked on this `date`")
	cmd.Flags().BoolVar(&force, "force", false, "though one of the two has another 1:1 then")
	_ = cmd.RegisterFlagCompletionFunc("occurrence", a.completeDates)
	return cmd
}

// ask makes one round for a person's command about the pair of that name.
func (a *app) ask(cmd *cobra.Command, name string, ask act.Request) error {
	d, err := daemon.New(a.options())
	if err != nil {
		return a.explain(err)
	}
	if ask.Pair, err = a.pair(d, name); err != nil {
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
	default:
		a.nothing(did, ask)
	}
	a.edges(did.Round)
	return nil
}

func (a *app) calendarCommand() *cobra.Command {
	calendar := &cobra.Command{Use: "calendar", Short: "Say what a person's calendar means"}
	calendar.AddCommand(&cobra.Command{Use: "confirm-empty PERSON",
		Short: "What is missing from it counts as deleted, once",
		Args:  need("person", "mia"), ValidArgsFunction: a.completePeople,
		Long: "A calendar that shows nothing at all, though series of Holdfast were in it, proves\n" +
			"nothing: its storage may be away. All about it is held. This says that what is\n" +
			"missing was deleted; it counts for the next reading of that calendar, once.",
		Example: "  holdfast calendar confirm-empty mia",
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			defer d.Close()
			want, err := d.Desired(a.Clock())
			if err != nil {
				return err
			}
			if _, known := want.People[args[0]]; !known {
				return unknown("person", args[0], slices.Collect(maps.Keys(want.People)))
			}
			if err := a.acts(d).ConfirmEmpty(cmd.Context(), act.InShell, args[0]); err != nil {
				return err
			}
			if a.output == "json" {
				return a.json(wire.Person{Person: args[0], State: "confirmed"})
			}
			a.printf("Confirmed: when the calendar of %s is next read, what is missing from it counts as deleted. "+
				"`holdfast plan` shows what follows.\n", args[0])
			return nil
		}})
	return calendar
}

// nothing tells why a command had nothing to do, and what could be done.
func (a *app) nothing(did act.Result, ask act.Request) {
	if did.Why.Nothing.Why == "" {
		return // what could not be read or done is told already
	}
	a.printf("%s\n", a.say().NotDone(did.Why))
	if flags := flagsOf(did.Round, ask.Pair); len(flags) > 0 && ask.Deed != act.Rebook {
		a.printf("\nWhat is different:\n")
		a.flagList(flags, linked(did.Round, ask.Pair), nil)
	}
}

func flagsOf(r reconcile.Round, p series.Pair) []drift.Flag {
	return slices.DeleteFunc(slices.Clone(r.Open), func(f drift.Flag) bool { return f.Pair != p })
}

// flagList prints flags of one pair, whose document the roster may give a link to, with what can be done about them.
func (a *app) flagList(flags []drift.Flag, linked bool, more func(drift.Flag) []string) {
	for _, f := range flags {
		a.printf("  %s %s\n", yellow.Render("!"), a.say().Flag(f))
		a.whyText(f)
		a.printf("      %s\n", dim.Render(a.say().Hint(f, linked)))
		a.proposals(f)
		if more != nil {
			for _, line := range more(f) {
				a.printf("      %s\n", dim.Render(line))
			}
		}
	}
}

// proposals prints the make-ups of a flag below it, and the command that books the first.
func (a *app) proposals(f drift.Flag) {
	for _, line := range []string{a.say().Makeups(f), a.say().BookMakeup(f)} {
		if line != "" {
			a.printf("      %s\n", dim.Render(line))
		}
	}
}

// whyText prints the reasons of a flag, where it has any.
func (a *app) whyText(f drift.Flag) {
	for _, w := range f.Why {
		a.printf("      %s\n", dim.Render(w))
	}
}

// linked reports whether the roster gives the link to the pair's document, so that none is made for it.
func linked(r reconcile.Round, p series.Pair) bool {
	v := r.View(p)
	return v != nil && v.Wanted && v.Want.Doc.Template == ""
}

// pair is the roster's pair of that name.
func (a *app) pair(d *daemon.App, name string) (series.Pair, error) {
	want, err := d.Desired(a.Clock())
	if err != nil {
		return series.Pair{}, err
	}
	for _, s := range want.Series {
		switch {
		case s.Pair.String() == name:
			return s.Pair, nil
		case s.Pair.Has(name):
			return series.Pair{}, hinted{fmt.Errorf("%s is a person, and this is about a pair", name), "did you mean `" + s.Pair.String() + "`?"}
		}
	}
	return series.Pair{}, unknown("pair", name, pairs(want))
}

// unknown is the error about a name that the roster does not have.
func unknown(what, name string, known []string) error {
	next := "`holdfast status` lists the pairs"
	if near := yamlpos.Nearest(name, known); near != "" {
		next = "did you mean `" + near + "`?"
	}
	return hinted{fmt.Errorf("the roster has no %s %q", what, name), next}
}

func pairs(want reconcile.Desired) []string {
	var out []string
	for _, s := range want.Series {
		out = append(out, s.Pair.String())
	}
	return out
}

func (a *app) completePairs(_ *cobra.Command, args []string, prefix string) ([]string, cobra.ShellCompDirective) {
	d, err := daemon.New(a.options())
	if err != nil || len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	want, err := d.Desired(a.Clock())
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var out []string
	for _, s := range want.Series {
		if strings.HasPrefix(s.Pair.String(), prefix) {
			out = append(out, fmt.Sprintf("%s\t%s and %s", s.Pair, s.Manager.Name, s.Report.Name))
		}
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}

// completeNames offers the pairs, and the people that have one.
func (a *app) completeNames(cmd *cobra.Command, args []string, prefix string) ([]string, cobra.ShellCompDirective) {
	out, _ := a.completePairs(cmd, args, prefix)
	people, directive := a.completePeople(cmd, args, prefix)
	return append(out, people...), directive
}
