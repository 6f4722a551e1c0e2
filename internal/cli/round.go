package cli

import (
	"bufio"
	"context"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"holdfast/internal/act"
	"holdfast/internal/daemon"
	"holdfast/internal/drift"
	"holdfast/internal/plan"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
	"holdfast/internal/wire"
)

func (a *app) planCommand() *cobra.Command {
	exitCode := false
	cmd := &cobra.Command{Use: "plan", Short: "Show what would change and why; write nothing", Args: atMost(0),
		Long: "Reads the roster and every calendar and shows what `holdfast sync` would do:\n" +
			"each change with its reasons, the mails that people would get, and what is\n" +
			"held for a person to decide. Nothing is written.",
		Example: "  holdfast plan\n  holdfast plan --exit-code --output json    # for a check on a pull request",
		RunE: func(cmd *cobra.Command, _ []string) error {
			a.progress()
			d, err := a.reading(cmd.Context())
			if err != nil {
				return err
			}
			defer d.Close()
			r, err := d.Reconciler.Preview(cmd.Context())
			a.bar.stop()
			if err != nil {
				return err
			}
			a.judge(r)
			if a.code == exitOK && exitCode && len(r.Plan.Changes) > 0 {
				a.code = exitChanges
			}
			if a.output == "json" {
				return a.json(wire.PlanOf(r))
			}
			a.warnings(d)
			a.problems(r)
			a.planText(r)
			a.titles(r)
			return nil
		}}
	cmd.Flags().BoolVar(&exitCode, "exit-code", false, "exit with 2 if something would change")
	return cmd
}

// titles says which booked series have another title than the roster's: it is for new ones, and people may change it.
func (a *app) titles(r reconcile.Round) {
	var other []string
	for _, v := range r.Views {
		h := v.Head()
		if h == nil || h.Ended(r.At) || h.Title == "" || v.Want.Title == "" || h.Title == v.Want.Title {
			continue
		}
		if h.Mark.Written[series.FieldTitle] != series.Digest(v.Want.Title) { // else a person has changed it
			other = append(other, v.Pair.String())
		}
	}
	if len(other) == 0 {
		return
	}
	note := "Booked series keep their title where the roster's is another one now: " + a.say().List(other) + "."
	a.printf("\n%s\n", dim.Render(note))
}

func (a *app) syncCommand() *cobra.Command {
	return &cobra.Command{Use: "sync", Short: "Make one round: read, write what the plan says, record", Args: atMost(0),
		Long: "Makes one round: reads the roster and every calendar, writes what `holdfast\n" +
			"plan` shows, records flags and outcomes. A second one right after it does\n" +
			"nothing.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := a.once(cmd, func(ctx context.Context, d *daemon.App) (reconcile.Round, error) {
				return d.Reconciler.Complete(ctx)
			})
			if err != nil || a.output == "json" {
				return err
			}
			if !a.applied(r) && len(r.Failures) == 0 && len(r.Sections) == 0 {
				a.printf("Nothing to write.\n")
			}
			for _, s := range r.Sections {
				a.printf("%s: the section for %s is in the document.\n", bold.Render(s.Pair.String()), a.say().Date(s.Date))
			}
			a.heldText(r.Plan.Held)
			a.edges(r)
			return nil
		}}
}

// acts does what people ask for at the terminal.
func (a *app) acts(d *daemon.App) act.Acts {
	return act.Acts{Rounds: d.Reconciler, Journal: d.Store, Clock: a.Clock}
}

// once makes one round and tells of it but for what it did.
func (a *app) once(cmd *cobra.Command, make func(context.Context, *daemon.App) (reconcile.Round, error)) (
	reconcile.Round, error) {
	a.progress()
	d, err := a.open(cmd.Context())
	if err != nil {
		return reconcile.Round{}, err
	}
	defer d.Close()
	d.Reconciler.Patience = daemon.Patience
	r, err := make(cmd.Context(), d)
	a.bar.stop()
	if err != nil {
		return r, err
	}
	a.judge(r)
	if a.output == "json" {
		return r, a.json(wire.RoundOf(r))
	}
	a.warnings(d)
	a.problems(r)
	return r, nil
}

