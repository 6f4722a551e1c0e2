package cli

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"holdfast/internal/daemon"
	"holdfast/internal/provider"
	"holdfast/internal/series"
	"holdfast/internal/tzdata"
	"holdfast/internal/wire"
)

// finding is one with whether it is to be known though it works.
type finding struct {
	wire.Finding
	note bool
}

func (a *app) doctorCommand() *cobra.Command {
	return &cobra.Command{Use: "doctor [PERSON]", Short: "Reach every calendar: log in, read, write, invite", Args: atMost(1), ValidArgsFunction: a.completePeople,
		Long: "Tries on every calendar whatever the daemon will need. To see whether it may\n" +
			"write, it stores an event of the year 2000 that nobody is invited to, and\n" +
			"deletes it again. With a name it reports on that person's calendar in full.",
		Example: "  holdfast doctor\n  holdfast doctor mia",
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := daemon.New(a.options())
			if err != nil {
				return a.explain(err)
			}
			defer d.Close()
			people, err := a.examined(d, args)
			if err != nil {
				return err
			}
			a.warn(d, people, false)
			out, ill, told, width := []finding{}, 0, map[string]bool{}, 0
			for _, p := range people {
				width = max(width, len(p.ID))
			}
			for _, p := range people {
				found, err := a.examine(cmd, d, p)
				if err != nil {
					return err
				}
				out = append(out, found...)
				well := !slices.ContainsFunc(found, func(f finding) bool { return !f.OK })
				if !well {
					a.code = exitError
					ill++
				}
				if a.output == "text" {
					a.findingsText(p.ID+strings.Repeat(" ", width-len(p.ID)), found, len(args) == 1, told)
				}
			}
			notices, err := a.examineNotices(cmd, d, args)
			if err != nil {
				return err
			}
			notices = append(notices, a.examineSignIn(cmd, d)...)
			if out = append(out, notices...); slices.ContainsFunc(notices, func(f finding) bool { return !f.OK }) {
				a.code = exitError
			}
			if a.output == "json" {
				json := func(f finding) wire.Finding { return f.Finding }
				zones := wire.Finding{Check: "zone data", OK: true, Text: tzdata.Described()}
				return a.json(append(wire.List(out, json), zones))
			}
			for _, f := range notices {
				a.findingsText(f.Person+strings.Repeat(" ", max(0, width-len(f.Person))), []finding{f}, true, told)
			}
			a.printf("%s\n", dim.Render("zone data: "+tzdata.Described()))
			switch {
			case ill > 0 && len(args) == 0:
				a.printf("\n%d of %s cannot be used yet.\n", ill, a.say().Count(len(people), "calendar"))
			case len(args) == 0:
				a.printf("\n%s: logged in, read and written. Next: `holdfast plan`.\n", a.say().Count(len(people), "calendar"))
			}
			return nil
		}}
}

// examined are the people whose calendars are looked at, by id.
func (a *app) examined(d *daemon.App, args []string) ([]series.Person, error) {
	want, err := d.Desired(a.Clock())
	if err == nil {
		err = want.Problems
	}
	if err != nil {
		return nil, err
	}
	var people []series.Person
	for _, p := range want.People {
		if p.Calendar != "" && (len(args) == 0 || p.ID == args[0]) {
			people = append(people, p)
		}
	}
	if len(people) == 0 && len(args) == 0 {
		return nil, hinted{fmt.Errorf("nobody in the roster has a calendar"), "`calendar:` at a person names one of the calendars in the settings"}
	}
	if len(people) == 0 {
		if _, known := want.People[args[0]]; !known {
			return nil, unknown("person", args[0], slices.Collect(maps.Keys(want.People)))
		}
		return nil, hinted{fmt.Errorf("%s has no calendar that Holdfast reads", args[0]), "`calendar:` at the person names one of the calendars in the settings"}
	}
	slices.SortFunc(people, func(x, y series.Person) int { return cmp.Compare(x.ID, y.ID) })
	return people, nil
}

// warnings tells what the files say that works and yet may not be meant, or should not stay so.
func (a *app) warnings(d *daemon.App) {
	for _, w := range d.Warnings() {
		a.errorf("warning: %s\n", w.Error())
	}
}

