package roster

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"holdfast/internal/series"
	"holdfast/internal/yamlpos"
)

// Notices are how a person is told, as the roster has it. They may change theirs on their page; this is the default.
type Notices struct {
	// Via are the channels in the order in which they are tried: nil where the roster says nothing, empty for none.
	Via     []Via
	Digest  Choice // the week ahead
	Prepare Choice // the agenda link, the day before
	Slack   string // what Slack calls them; "" to look them up by address
}

// Via is a channel that a person wants to be told by.
type Via struct {
	Channel string        // mail | slack | google-chat
	Hours   series.Window // on the person's own clock; zero for any time that the rules allow
	At      yamlpos.Pos   // where it stands
}

// Choice is a yes or no, or neither.
type Choice int

// The choices.
const (
	Unsaid Choice = iota
	On
	Off
)

// channels are the names in Via.
var channels = []string{"mail", "slack", "google-chat"}

const noChannel = "none"

// Telling are the lines about notices, in the defaults and at a person.
type Telling struct {
	// By which channels, the first that works: mail, slack, google-chat, several of them, or none. As keys, each with
	// the hours of that channel: any, or like 9-17. Default: mail, where the settings have it.
	Notices FileNotices `yaml:"notices"`
	// The week ahead, at its start. Default: on for managers.
	Digest yamlpos.Text `yaml:"digest" jsonschema:"enum=on,enum=off"`
	// The agenda link, the day before.
	Prepare yamlpos.Text `yaml:"prepare" jsonschema:"enum=on,enum=off"`
}

// FileNotices are channels as a roster file writes them: a name, a list of names, or hours by name.
type FileNotices struct {
	yamlpos.Pos `yaml:"-"`
	Names       []yamlpos.Text `yaml:"-"`
	Mail        yamlpos.Text   `yaml:"mail" jsonschema:"example=any"`
	Slack       yamlpos.Text   `yaml:"slack" jsonschema:"example=9-17"`
	GoogleChat  yamlpos.Text   `yaml:"google-chat" jsonschema:"example=09:00-17:30"`
}

// SetText takes one name.
func (n *FileNotices) SetText(t yamlpos.Text) { n.Names = []yamlpos.Text{t} }

// SetList takes several names.
func (n *FileNotices) SetList(l []yamlpos.Text) { n.Names = append([]yamlpos.Text{}, l...) }

// TextPattern is what one name must match.
func (FileNotices) TextPattern() string {
	return "^(" + strings.Join(channels, "|") + "|" + noChannel + ")$"
}

// ItemPattern is what a name in a list must match.
func (FileNotices) ItemPattern() string { return "^(" + strings.Join(channels, "|") + ")$" }

func (n FileNotices) given() bool { return n.Pos.Given() || n.Names != nil }

func (t Telling) given() bool { return t.Notices.given() || t.Digest.Given() || t.Prepare.Given() }

// addTelling takes the lines of one file's defaults.
func (p *parser) addTelling(f Telling) {
	to := &p.telling
	switch {
	case f.Notices.given() && to.Notices.given():
		p.Add(f.Notices.place(), "defaults", "notices is given twice (first at %s)", to.Notices.place())
	case f.Notices.given():
		to.Notices = f.Notices
	}
	for _, x := range []struct {
		key      string
		from, to *yamlpos.Text
	}{{"digest", &f.Digest, &to.Digest}, {"prepare", &f.Prepare, &to.Prepare}} {
		switch {
		case x.from.Given() && x.to.Given():
			p.Add(x.from.Pos, "defaults", "%s is given twice (first at %s)", x.key, x.to.Pos)
		case x.from.Given():
			*x.to = *x.from
		}
	}
}

// place is where it stands; none for an empty list.
func (n FileNotices) place() yamlpos.Pos {
	if len(n.Names) > 0 {
		return n.Names[0].Pos
	}
	return n.Pos
}

// notices are base with what the lines say in its place.
func (p *parser) notices(what string, f Telling, base Notices) Notices {
	n := base
	if f.Notices.given() {
		n.Via = p.via(what, f.Notices)
	}
	for _, x := range []struct {
		t  yamlpos.Text
		to *Choice
	}{{f.Digest, &n.Digest}, {f.Prepare, &n.Prepare}} {
		switch x.t.V { // another word was reported by the decoder
		case "on":
			*x.to = On
		case "off":
			*x.to = Off
		}
	}
	return n
}

func (p *parser) via(what string, f FileNotices) []Via {
	out := []Via{}
	for _, x := range []struct {
		channel string
		hours   yamlpos.Text
	}{{"mail", f.Mail}, {"slack", f.Slack}, {"google-chat", f.GoogleChat}} {
		if !x.hours.Given() {
			continue
		}
		v := Via{Channel: x.channel, At: x.hours.Pos}
		if x.hours.V != anyHours {
			var err error
			if v.Hours, err = parseSpan(x.hours.V); err != nil {
				p.Add(x.hours.Pos, what, "notices: %s: %v", x.channel, err)
			}
		}
		out = append(out, v)
	}
	slices.SortFunc(out, func(a, b Via) int { // as the file has them
		return cmp.Or(cmp.Compare(a.At.Line, b.At.Line), cmp.Compare(a.At.Column, b.At.Column))
	})
	for _, t := range f.Names {
		switch {
		case !t.Given(): // was reported by the decoder
		case t.V == noChannel && len(f.Names) == 1:
		case t.V == noChannel:
			p.Add(t.Pos, what, "notices: none goes with no other")
		case !slices.Contains(channels, t.V):
			p.Add(t.Pos, what, "notices: %q is none of %s, none%s", t.V, strings.Join(channels, ", "), p.Suggest(t.V, channels))
		case slices.ContainsFunc(out, func(v Via) bool { return v.Channel == t.V }):
			p.Add(t.Pos, what, "notices: %s is there twice", t.V)
		default:
			out = append(out, Via{Channel: t.V, At: t.Pos})
		}
	}
	return out
}

// parseSpan reads a time span, also by full hours: "9-17".
func parseSpan(s string) (series.Window, error) {
	from, to, _ := strings.Cut(s, "-")
	for _, t := range []*string{&from, &to} {
		if fullHour.MatchString(*t) {
			*t += ":00"
		}
	}
	w, err := parseWindow(from + "-" + to)
	if err != nil {
		return w, fmt.Errorf("%q is neither any nor a time span like 9-17 or 09:00-17:30", s)
	}
	return w, nil
}

var (
	fullHour = regexp.MustCompile(`^[0-9]{1,2}$`)
	slackID  = regexp.MustCompile(`^[UW][A-Z0-9]{2,}$`)
)

// Unserved are the places where somebody wants a channel that there is not: nobody is told by it.
func (r Roster) Unserved(served func(channel string) bool) (out yamlpos.Problems) {
	told := map[yamlpos.Pos]bool{}
	for _, p := range r.People {
		for _, v := range r.Notices[p.ID].Via {
			if !served(v.Channel) && !told[v.At] {
				told[v.At] = true
				out.Add(v.At, "person "+p.ID, "notices: the settings have no %s: nobody is told by it",
					"notify."+strings.ReplaceAll(v.Channel, "-", "_"))
			}
		}
	}
	return out
}
