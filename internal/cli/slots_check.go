package cli

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"holdfast/internal/daemon"
	"holdfast/internal/roster"
	"holdfast/internal/series"
	"holdfast/internal/slotting"
	"holdfast/internal/wire"
	"holdfast/internal/yamlpos"
)

func (a *app) slotsCheckCommand() *cobra.Command {
	return &cobra.Command{Use: "check", Short: "Tell whether everybody can have a slot, before anyone is invited", Args: atMost(0),
		Long: "Reads the roster alone and checks whether all pairs with `slot: auto` can have a\n" +
			"slot beside those that the roster gives: within the working hours of both in\n" +
			"every week of a year, nobody in two 1:1s at once, no room taken twice. If not,\n" +
			"it shows the smallest set of wishes that cannot all be had, with their lines:\n" +
			"give up any one of them. No calendar is asked, and other events do not count.",
		RunE: func(*cobra.Command, []string) error {
			d, err := daemon.New(a.options())
			if err != nil {
				return a.explain(err)
			}
			want, err := d.Desired(a.Clock())
			if err = cmp.Or(err, want.Problems); err != nil {
				return err
			}
			in := slotting.Input{From: series.DateOf(a.Clock().UTC()).AddDays(1), Weeks: d.Settings.Policy.HorizonWeeks}
			for _, w := range want.Series {
				switch {
				case !w.Ends.IsZero() && w.Ends.Before(in.From):
				case w.Auto:
					in.Want = append(in.Want, w)
				default:
					in.Stand = append(in.Stand, w)
				}
			}
			found, err := slotting.Feasible(in)
			if err != nil {
				return err
			}
			files, err := d.Roster.Load()
			if err != nil {
				return err
			}
			out := wire.Feasible{
				Feasible:  len(found) == 0,
				Pairs:     len(in.Want) + len(in.Stand),
				Auto:      len(in.Want),
				Conflicts: []wire.Conflict{},
			}
			for _, f := range found {
				out.Conflicts = append(out.Conflicts, wire.Conflict{
					Pair:   f.Pair.String(),
					Others: wire.List(f.Others, series.Pair.String),
					Text:   a.conflict(f, in.Want),
					Wishes: a.wishes(f.Because, files, in.Stand),
				})
			}
			if !out.Feasible {
				a.code = exitError
			}
			if a.output == "json" {
				return a.json(out)
			}
			a.feasibleText(out)
			return nil
		}}
}

// conflict tells in a few words why the pair can have no slot.
func (a *app) conflict(f slotting.Infeasible, want []series.Series) string {
	has := func(k slotting.WishKind) bool {
		return slices.ContainsFunc(f.Because, func(o slotting.Obstacle) bool { return o.Kind == k })
	}
	i := slices.IndexFunc(want, func(w series.Series) bool { return w.Pair == f.Pair })
	switch {
	case has(slotting.KeepRoom):
		return "there is not time enough in the room"
	case has(slotting.Meet):
		return fmt.Sprintf("%d 1:1s do not fit into the working hours of their people", len(f.Because))
	case has(slotting.KeepPinned):
		return "1:1s with a slot of their own leave no " + a.say().Length(want[i].Slot.Duration) + " free"
	}
	return "their working hours do not share " + a.say().Length(want[i].Slot.Duration) + " in every week of the year"
}

// wishes are the obstacles as the files have them: 1:1s that stand are told one by one.
func (a *app) wishes(all []slotting.Obstacle, files roster.Roster, stand []series.Series) []wire.Wish {
	var out []wire.Wish
	say := func(kind, person string, pair series.Pair, at yamlpos.Pos, text string) {
		out = append(out, wire.Wish{
			Kind:   kind,
			Person: wire.Null(person),
			Pair:   wire.Null(pair.String()),
			Text:   text,
			File:   at.File,
			Line:   at.Line,
			Column: at.Column,
		})
	}
	for _, o := range all {
		who, _ := files.Person(o.Person)
		pair, _ := files.Pair(o.Pair)
		switch o.Kind {
		case slotting.KeepHours:
			say("hours", o.Person, o.Pair, who.HoursAt, fmt.Sprintf("the working hours of %s, in %s", who.ID, who.Zone))
		case slotting.KeepPinned:
			for _, s := range stand {
				if pair, _ = files.Pair(s.Pair); s.Pair.Has(o.Person) {
					say("slot", "", s.Pair, pair.SlotAt, fmt.Sprintf("the 1:1 of %s, %s", s.Pair, a.say().Slot(s.Slot)))
				}
			}
		case slotting.KeepRoom:
			say("place", "", o.Pair, pair.PlaceAt, fmt.Sprintf("the 1:1 of %s in %s", o.Pair, pair.Place))
		default:
			say("pair", o.Person, o.Pair, pair.At, cmp.Or(o.String(), o.Person))
		}
	}
	slices.SortStableFunc(out, func(x, y wire.Wish) int {
		return cmp.Or(strings.Compare(x.File, y.File), cmp.Compare(x.Line, y.Line), cmp.Compare(x.Column, y.Column))
	})
	return out
}

func (a *app) feasibleText(f wire.Feasible) {
	const alone = "No calendar was asked: other events do not count here. `holdfast plan` counts them."
	switch {
	case f.Pairs == 0:
		a.printf("Nothing to choose: nobody meets.\n")
	case f.Auto == 0:
		a.printf("Nothing to choose: the roster gives all of the %s a slot.\n", a.say().Count(f.Pairs, "pair"))
	case f.Feasible:
		a.printf("%s Each of the %s can have a slot; Holdfast chooses %d of them.\n", green.Render("ok"),
			a.say().Count(f.Pairs, "pair"), f.Auto)
	}
	for i, c := range f.Conflicts {
		if i > 0 {
			a.printf("\n")
		}
		who, first := bold.Render(c.Pair), ""
		if n := len(c.Others); n > 0 {
			who += " and " + a.say().Count(n, "other")
			if slices.ContainsFunc(c.Wishes, func(w wire.Wish) bool { return w.Kind == "pair" }) {
				first = " first"
			}
		}
		a.printf("%s %s can have no slot: %s. One of these has to give way%s:\n", red.Render("!"), who, c.Text, first)
		width := 0
		for _, w := range c.Wishes {
			width = max(width, len(place(w)))
		}
		for _, w := range c.Wishes {
			a.printf("    %s  %s\n", dim.Render(place(w)+strings.Repeat(" ", width-len(place(w)))), w.Text)
		}
	}
	a.printf("\n%s\n", dim.Render(alone))
}

// place is where the wish stands: "roster.yaml:14:13".
func place(w wire.Wish) string {
	return yamlpos.Pos{File: w.File, Line: w.Line, Column: w.Column}.String()
}
