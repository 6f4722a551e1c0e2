package say

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"holdfast/internal/drift"
)

// TestPages: every page of a link, as its reader sees it.
func TestPages(t *testing.T) {
	golden(t, "pages.txt", allPages(""))
}

func allPages(language string) string {
	r := Reader{Language: language, Zone: "Europe/Berlin", Now: now}
	cancelled := flagOf(drift.Cancelled, true)
	to, none := cancelled.Makeups[0], time.Time{}
	var b strings.Builder
	b.WriteString("# The pages of links\n")
	for _, p := range []Page{
		r.AskLink(Rebook, withRaj, Manager, cancelled, to),
		r.LinkDone(Rebook, withRaj, Manager, cancelled, to, on(1, 9*60)),
		r.AskUndo(Rebook, withRaj, Manager, cancelled, none),
		r.AskUndo(Rebook, withRaj, Manager, cancelled, on(1, 9*60)),
		r.AskLink(Ack, withRaj, Manager, cancelled, none),
		r.LinkDone(Ack, withRaj, Manager, cancelled, none, on(1, 9*60)),
		r.AskUndo(Ack, withRaj, Manager, cancelled, none),
		r.Undone(),
		r.AskStop("digest"), r.Stopped("digest"), r.Resumed("digest"),
		r.AskStop("prepare"),
		r.LinkUsed(), r.LinkOver(), r.NoLink(), r.LinkRefused(""), r.LinkRefused("mia is away: leave"), r.LinkFailed(),
	} {
		fmt.Fprintf(&b, "\n## %s\n", p.Title)
		for _, l := range p.Lines {
			fmt.Fprintf(&b, "%s\n", l)
		}
		if p.Button != "" {
			fmt.Fprintf(&b, "[ %s ]\n", p.Button)
		}
	}
	fmt.Fprintf(&b, "\n## Days\n%s\n%s\n", r.LongDay(tuesday.AddDays(5)), r.LongDay(tuesday.AddDays(50)))
	return b.String()
}
