// Package channeltest is what every channel must do, as a test. What a channel does not have, its world leaves out.
package channeltest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast/internal/channel"
)

// World is a channel with its other end.
type World struct {
	Sender channel.Sender
	To     string // somebody who can be reached
	// Arrived are the messages at the other end, in their order.
	Arrived func() []Got
	// Secrets must stand in no error.
	Secrets []string

	// Known is that the other end knows a repeat by its ID.
	Known  bool
	Nobody string // an address that nobody has; "" where the channel has no addresses
	// Busy has m, which it may change, be refused once, and tells the wait that the channel wishes for; 0: none.
	Busy func(m *channel.Message) time.Duration
	Lose func() // takes the next message, and breaks off before the answer; nil: cannot be
	Lock func() // refuses whoever signs in from now on; nil: nobody signs in
}

// Got is a message at the other end. What a channel does not carry is empty.
type Got struct {
	ID     string // what a repeat is known by
	To     string
	Text   string
	Thread string
}

// hard is text that every layer below may spoil.
const hard = "Tue 15 Dec with Raj was cancelled; Thu 14:00 is free for both of you.\n\n" +
	".\n..two dots\nFrom here on: <b>&amp; \"quotes\" 'and' = signs</b> *_~`\n" +
	"Zoë, Łukasz, 田中さん, مريم and 🙂 meet at 10:00–11:00\n" +
	"<!channel> <https://example.com|here> <users/all>\n"

// long has a line longer than a line of mail may be.
var long = strings.Repeat("long ", 300) + "end\n"

// Message is one of that id to the world's somebody.
func (w World) Message(id string) channel.Message {
	return channel.Message{ID: id, To: w.To, Subject: "cancelled: 1:1 with Zoë, Tue 15 December", Text: hard + long}
}

// Run holds the channel that open makes, anew for each test, to the contract.
func Run(t *testing.T, open func(t *testing.T) World) {
	has := open(t)
	for _, x := range []struct {
		name string
		test func(*testing.T, World)
		has  bool // the world has what it is about
	}{
		{"arrives whole", whole, true},
		{"conversations", conversations, true},
		{"nobody", nobody, has.Nobody != ""},
		{"busy", busy, true},
		{"lost answer", lost, has.Lose != nil},
		{"locked out", locked, has.Lock != nil},
		{"cancelled", cancelled, true},
		{"several at once", several, true},
		{"limited", limited, true},
	} {
		if x.has {
			t.Run(x.name, func(t *testing.T) { x.test(t, open(t)) })
		}
	}
}

func send(t *testing.T, w World, m channel.Message) channel.Sent {
	t.Helper()
	sent, err := w.Sender.Send(t.Context(), m)
	if err != nil {
		t.Fatalf("%v (%s)", err, channel.HintOf(err))
	}
	return sent
}

// refuse sends, and wants an error of that kind that gives nothing away.
func refuse(t *testing.T, w World, m channel.Message, want channel.Kind) *channel.Error {
	t.Helper()
	_, err := w.Sender.Send(t.Context(), m)
	var e *channel.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v (%T), want a *channel.Error", err, err)
	}
	if e.Kind != want {
		t.Errorf("%v is %s, want %s", err, e.Kind, want)
	}
	for _, private := range append(w.Secrets, m.To, m.Subject, "cancelled", "Raj", "://") {
		if private != "" && strings.Contains(err.Error()+e.Hint, private) {
			t.Errorf("%q tells %q", err.Error()+" / "+e.Hint, private)
		}
	}
	return e
}