// do makes the round that is asked for about a pair.
func (a *app) do(cmd *cobra.Command, q act.Request) (did act.Result, err error) {
	_, err = a.once(cmd, func(ctx context.Context, d *daemon.App) (reconcile.Round, error) {
		did, err = a.acts(d).Do(ctx, act.InShell, q)
		return did.Round, err
	})
	return did, err
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
		a.errorf("holdfast: the roster has problems; the last good one stays:\n%v\n", r.Problems)
	}
	for _, o := range troubles(r) {
		a.errorf("holdfast: %s\n", a.say().Outage(o))
		if hint := a.say().OutageHint(o); hint != "" {
			a.errorf("hint: %s\n", hint)
		}
	}
	for _, o := range standing(r.Outages) {
		a.errorf("alarm: %s\nhint: %s\n", a.say().Outage(o), a.say().OutageHint(o))
	}
}

var sign = map[plan.Action]string{plan.Create: "+", plan.End: "-", plan.Update: "~", plan.Skip: "~", plan.Heal: "~", plan.Adopt: "=", plan.Restore: "<", plan.Rebook: "<"}

func (a *app) changeText(c plan.Change, mark string) {
	style := cyan
	switch c.Action {
	case plan.Create, plan.Adopt:
		style = green
	case plan.End:
		style = red
	}
	what := a.say().Change(c)
	if what != "" {
		what = "  " + what
	}
	mails := a.say().Mails(c.Mails)
	if mails != "" {
		mails = "  " + dim.Render(mails)
	}
	a.printf("  %s %s  %s%s%s\n", style.Render(mark), bold.Render(c.Pair.String()), style.Render(string(c.Action)), what, mails)
	for _, w := range c.Why {
		a.printf("      %s\n", dim.Render(w))
	}
}

func (a *app) planText(r reconcile.Round) {
	if n := len(r.Plan.Changes); n > 0 {
		a.printf("%s, %s:\n\n", bold.Render(a.say().Count(n, "change")), a.say().Count(r.Plan.Mails, "mail"))
		for _, c := range r.Plan.Changes {
			a.changeText(c, sign[c.Action])
		}
		a.printf("\nNothing is written yet: `holdfast sync` does it.\n")
	} else if len(r.Plan.Held) == 0 && len(r.Failures) == 0 {
		a.printf("Nothing to do: every series is as the roster wants it.\n")
	}
	a.heldText(r.Plan.Held)
	if n := len(r.Edges.Opened); n > 0 {
		a.gap()
		a.printf("%s would open:\n", a.say().Count(n, "flag"))
		for _, f := range r.Edges.Opened {
			a.printf("  %s: %s\n", bold.Render(f.Pair.String()), a.say().Flag(f))
			a.whyText(f)
		}
	}
	if n := len(r.Open) - len(r.Edges.Opened); n > 0 {
		a.gap()
		a.printf("%s open: `holdfast flags` shows them.\n", a.say().Count(n, "flag"))
	}
}

// heldText tells what waits for a person.
func (a *app) heldText(held []plan.Held) {
	if len(held) == 0 {
		return
	}
	a.gap()
	a.printf("%s:\n\n", bold.Render(a.say().Held(len(held))))
	last := ""
	for i, h := range held {
		a.changeText(h.Change, yellow.Render("!"))
		// A brake says the same of each: it is told once, below the last.
		if next := i + 1; next == len(held) || held[next].Because != h.Because {
			last = h.Because
			a.printf("      %s\n", yellow.Render(last))
		}
	}
}

// applied tells what was written; it reports whether anything was.
func (a *app) applied(r reconcile.Round) bool {
	if len(r.Applied) == 0 {
		return false
	}
	for _, c := range r.Applied {
		a.changeText(c, sign[c.Action])
	}
	a.printf("\n%s made, %s.\n", a.say().Count(len(r.Applied), "change"), a.say().Count(r.Mails, "mail"))
	return true
}

// edges tells which flags opened, changed and closed.
func (a *app) edges(r reconcile.Round) {
	names := []struct {
		word  string
		style func(string) string
		flags []drift.Flag
	}{{"opened ", yellow.Render, r.Edges.Opened}, {"changed", yellow.Render, r.Edges.Changed}, {"closed ", green.Render, r.Edges.Closed}}
	if len(r.Edges.Opened)+len(r.Edges.Changed)+len(r.Edges.Closed) > 0 {
		a.gap()
	}
	for _, n := range names {
		for _, f := range n.flags {
			a.printf("flag %s  %s: %s\n", n.style(n.word), bold.Render(f.Pair.String()), a.say().Flag(f))
			if n.word != "closed " {
				a.proposals(f)
			}
			a.whyText(f)
		}
	}
	if r.First && len(r.Edges.Opened) > 0 {
		a.printf("This was the first round: these are the starting point, nobody else is notified.\n")
	}
}

