package provider

import (
	"context"
	"crypto/sha256"
	"time"

	"holdfast/internal/series"
)

// Channel is what a calendar server keeps for us: it posts to Address when the calendar changed. It says that, never
// what.
type Channel struct {
	ID       string
	Owner    series.Person     // whose calendar it watches: id, address and calendar are kept, which is all that stopping it takes
	Address  string            // the URL that is rung
	Token    [sha256.Size]byte // digest of what its messages prove themselves by
	Resource string            // the server's name of what it watches; "" until the server has told it
	Opened   time.Time
	Expires  time.Time // zero until the server has told it
	Heard    time.Time // a message came; within an hour of the last. Zero: none ever did
}

// Channels keeps the channels that are open. No server has a list of them: one that is lost can be stopped by nobody.
type Channels interface {
	// Channels are the person's; with "" everybody's.
	Channels(ctx context.Context, person string) ([]Channel, error)
	// Channel is the one of that id; false where there is none.
	Channel(ctx context.Context, id string) (Channel, bool, error)
	SetChannel(ctx context.Context, c Channel) error
	DeleteChannel(ctx context.Context, id string) error
}
