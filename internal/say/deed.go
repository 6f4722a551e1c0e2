package say

import "holdfast/internal/deed"

// Did is what somebody did, by whom, from where and when: "the slot accepted by Mia Chen, on the page, 3 days ago", and
// what came of it where it was not done. name is what a person of that id is called.
func (r Reader) Did(d deed.Deed, name func(id string) string) string {
	f := facts{N: len(d.Changes), Series: d.Occurrence.IsZero()}
	if !d.Occurrence.IsZero() {
		f.Day = r.day(d.Occurrence)
	}
	if !d.To.IsZero() {
		f.To = r.both(r.When(d.To), d.To)
	}
	if d.Of != "" {
		f.Other = name(d.Of)
	}
	switch {
	case d.Who != "":
		f.By = r.say("did.by", facts{Text: name(d.Who)})
	case d.Admin:
		f.By = r.say("did.by", facts{Text: r.say("did.admin", facts{})})
	}
	out := facts{
		Text: r.say("did."+string(d.Kind), f),
		From: r.say("did.from."+string(d.From), facts{}),
		Time: r.Relative(d.At),
	}
	if d.Result != deed.Done {
		came := d.Result
		if came == deed.Unknown {
			came = "unknown"
		}
		out.Detail = r.say("did.came."+string(came), facts{})
	}
	return r.say("did", out)
}
