package google

import (
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

// named is what an id says of itself; zero for one that is none of ours.
func named(id string) provider.Named {
	if len(id) <= keyLen {
		return provider.Named{}
	}
	generation, err := strconv.Atoi(id[keyLen:])
	if err != nil || generation < 1 || id[keyLen:] != strconv.Itoa(generation) {
		return provider.Named{}
	}
	return provider.Named{Key: id[:keyLen], Generation: generation}
}

// opaque is an id that says nothing.
func opaque(id string) string { return series.Opaque(id) }