// warn tells what works and yet should not stay so, and with missing also which passwords and credentials cannot be
// read.
func (a *app) warn(d *daemon.App, people []series.Person, missing bool) {
	a.warnings(d)
	warnings, errs := d.Settings.Notify.Check()
	more, moreErrs := d.Settings.Web.Check()
	warnings, errs = append(warnings, more...), append(errs, moreErrs...)
	for _, w := range warnings {
		a.errorf("warning: %s\n", w)
	}
	for _, err := range errs {
		if missing {
			a.errorf("warning: %v\n", err)
		}
	}
	told := map[string]bool{"": true}
	for _, p := range people {
		c, ok := d.Settings.Calendars[p.Calendar]
		if !ok {
			continue
		}
		w, err := c.Config.Check(p)
		if err != nil && missing {
			w = wire.Cause(p.ID, err.Error())
		}
		if !told[w] {
			told[w] = true
			a.errorf("warning: %s\n", w)
		}
	}
}

func (a *app) examine(cmd *cobra.Command, d *daemon.App, p series.Person) ([]finding, error) {
	found, err := d.Examine(cmd.Context(), p)
	if err != nil {
		return []finding{{Finding: wire.Finding{
			Person: p.ID,
			Check:  "settings",
			Text:   wire.Cause(p.ID, err.Error()),
			Hint:   wire.Null(provider.HintOf(err)),
		}}}, nil
	}
	var out []finding
	for _, f := range found {
		text := f.Text
		for rest, ok := text, true; ok; rest, ok = strings.CutPrefix(text, f.Check+": ") {
			text = rest
		}
		out = append(out, finding{
			Finding: wire.Finding{Person: p.ID, Check: f.Check, OK: f.OK, Text: text, Hint: wire.Null(f.Hint)},
			note:    f.Note,
		})
	}
	return out, cmd.Context().Err()
}

// examineNotices looks at what people are told by: the channels' secrets, whom no channel reaches, and how long the
// digests of a Monday take. With a person only at theirs.
func (a *app) examineNotices(cmd *cobra.Command, d *daemon.App, args []string) (out []finding, err error) {
	if !d.Tells() {
		return nil, nil
	}
	add := func(f wire.Finding) { out = append(out, finding{Finding: f}) }
	_, errs := d.Settings.Notify.Check()
	for _, err := range errs {
		add(wire.Finding{Check: "notices", Text: err.Error()})
	}
	if d, err = a.reading(cmd.Context()); err != nil {
		return nil, err
	}
	defer d.Close()
	ids, err := d.Unreached(cmd.Context())
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		if len(args) == 0 || args[0] == id {
			text, hint := a.say().Unreached(id)
			add(wire.Finding{Person: id, Check: "notices", Text: text, Hint: wire.Null(hint)})
		}
	}
	n, err := d.Digests()
	if m := d.Settings.Notify.Mail; m != nil && n > 0 && len(args) == 0 {
		add(wire.Finding{Check: "digests", OK: true, Text: a.say().Digests(n, m.Rate)})
	}
	return out, err
}

// findingsText tells of a calendar: in one line where all is well, unless it is wanted in full. A hint that was told is
// not told again.
func (a *app) findingsText(id string, found []finding, full bool, told map[string]bool) {
	well := 0
	for _, f := range found {
		switch {
		case !f.OK:
			a.printf("%s  %s  %s: %s\n", red.Render("FAIL"), bold.Render(id), f.Check, f.Text)
		case f.note:
			a.printf("%s  %s  %s: %s\n", yellow.Render("note"), bold.Render(id), f.Check, f.Text)
			well++
		case full:
			a.printf("%s    %s  %s: %s\n", green.Render("ok"), bold.Render(id), f.Check, f.Text)
		default:
			well++
		}
		if f.Hint != nil && !told[*f.Hint] {
			told[*f.Hint] = true
			say := func() { a.printf("      %s\n", yellow.Render(*f.Hint)) }
			if f.note {
				say()
			} else {
				defer say()
			}
		}
	}
	if well == len(found) {
		last := found[len(found)-1]
		a.printf("%s    %s  %s: %s\n", green.Render("ok"), bold.Render(id), last.Check, last.Text)
	}
}

func (a *app) completePeople(_ *cobra.Command, args []string, prefix string) ([]string, cobra.ShellCompDirective) {
	d, err := daemon.New(a.options())
	if err != nil || len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	people, err := a.examined(d, nil)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var out []string
	for _, p := range people {
		if strings.HasPrefix(p.ID, prefix) {
			out = append(out, p.ID+"\t"+p.Name)
		}
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}
