package store

import (
	"time"

	"holdfast/internal/deed"
)

// sees is that somebody, it is not known who, acknowledges the flag.
func sees(flag string, at time.Time) deed.Deed {
	return deed.Deed{At: at, From: deed.Shell, Kind: deed.Acknowledge, Flag: flag}
}
