package caldav

import (
	"fmt"
	"strconv"
	"strings"

	"holdfast/internal/provider"
	"holdfast/internal/series"
)

// uid is the identity of a pair's series in a generation. With an org that is no word of a domain name it still is a
// UID (RFC 7986 section 5.3 asks for no more than that it is unique).
func uid(org string, p series.Pair, generation int) string {
	return fmt.Sprintf("holdfast-%s-%d@%s", p.Key(org), generation, org)
}

// named is what a UID says of itself; zero for one that is none of the org's.
func named(org, id string) provider.Named {
	rest, ok := strings.CutPrefix(id, "holdfast-")
	rest, of, _ := strings.Cut(rest, "@")
	key, number, _ := strings.Cut(rest, "-")
	generation, err := strconv.Atoi(number)
	if !ok || of != org || err != nil || generation < 1 || number != strconv.Itoa(generation) {
		return provider.Named{}
	}
	return provider.Named{Key: key, Generation: generation}
}
