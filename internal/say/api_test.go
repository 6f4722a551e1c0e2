package say

import (
	"fmt"
	"strings"
	"testing"
)

// TestPrograms: what the API and the feed say.
func TestPrograms(t *testing.T) {
	golden(t, "programs.txt", allPrograms(t, ""))
}

func allPrograms(t *testing.T, language string) string {
	r := Reader{Language: language, Now: now}
	var b strings.Builder
	fmt.Fprintf(&b, "# What programs are told\n\n%s\n\n%s\n", r.FeedName("Mia"), r.API())
	for _, why := range constants(t, "say", "Unanswered") {
		fmt.Fprintf(&b, "\n%s\n    %s\n", why, r.NotAnswered(Unanswered(why)))
	}
	return b.String()
}
