package google

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"

	"holdfast/internal/provider"
	"holdfast/internal/series"
)

// keyLen is the length of series.Pair.Key.
const keyLen = 26

// eventID is the identity of a pair's series in a generation. Key and decimals are all base32hex, as Google wants it.
func eventID(org string, p series.Pair, generation int) string {
	return p.Key(org) + strconv.Itoa(generation)
}

// named is the pair of in and the generation that an id of ours names.
func named(in provider.Interest, id string) (series.Pair, int, bool) {
	if len(id) <= keyLen {
		return series.Pair{}, 0, false
	}
	generation, err := strconv.Atoi(id[keyLen:])
	if err != nil || generation < 1 || id[keyLen:] != strconv.Itoa(generation) {
		return series.Pair{}, 0, false
	}
	p, ok := in.Keyed(id[:keyLen])
	return p, generation, ok
}

// identify completes what e tells of its identity: whether its id is the one that Create makes, and pair and generation
// where only the id is left of the mark, as on every attendee's copy. It reports whether e is ours.
func identify(in provider.Interest, e *series.Event) bool {
	pair, generation, ours := named(in, e.ID)
	if e.Mark.IsZero() && ours {
		e.Mark = series.Mark{Org: in.Org, Pair: pair, Generation: generation}
	}
	if e.Mark.IsZero() {
		return false
	}
	if ours {
		e.Derived = e.Derived || in.Now(e.Mark.Pair) == pair && e.Mark.Generation == generation
	} else {
		e.Derived = e.Derived || e.ID == eventID(in.Org, e.Mark.Pair, e.Mark.Generation)
	}
	return true
}

// opaque is an id that tells nothing.
func opaque(id string) string {
	sum := sha256.Sum256([]byte(id))
	return hex.EncodeToString(sum[:8])
}
