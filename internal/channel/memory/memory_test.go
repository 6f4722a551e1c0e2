package memory

import (
	"errors"
	"testing"
	"time"

	"holdfast/internal/channel"
	"holdfast/internal/channel/channeltest"
)

func TestConformance(t *testing.T) {
	channeltest.Run(t, func(t *testing.T) channeltest.World {
		c := New()
		c.Gone("nobody@example.com")
		fail := func(kind channel.Kind, wait time.Duration, hint string) error {
			return &channel.Error{Kind: kind, RetryAfter: wait, Op: "memory: send", Hint: hint, Err: errors.New("as told")}
		}
		return channeltest.World{
			Sender: c,
			To:     "mia@example.com",
			Nobody: "nobody@example.com",
			Known:  true,
			Arrived: func() (out []channeltest.Got) {
				for _, a := range c.Arrived() {
					out = append(out, channeltest.Got{ID: a.ID, To: a.To, Text: a.Text, Thread: a.In})
				}
				return out
			},
			Busy: func(*channel.Message) time.Duration {
				c.Next(Fault{Err: fail(channel.Transient, time.Minute, "")})
				return time.Minute
			},
			Lose: func() { c.Next(Fault{Err: fail(channel.Transient, 0, ""), Late: true}) },
			Lock: func() { c.Always(fail(channel.Broken, 0, "sign in again")) },
		}
	})
}
