package demo

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"holdfast/internal/clock"
	"holdfast/internal/provider/caldav/caldavtest"
	"holdfast/internal/provider/google/googletest"
	"holdfast/internal/series"
)

// office is a calendar server for the company, and what Holdfast, its people and the reader need to use it.
type office struct {
	http.Handler
	what     string // it is, in words
	settings string // of the calendar "office"
	secrets  map[string]string
	person   func(id string) app
	name     func(series.Event) string // by which apps know an event
	join     string                    // how to take part
	again    string                    // what goes on without --once, and how one takes part then
	try      func(meeting) string      // something to do in it
}

// app is a person's calendar app.
type app interface {
	Move(ctx context.Context, event string, original, start time.Time) error
	MoveAll(ctx context.Context, event string, original, start time.Time) error
	Shorten(ctx context.Context, event string, original time.Time, length time.Duration) error
	Cancel(ctx context.Context, event string, original time.Time) error
	PutBack(ctx context.Context, event string, original time.Time) error
	Decline(ctx context.Context, event string, original time.Time) error
	AddEvent(ctx context.Context, title string, start, end time.Time, guests ...string) (string, error)
	Delete(ctx context.Context, event string) error
}

func email(id string) string { return id + "@example.com" }

// onCalDAV is a CalDAV server that brings invitations. Everybody's password is their id and "-demo".
func onCalDAV(base string, now clock.Clock) office {
	o := office{
		what: "a calendar server", secrets: map[string]string{},
		settings: fmt.Sprintf(`
    caldav:
      url: %s
      username: "{person.id}"
      password_file: secrets/{person.id}
      poll: 1s
`, base),
		person: func(id string) app {
			return caldavtest.Person{Base: base, User: id, Password: id + "-demo", Email: email(id), Now: now}
		},
		name: func(e series.Event) string { return e.UID },
		join: "Their calendars are at " + bold.Render(base+"/") + " (CalDAV); any calendar program can join.\n" +
			"Users: mia, raj, lee, ana, bo, kim. Passwords: mia-demo, raj-demo and so on.",
		again: "`holdfast demo` goes on, so that your own calendar program can join",
		try: func(meeting) string {
			return "join with your own calendar program as, say, mia (mia-demo) at " + bold.Render(base+"/") +
				",\nmove or cancel something, and watch."
		},
	}
	var users []caldavtest.User
	for _, p := range people {
		users = append(users, caldavtest.User{
			Name:        p.id,
			Password:    p.id + "-demo",
			Email:       email(p.id),
			DisplayName: p.name,
			Zone:        p.zone,
		})
		o.secrets[p.id] = p.id + "-demo\n"
	}
	o.Handler = caldavtest.New(caldavtest.Options{Users: users, Scheduling: true, Now: now})
	return o
}

// onGoogle is a stand-in for Google, where Holdfast has a service account that acts for everybody.
func onGoogle(base string, now clock.Clock) office {
	const account = "holdfast@demo.iam.gserviceaccount.com"
	world := googletest.Options{
		Base:       base,
		Clock:      now,
		Delegation: []googletest.ServiceAccount{{Email: account, Scopes: []string{"calendar.events.owned"}}},
		Behavior:   googletest.Behavior{PlainHTTP: true},
	}
	for _, p := range people {
		world.Users = append(world.Users, googletest.User{Email: email(p.id), Name: p.name, Zone: p.zone})
	}
	s := googletest.New(world)
	return office{
		Handler: s,
		what:    "a stand-in for Google Calendar",
		secrets: map[string]string{"google.json": string(s.ServiceAccountJSON(account))},
		settings: fmt.Sprintf(`
    google:
      service_account_file: secrets/google.json
      endpoint: %s
      poll: 1s
`, base),
		person: func(id string) app { return s.Person(email(id)) },
		name:   func(e series.Event) string { return e.ID },
		join: "Their calendars are at " + bold.Render(base+"/") + ", which answers as Google's API does. Mia's:\n" +
			"  token=" + s.Token(email("mia"), "curl", "calendar.events") + "\n" +
			"  events=" + base + "/calendar/v3/calendars/primary/events\n" +
			`  curl -H "Authorization: Bearer $token" $events`,
		again: "`holdfast demo --google` goes on, so that you can change something yourself",
		try: func(m meeting) string {
			return "cancel Mia's 1:1 with Raj of " + words(m) + ", with $token and $events as above, and watch:\n" +
				`  curl -X DELETE -H "Authorization: Bearer $token" \` + "\n" +
				"    $events/" + m.event + "_" + m.start().UTC().Format("20060102T150405Z")
		},
	}
}
