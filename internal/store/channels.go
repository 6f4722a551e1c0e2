package store

import (
	"context"
	"database/sql"
	"errors"

	"holdfast/internal/provider"
)

var _ provider.Channels = (*Store)(nil)

// Channels are the push channels of a person, with "" those of everybody, by person and age.
func (s *Store) Channels(ctx context.Context, person string) ([]provider.Channel, error) {
	out, err := query(ctx, s.db, scanChannel, channelColumns+` WHERE ?1 = '' OR person = ?1 ORDER BY person, opened, id`, person)
	if err != nil {
		return nil, s.fail("channels", err)
	}
	return out, nil
}

// Channel is the push channel of that id; false where there is none.
func (s *Store) Channel(ctx context.Context, id string) (provider.Channel, bool, error) {
	out, err := query(ctx, s.db, scanChannel, channelColumns+` WHERE id = ?`, id)
	if err != nil || len(out) == 0 {
		if err != nil {
			err = s.fail("channel", err)
		}
		return provider.Channel{}, false, err
	}
	return out[0], true, nil
}

// SetChannel keeps the channel in place of what was kept under its id. It is on disk when SetChannel returns.
func (s *Store) SetChannel(ctx context.Context, c provider.Channel) error {
	return s.inTx(ctx, "keep a channel", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO channels (id, person, email, calendar, address, token, resource,
			opened, expires, heard) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, c.ID, c.Owner.ID, c.Owner.Email, c.Owner.Calendar,
			c.Address, c.Token[:], c.Resource, micro(c.Opened), micro(c.Expires), micro(c.Heard))
		return err
	})
}

// DeleteChannel forgets the channel of that id.
func (s *Store) DeleteChannel(ctx context.Context, id string) error {
	return s.inTx(ctx, "forget a channel", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM channels WHERE id = ?`, id)
		return err
	})
}

const channelColumns = `SELECT id, person, email, calendar, address, token, resource, opened, expires, heard FROM channels`

func scanChannel(r *sql.Rows) (c provider.Channel, err error) {
	var token []byte
	var opened, expires, heard int64
	err = r.Scan(&c.ID, &c.Owner.ID, &c.Owner.Email, &c.Owner.Calendar, &c.Address, &token, &c.Resource, &opened, &expires, &heard)
	if err == nil && copy(c.Token[:], token) != len(c.Token) {
		err = errors.New("a token's digest is cut short")
	}
	c.Opened, c.Expires, c.Heard = instant(opened), instant(expires), instant(heard)
	return c, err
}