func (a *app) allowCommand() *cobra.Command {
	yes, withdraw := false, false
	cmd := &cobra.Command{Use: "allow", Short: "Let the changes that a brake holds through, once", Args: atMost(0),
		Long: "Shows what brakes hold now, asks, and lets exactly that through: the next round\n" +
			"within 24 hours makes those changes that still are as shown. What is new since\n" +
			"then, or has changed, must be allowed again. With --withdraw what was allowed\n" +
			"and is not done yet is held again.",
		Example: "  holdfast allow\n  holdfast allow --yes\n  holdfast allow --withdraw",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if withdraw {
				return a.withdraw(cmd.Context())
			}
			a.progress()
			d, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			defer d.Close()
			r, err := d.Reconciler.Preview(cmd.Context())
			a.bar.stop()
			if err != nil {
				return err
			}
			if len(r.Failures) > 0 || r.Problems != nil {
				a.code = exitError
			}
			all := len(r.Plan.Held)
			r.Plan.Held = slices.DeleteFunc(r.Plan.Held, func(h plan.Held) bool { return !h.Brake })
			changes := map[string]string{}
			for id, h := range r.Plan.Braked() {
				changes[id] = h.Digest
			}
			if a.output != "json" {
				a.problems(r)
				a.heldText(r.Plan.Held)
			}
			if len(changes) > 0 && !yes {
				if sure, err := a.sure("Let " + a.them(len(changes)) + " through?"); err != nil || !sure {
					a.code = exitHeld
					return err
				}
			}
			until, err := a.acts(d).Allow(cmd.Context(), act.InShell, changes)
			if err != nil {
				return err
			}
			switch {
			case a.output == "json":
				return a.json(wire.PlanOf(r))
			case len(changes) > 0:
				a.printf("\nAllowed until %s: the next `holdfast sync`, or the running daemon, makes %s. "+
					"`holdfast allow --withdraw` takes it back until then.\n", a.say().When(until), a.them(len(changes)))
			case all > 0:
				a.printf("No brake holds anything. %d held for another reason: `holdfast plan` shows what to do about it.\n", all)
			default:
				a.printf("Nothing to allow: no brake holds anything.\n")
			}
			return nil
		}}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	cmd.Flags().BoolVar(&withdraw, "withdraw", false, "hold again what was allowed and is not done yet")
	cmd.MarkFlagsMutuallyExclusive("yes", "withdraw")
	return cmd
}

// them is "this change", "these 3 changes".
func (a *app) them(n int) string {
	if n == 1 {
		return "this change"
	}
	return "these " + a.say().Count(n, "change")
}

// withdraw takes back what was allowed.
func (a *app) withdraw(ctx context.Context) error {
	d, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer d.Close()
	ids, err := a.acts(d).Withdraw(ctx, act.InShell)
	switch {
	case err != nil:
		return err
	case a.output == "json":
		return a.json(wire.Withdrawn{Withdrawn: append([]string{}, ids...)})
	case len(ids) == 0:
		a.printf("Nothing to take back: nothing is allowed that is not done already.\n")
	default:
		a.printf("Taken back: %s held again.\n", isOrAre(a.say().Count(len(ids), "change"), len(ids)))
	}
	return nil
}

// isOrAre is "1 change is", "3 changes are".
func isOrAre(counted string, n int) string {
	if n == 1 {
		return counted + " is"
	}
	return counted + " are"
}

// sure asks the person at the terminal; where there is none, that is an error.
func (a *app) sure(question string) (bool, error) {
	if !a.Asks || a.output == "json" {
		return false, hinted{errors.New("nothing was allowed: there is no terminal to ask on"),
			"--yes does it without asking"}
	}
	a.errorf("\n%s [y/N] ", question)
	answer, err := bufio.NewReader(a.In).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	if answer = strings.ToLower(strings.TrimSpace(answer)); answer == "y" || answer == "yes" {
		return true, nil
	}
	a.printf("Nothing was allowed.\n")
	return false, nil
}
