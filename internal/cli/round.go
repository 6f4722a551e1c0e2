package cli

import (
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"holdfast/internal/drift"
	"holdfast/internal/plan"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
)

func (a *app) planCommand() *cobra.Command {
	exitCode := false
	cmd := &cobra.Command{Use: "plan", Short: "Show what would change and why; write nothing", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			d, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			defer d.Close()
			r, err := d.Reconciler.Preview(cmd.Context())
			if err != nil {
				return err
			}
			a.judge(r)
			if a.code == exitOK && exitCode && len(r.Plan.Changes) > 0 {
				a.code = exitChanges
			}
			if a.output == "json" {
				return a.json(toPlan(r))
			}
			a.problems(r)
			a.planText(r)
			return nil
		}}
	cmd.Flags().BoolVar(&exitCode, "exit-code", false, "exit with 2 if something would change")
	return cmd
}

func (a *app) syncCommand() *cobra.Command {
	return &cobra.Command{Use: "sync", Short: "Make one round: read, write what the plan says, record", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.once(cmd) }}
}

func (a *app) acceptCommand() *cobra.Command {
	return &cobra.Command{Use: "accept PAIR", Short: "Take the slot that the calendar now has", Args: cobra.ExactArgs(1), ValidArgsFunction: a.completePairs,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.once(cmd, plan.Ask{Pair: mustPair(args[0]), Accept: true})
		}}
}

func (a *app) restoreCommand() *cobra.Command {
	occurrence := ""
	cmd := &cobra.Command{Use: "restore PAIR", Short: "Put a series, or one of its meetings, back on its slot", Args: cobra.ExactArgs(1), ValidArgsFunction: a.completePairs,
		RunE: func(cmd *cobra.Command, args []string) error {
			ask := plan.Ask{Pair: mustPair(args[0])}
			if occurrence != "" {
				day, err := series.ParseDate(occurrence)
				if err != nil {
					return err
				}
				ask.Occurrence = day
			}
			return a.once(cmd, ask)
		}}
	cmd.Flags().StringVar(&occurrence, "occurrence", "", "only the meeting booked on this `date`")
	return cmd
}

// mustPair is the pair of that name; what is wrong with it pairOf tells.
func mustPair(name string) series.Pair {
	p, err := series.ParsePair(name)
	if err != nil {
		return series.Pair{Manager: name}
	}
	return p
}

// once makes one round, for a command if there is an ask.
func (a *app) once(cmd *cobra.Command, asks ...plan.Ask) error {
	d, err := a.open(cmd.Context())
	if err != nil {
		return err
	}
	defer d.Close()
	for _, ask := range asks {
		if _, err := pairOf(d, a.Clock, ask.Pair.String()); err != nil {
			return err
		}
	}
	r, err := d.Reconciler.Once(cmd.Context(), asks...)
	if err != nil {
		return err
	}
	a.judge(r)
	if a.output == "json" {
		return a.json(toSync(r))
	}
	a.problems(r)
	a.syncText(r, len(asks) > 0)
	return nil
}

// judge sets the exit code of a round.
func (a *app) judge(r reconcile.Round) {
	switch {
	case len(r.Failures) > 0 || r.Problems != nil:
		a.code = exitError
	case len(r.Plan.Held) > 0:
		a.code = exitHeld
	}
}

// problems tells what did not work, on stderr.
func (a *app) problems(r reconcile.Round) {
	if r.Problems != nil {
		fmt.Fprintf(a.Err, "the roster has problems; the last good one stays:\n%v\n", r.Problems)
	}
	for _, f := range r.Failures {
		who := f.Person
		if f.Pair != (series.Pair{}) {
			who = f.Pair.String()
		}
		fmt.Fprintf(a.Err, "holdfast: %s: %v\n", who, f.Err)
		if f.Hint != "" {
			fmt.Fprintln(a.Err, "hint: "+f.Hint)
		}
	}
}

var sign = map[plan.Action]string{plan.Create: "+", plan.End: "-", plan.Update: "~", plan.Skip: "~", plan.Heal: "~", plan.Adopt: "=", plan.Restore: "<"}

