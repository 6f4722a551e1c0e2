package cli

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"holdfast/internal/daemon"
	"holdfast/internal/series"
)

type findingJSON struct {
	Person string  `json:"person"`
	Check  string  `json:"check"`
	OK     bool    `json:"ok"`
	Text   string  `json:"text"`
	Hint   *string `json:"hint"`
}

func (a *app) doctorCommand() *cobra.Command {
	return &cobra.Command{Use: "doctor [PERSON]", Short: "Reach every calendar: log in, read, write, invite", Args: cobra.MaximumNArgs(1),
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
			if want.Problems != nil {
				return want.Problems
			}
			var people []series.Person
			for _, p := range want.People {
				if p.Calendar != "" && (len(args) == 0 || p.ID == args[0]) {
					people = append(people, p)
				}
			}
			if len(people) == 0 {
				return hinted{fmt.Errorf("nobody to look after"), "`holdfast doctor` looks at everybody of the roster who has a calendar"}
			}
			slices.SortFunc(people, func(x, y series.Person) int { return series.Pair{Manager: x.ID}.Compare(series.Pair{Manager: y.ID}) })
			out := []findingJSON{}
			for _, p := range people {
				found := a.examine(cmd, d, p)
				out = append(out, found...)
				for _, f := range found {
					if !f.OK {
						a.code = exitError
					}
				}
				if a.output == "text" {
					a.findingsText(p, found)
				}
			}
			if a.output == "json" {
				return a.json(out)
			}
			return nil
		}}
}

func (a *app) examine(cmd *cobra.Command, d *daemon.App, p series.Person) []findingJSON {
	cal, err := d.CalDAV(p)
	if err != nil {
		return []findingJSON{{Person: p.ID, Check: "settings", Text: err.Error(), Hint: null(hint(err))}}
	}
	var out []findingJSON
	for _, f := range cal.Doctor(cmd.Context()) {
		out = append(out, findingJSON{Person: p.ID, Check: f.Check, OK: f.OK, Text: f.Text, Hint: null(f.Hint)})
	}
	return out
}

func (a *app) findingsText(p series.Person, found []findingJSON) {
	a.printf("%s\n", bold.Render(p.ID))
	for _, f := range found {
		mark := green.Render("ok  ")
		if !f.OK {
			mark = red.Render("FAIL")
		}
		a.printf("  %s  %-12s %s\n", mark, f.Check, f.Text)
		if f.Hint != nil {
			a.printf("        %s\n", yellow.Render(*f.Hint))
		}
	}
}
