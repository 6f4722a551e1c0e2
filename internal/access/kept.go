package access

import (
	"crypto/rand"
	"encoding/hex"
	"regexp"
	"time"
)

// Kept is all that the journal keeps of a person. Package say has the words for tables and columns.
type Kept struct {
	Person string
	At     time.Time
	Tables []Table // those that hold something of the person
}

// Table is what one table of the journal has of a person. Secrets are not in it, only that they are.
type Table struct {
	Name    string // as in the schema
	Columns []string
	Rows    [][]string // times as RFC 3339 in UTC, days and weeks as ISO 8601, other values as the journal has them
}

// Forgotten is what became of all that was kept of a person.
type Forgotten struct {
	Person string
	Former string  // what the other's outcomes and flags call the person now
	Gone   []Count // rows that were removed
	Stay   []Count // rows that stay with the other person until retention ends, without the id
	// Named are other people, by id, in whose calendars an address of the person still stands, as that of a guest: what
	// calendars have is their owners' to remove.
	Named []string
}

// Count is how many rows of a table.
type Count struct {
	Table string
	Rows  int
}

var former = regexp.MustCompile(`^former-[0-9a-f]{8}$`)

// NewFormer makes an id for somebody who is forgotten: nothing leads from it to them.
func NewFormer() string {
	b := make([]byte, 4)
	rand.Read(b) // never fails
	return "former-" + hex.EncodeToString(b)
}

// IsFormer reports whether the id is of somebody who was forgotten.
func IsFormer(id string) bool { return former.MatchString(id) }
