package roster

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"holdfast/internal/series"
	"holdfast/internal/yamlpos"
)

// PrepDoc is the pair's document as a roster file writes it: a link, or the template that each pair gets a copy of.
type PrepDoc struct {
	yamlpos.Pos `yaml:"-"`
	Link        yamlpos.Text `yaml:"-"`
	// Id of a Google document, from its address. Each pair gets a copy, shared by the two and nobody else. The
	// manager's calendar must be Google's.
	Template yamlpos.Text `yaml:"template" jsonschema:"required,pattern=^[A-Za-z0-9_-]{10}[A-Za-z0-9_-]*$"`
	// Id of a Google Drive folder for the copies. Whoever sees the folder sees them. Default: the top of the manager's
	// own Drive.
	Folder yamlpos.Text `yaml:"folder" jsonschema:"pattern=^([A-Za-z0-9_-]{10}[A-Za-z0-9_-]*)?$"`
	// What is put at the top of the copy before each meeting: standard (the report's points, updates, goals, actions),
	// or a text with {date}, {actions} and the fields of title. Empty: nothing.
	Section yamlpos.Text `yaml:"section" jsonschema:"example=standard"`
}

// SetText takes the link.
func (d *PrepDoc) SetText(t yamlpos.Text) { d.Link = t }

// TextPattern is what the link must match.
func (PrepDoc) TextPattern() string { return "^(https://.*)?$" }

// place is where it is given; none if it is not.
func (d PrepDoc) place() yamlpos.Pos {
	if d.Link.Given() {
		return d.Link.Pos
	}
	return d.Pos
}

var driveID = regexp.MustCompile(`^[A-Za-z0-9_-]{10,200}$`)

// checkPrepDoc reports what is wrong with the document, and drops it then.
func (p *parser) checkPrepDoc(what string, d *PrepDoc, sample series.Person) {
	before := len(p.Problems)
	if t := d.Link; t.V != "" {
		if fault := lineFault(t.V, maxText); fault != "" {
			p.Add(t.Pos, what, "prep_doc %s", fault)
		} else if link, err := expand(t.V, sample, sample, inURL); err != nil {
			p.Add(t.Pos, what, "prep_doc: %v", err)
		} else if why := checkLink(link); why != "" {
			p.Add(t.Pos, what, "%s", why)
		}
	}
	if t := d.Section; utf8.RuneCountInString(t.V) > maxSection {
		p.Add(t.Pos, what, "prep_doc: section has more than %d characters", maxSection)
	} else if r, found := hidden(t.V); found || !isLine(strings.NewReplacer("\n", "", "\t", "").Replace(t.V)) {
		p.Add(t.Pos, what, "prep_doc: section holds a character that does not show (U+%04X)", r)
	}
	for _, x := range []struct {
		key string
		t   yamlpos.Text
	}{{"template", d.Template}, {"folder", d.Folder}} {
		if x.t.Given() && !driveID.MatchString(x.t.V) && !(x.key == "folder" && x.t.V == "") {
			p.Add(x.t.Pos, what, "prep_doc: %s is no id of Google Drive: want the long part of its address, after /d/ or /folders/", x.key)
		}
	}
	if len(p.Problems) > before {
		*d = PrepDoc{}
	}
}

// wish is the document as the series carries it; zero where a link is given, or nothing.
func (d PrepDoc) wish() series.PrepDoc {
	return series.PrepDoc{Template: d.Template.V, Folder: d.Folder.V, Section: d.Section.V}
}
