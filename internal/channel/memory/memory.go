// Package memory is a channel without a network: what was sent can be looked at, and it fails where it is told to. The
// demo and tests use it.
package memory

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync"

	"holdfast/internal/channel"
)

// Channel is a chat in memory: it has conversations, and knows everybody who is not Gone.
type Channel struct {
	mu      sync.Mutex
	arrived []Arrived
	threads map[string]bool
	gone    map[string]bool
	next    []Fault
	always  error
}

// Arrived is a message as its reader has it.
type Arrived struct {
	channel.Message
	In string // the conversation
}

// Fault is what one call of Send comes to.
type Fault struct {
	Err  error
	Late bool // the message arrives, and Err takes the place of the answer
}

// New is an empty channel.
func New() *Channel { return &Channel{threads: map[string]bool{}, gone: map[string]bool{}} }

// Gone takes the person away from the channel.
func (c *Channel) Gone(to string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gone[to] = true
}

// Next are the faults of the next calls, one each; a Fault without Err is none.
func (c *Channel) Next(faults ...Fault) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.next = append(c.next, faults...)
}

// Always makes every call fail with err, until it is nil.
func (c *Channel) Always(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.always = err
}

// Arrived are all messages so far, a repeat too, in their order.
func (c *Channel) Arrived() []Arrived {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.arrived)
}

// Send is channel.Sender's.
func (c *Channel) Send(ctx context.Context, m channel.Message) (channel.Sent, error) {
	const op = "memory: send"
	if err := ctx.Err(); err != nil {
		return channel.Sent{}, &channel.Error{Op: op, Err: err}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var fault Fault
	if len(c.next) > 0 {
		fault, c.next = c.next[0], c.next[1:]
	}
	switch {
	case c.always != nil:
		return channel.Sent{}, c.always
	case fault.Err != nil && !fault.Late:
		return channel.Sent{}, fault.Err
	case c.gone[m.To]:
		return channel.Sent{}, &channel.Error{Kind: channel.BadAddress, Op: op, Err: errors.New("nobody has this address")}
	}
	in := m.Thread.Key
	if !c.threads[in] {
		in = "thread-" + strconv.Itoa(len(c.threads)+1)
		c.threads[in] = true
	}
	c.arrived = append(c.arrived, Arrived{m, in})
	if fault.Err != nil {
		return channel.Sent{}, fault.Err
	}
	return channel.Sent{ThreadKey: in, To: m.To}, nil
}
