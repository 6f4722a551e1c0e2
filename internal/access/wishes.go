package access

// Wishes are how a person wants to be told, as far as they said so: they win over the roster.
type Wishes struct {
	Channels []string // in this order; nil: as the roster says; empty: none
	Digest   *bool    // the week ahead; nil: as the roster says
	Prepare  *bool    // the day before; nil: as the roster says
}
