package browser

import (
	_ "embed"
	"fmt"
	"strings"

	"github.com/chromedp/chromedp"
)

//go:embed axe/axe.min.js
var axe string

// Violation is something on a page that not everybody can use, as axe-core finds it
// (https://dequeuniversity.com/rules/axe/).
type Violation struct {
	ID     string   `json:"id"`     // of its rule: "color-contrast"
	Impact string   `json:"impact"` // minor, moderate, serious or critical
	Help   string   `json:"help"`
	Where  []string `json:"where"` // CSS selectors, each with what is wrong there
}

// String is for the test's failure.
func (v Violation) String() string {
	return fmt.Sprintf("%s (%s): %s\n    %s", v.ID, v.Impact, v.Help, strings.Join(v.Where, "\n    "))
}

// Axe are the violations of all rules of axe-core on the page as it is looked at.
func (p *Page) Axe() []Violation {
	p.t.Helper()
	// Where scripts are off, axe-core's own do not end. Those of the page were not begun, and are not now.
	p.do("load axe-core", scripts(true), chromedp.Evaluate[chromedp.Void](axe))
	defer func() { p.do("go on as before", scripts(!p.now.NoScript)) }()
	return Eval[[]Violation](p, `axe.run(document, {resultTypes: ["violations"]}).then(r => r.violations.map(v => ({
		id: v.id, impact: v.impact, help: v.help,
		where: v.nodes.map(n => n.target.join(" ") + ": " + n.failureSummary.replace(/\s+/g, " ")),
	})))`)
}

// Accessible fails the test for each violation on the page; name is how the page was looked at.
func (p *Page) Accessible(name string) {
	p.t.Helper()
	for _, v := range p.Axe() {
		p.t.Errorf("%s: %s", name, v)
	}
}