func (a *app) changeText(c plan.Change, mark string) {
	style := cyan
	switch c.Action {
	case plan.Create, plan.Adopt:
		style = green
	case plan.End:
		style = red
	}
	what := ""
	switch {
	case c.From != "" && c.To != "" && c.From != c.To:
		what = drift.Say(c.From) + " -> " + drift.Say(c.To)
	case c.To != "":
		what = drift.Say(c.To)
	case c.From != "":
		what = drift.Say(c.From)
	}
	if !c.Occurrence.IsZero() && what == "" {
		what = c.Occurrence.Long()
	}
	mails := ""
	if c.Mails > 0 {
		mails = dim.Render("  (" + count(c.Mails, "mail") + ")")
	}
	a.printf("  %s %s  %s  %s%s\n", style.Render(mark), bold.Render(c.Pair.String()), style.Render(string(c.Action)), what, mails)
	for _, w := range c.Why {
		a.printf("      %s\n", dim.Render(w))
	}
}

func (a *app) planText(r reconcile.Round) {
	if n := len(r.Plan.Changes); n > 0 {
		a.printf("%s, %s:\n\n", bold.Render(count(n, "change")), count(r.Plan.Mails, "mail"))
		for _, c := range r.Plan.Changes {
			a.changeText(c, sign[c.Action])
		}
		a.printf("\nNothing is written yet: `holdfast sync` does it.\n")
	} else if len(r.Plan.Held) == 0 && len(r.Failures) == 0 {
		a.printf("Nothing to do: every 1:1 is as the roster wants it.\n")
	}
	a.heldText(r)
	if n := len(r.Open); n > 0 {
		a.printf("\n%s open: `holdfast flags` shows them after the next sync.\n", count(n, "flag"))
	}
}

func (a *app) heldText(r reconcile.Round) {
	if len(r.Plan.Held) == 0 {
		return
	}
	a.printf("%s, waiting for a person:\n\n", bold.Render(fmt.Sprintf("%d held", len(r.Plan.Held))))
	for _, h := range r.Plan.Held {
		a.changeText(h.Change, yellow.Render("!"))
		a.printf("      %s\n", yellow.Render(h.Because))
	}
}

func (a *app) syncText(r reconcile.Round, asked bool) {
	for _, c := range r.Applied {
		a.changeText(c, sign[c.Action])
	}
	if len(r.Applied) > 0 {
		a.printf("\n%s made, %s.\n", count(len(r.Applied), "change"), count(r.Mails, "mail"))
	} else if len(r.Failures) == 0 {
		if asked {
			a.printf("Nothing to do: the series is as it was put. One meeting is put back with --occurrence DATE.\n")
		} else {
			a.printf("Nothing to write.\n")
		}
	}
	if !asked {
		a.heldText(r)
	}
	names := []struct {
		word  string
		style func(...string) string
		flags []drift.Flag
	}{{"opened", yellow.Render, r.Edges.Opened}, {"changed", yellow.Render, r.Edges.Changed}, {"closed", green.Render, r.Edges.Closed}}
	for _, n := range names {
		for _, f := range n.flags {
			a.printf("%s  %s\n", n.style("flag "+n.word), bold.Render(f.Pair.String())+": "+f.Words())
		}
	}
	if r.First && len(r.Edges.Opened) > 0 {
		a.printf("This was the first round: these are the starting point, nobody else is told.\n")
	}
}

func (a *app) allowCommand() *cobra.Command {
	return &cobra.Command{Use: "allow", Short: "Let the changes that a brake holds through, once", Args: cobra.NoArgs,
		Long: "Allows exactly the set of changes that brakes hold now: the next round within 24 hours makes them. If anything is\n" +
			"added to the set or taken from it, it must be allowed again.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			d, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			defer d.Close()
			r, err := d.Reconciler.Preview(cmd.Context())
			if err != nil {
				return err
			}
			a.problems(r)
			r.Plan.Held = slices.DeleteFunc(r.Plan.Held, func(h plan.Held) bool { return !h.Brake })
			digest := r.Plan.HeldDigest()
			if digest != "" {
				if err := d.Store.Allow(cmd.Context(), digest, a.Clock().Add(allowance)); err != nil {
					return err
				}
			}
			if a.output == "json" {
				return a.json(toPlan(r))
			}
			if digest == "" {
				a.printf("No brake holds anything.\n")
				return nil
			}
			a.heldText(r)
			a.printf("\nAllowed until %s: the next `holdfast sync`, or the running daemon, makes these changes.\n", when(a.Clock().Add(allowance), a.Clock()))
			return nil
		}}
}

// allowance is how long `allow` holds.
const allowance = 24 * time.Hour