// settle is text as it may come back: line ends and blanks at the end are the channel's.
func settle(s string) string { return strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n")) }

func whole(t *testing.T, w World) {
	m := w.Message("n1")
	m.HTML = "<p>" + "Tue 15 Dec</p>"
	send(t, w, m)
	got := w.Arrived()
	if len(got) != 1 {
		t.Fatalf("%d messages arrived", len(got))
	}
	if settle(got[0].Text) != settle(m.Text) {
		t.Errorf("arrived:\n%s\nwant:\n%s", got[0].Text, m.Text)
	}
	if got[0].To != "" && got[0].To != m.To {
		t.Errorf("to %s", got[0].To)
	}
}

func conversations(t *testing.T, w World) {
	thread := func(root string) channel.Thread {
		return channel.Thread{Root: root, Subject: "cancelled: 1:1 with Raj"}
	}
	first, other := w.Message("n1"), w.Message("n2")
	first.Thread, other.Thread = thread("r1"), thread("r2")
	sent := send(t, w, first)
	send(t, w, other)
	again := w.Message("n3")
	again.Thread = thread("r1")
	again.Thread.Reply, again.Thread.Key = true, sent.ThreadKey
	if key := send(t, w, again).ThreadKey; key != sent.ThreadKey {
		t.Errorf("the conversation is %q, and for its reply %q", sent.ThreadKey, key)
	}
	got := w.Arrived()
	if len(got) != 3 {
		t.Fatalf("%d messages arrived", len(got))
	}
	in := got[0].Thread
	if in != got[2].Thread || in != "" && in == got[1].Thread || in == "" && sent.ThreadKey != "" {
		t.Errorf("the conversations are %q, %q, %q", got[0].Thread, got[1].Thread, got[2].Thread)
	}
	// A conversation that the chat has no more: the message begins another.
	if sent.ThreadKey != "" {
		again.ID, again.Thread.Key = "n4", sent.ThreadKey+"0"
		if key := send(t, w, again).ThreadKey; key == "" {
			t.Error("no conversation")
		}
	}
}

func nobody(t *testing.T, w World) {
	m := w.Message("n1")
	m.To = w.Nobody
	refuse(t, w, m, channel.BadAddress)
	send(t, w, w.Message("n2")) // and nobody else is concerned
	if got := w.Arrived(); len(got) != 1 {
		t.Errorf("%d messages arrived", len(got))
	}
}

func busy(t *testing.T, w World) {
	m := w.Message("n1")
	want := w.Busy(&m)
	if e := refuse(t, w, m, channel.Transient); e.RetryAfter != want {
		t.Errorf("wait %s, want %s", e.RetryAfter, want)
	}
	send(t, w, m)
	if got := w.Arrived(); len(got) != 1 {
		t.Errorf("%d messages arrived", len(got))
	}
}

func lost(t *testing.T, w World) {
	w.Lose()
	refuse(t, w, w.Message("n1"), channel.Transient)
	send(t, w, w.Message("n1"))
	for _, g := range w.Arrived() {
		if first := w.Arrived()[0]; g.ID != first.ID || w.Known && g.ID == "" {
			t.Errorf("the repeat is %q, the first was %q", g.ID, first.ID)
		}
	}
}

func locked(t *testing.T, w World) {
	w.Lock()
	if e := refuse(t, w, w.Message("n1"), channel.Broken); e.Hint == "" {
		t.Error("no hint")
	}
}

func cancelled(t *testing.T, w World) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := w.Sender.Send(ctx, w.Message("n1"))
	if !errors.Is(err, context.Canceled) || channel.KindOf(err) != channel.Transient {
		t.Errorf("got %v", err)
	}
	if got := w.Arrived(); len(got) != 0 {
		t.Errorf("%d messages arrived", len(got))
	}
}

func several(t *testing.T, w World) {
	const n = 8
	errs := make(chan error)
	for i := range n {
		go func() {
			_, err := w.Sender.Send(t.Context(), w.Message(fmt.Sprintf("n%d", i)))
			errs <- err
		}()
	}
	for range n {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	var ids []string
	for _, g := range w.Arrived() {
		ids = append(ids, g.ID)
	}
	if len(ids) != n {
		t.Errorf("%d messages arrived", len(ids))
	}
	slices.Sort(ids)
	if ids = slices.Compact(ids); w.Known && len(ids) != n {
		t.Errorf("they are known by %q", ids)
	}
}

func limited(t *testing.T, w World) {
	s := channel.Limited(w.Sender, 1)
	if _, err := s.Send(t.Context(), w.Message("n1")); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if _, err := s.Send(ctx, w.Message("n2")); channel.KindOf(err) != channel.Transient || err == nil {
		t.Errorf("got %v", err)
	}
	if got := w.Arrived(); len(got) != 1 {
		t.Errorf("%d messages arrived", len(got))
	}
}
