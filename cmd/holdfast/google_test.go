package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"holdfast/internal/provider/google/googletest"
	"holdfast/internal/series"
)

// scope is all that Holdfast needs of people's calendars.
const scope = "calendar.events.owned"

// workspace is a new double of Google for each story, where Holdfast has a service account that may act for everybody.
func workspace(t *testing.T) func(*testscript.Env) (world, error) {
	return func(env *testscript.Env) (world, error) {
		const account = "holdfast@project.iam.gserviceaccount.com"
		o := googletest.Options{Delegation: []googletest.ServiceAccount{{Email: account, Scopes: []string{scope}}}}
		for _, name := range roles {
			o.Users = append(o.Users, googletest.User{Email: name + "@example.test", Name: name, Zone: zone})
		}
		s := googletest.New(o)
		h := httptest.NewServer(googletest.Strict(t, s))
		env.Defer(h.Close)
		s.SetBase(h.URL)
		w := world{team: roles, office: fmt.Sprintf("{google: {service_account_file: secrets/google.json, endpoint: %q}}", h.URL)}
		for _, u := range o.Users {
			w.people = append(w.people, googleAccount{s.Person(u.Email), s, u.Email, h.URL, s.Token(u.Email, "calendar-app", "calendar.events.readonly")})
		}
		w.sent = func() int { return len(s.Mails()) }
		w.delegate = func(scopes ...string) { s.SetDelegation(account, scopes...) }
		return w, secret(env, "google.json", string(s.ServiceAccountJSON(account)))
	}
}

// googleAccount is a person with an account at Google, who sees what the API tells their own app.
type googleAccount struct {
	googletest.Person
	server  *googletest.Server
	address string
	base    string
	token   string
}

func (a googleAccount) email() string { return a.address }

func (a googleAccount) do(ctx context.Context, x edit) error {
	switch x.verb {
	case "hideinvitations":
		a.server.AddUser(googletest.User{Email: a.address, Zone: zone, AddInvitations: googletest.WhenAnswered})
		return nil
	case "acceptbymail":
		return a.server.Hands(a.address).Accept(x.id, time.Time{})
	case "outofoffice":
	default:
		return byHand(ctx, a, x)
	}
	day, _ := series.WallClock(x.original, zone)
	mode := map[string]string{"": "declineNone", "declining": "declineAllConflictingInvitations"}[x.value]
	_, err := a.OutOfOffice(series.Instant(day.Monday(), 0, zone), series.Instant(day.Monday().AddDays(5), 0, zone), mode, "Back on Monday")
	return err
}

func (a googleAccount) add(_ context.Context, weekly bool, title string, start, end time.Time, guests []string) error {
	_, err := a.Book(weekly, title, start, end, guests...)
	return err
}

// item is what is looked at of an event.
type item struct {
	ID, ICalUID, Status, Location, Description string

	Start, End  struct{ DateTime time.Time }
	Recurrence  []string
	Attachments []struct{ FileURL string }
}

// list asks for the calendar's events.
func (a googleAccount) list(q url.Values) ([]json.RawMessage, error) {
	r, err := http.NewRequest(http.MethodGet, a.base+"/calendar/v3/calendars/primary/events?"+q.Encode(), nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+a.token)
	resp, err := own.Do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("the events of %s: %s", a.address, resp.Status)
	}
	if err != nil {
		return nil, err
	}
	var out struct {
		Items         []json.RawMessage
		NextPageToken string
	}
	if err = json.Unmarshal(body, &out); err == nil && out.NextPageToken != "" {
		err = fmt.Errorf("the events of %s are too many for a story", a.address)
	}
	return out.Items, err
}

func (a googleAccount) items(q url.Values) ([]item, error) {
	texts, err := a.list(q)
	out := make([]item, len(texts))
	for i, text := range texts {
		if err == nil {
			err = json.Unmarshal(text, &out[i])
		}
	}
	return out, err
}

func (a googleAccount) meetings(monday series.Date) ([]meeting, error) {
	from, to := series.Instant(monday, 0, zone), series.Instant(monday.AddDays(7), 0, zone)
	items, err := a.items(url.Values{"singleEvents": {"true"}, "timeMin": {from.Format(time.RFC3339)}, "timeMax": {to.Format(time.RFC3339)}})
	var out []meeting
	for _, x := range items {
		var files []string
		for _, f := range x.Attachments {
			files = append(files, f.FileURL)
		}
		links := []string{agenda(x.Description)}
		if strings.HasPrefix(links[0], "https://docs.google.com/") || len(files) > 0 {
			links = append(links, strings.Join(files, " ")) // only what is in Drive is attached
		}
		out = append(out, meeting{x.Start.DateTime, x.End.DateTime, x.Location, links})
	}
	return out, err
}

func (a googleAccount) series() (booking, error) {
	items, err := a.items(url.Values{})
	if err != nil {
		return booking{}, err
	}
	loc, err := time.LoadLocation(zone)
	var last booking
	for _, x := range items {
		if start := x.Start.DateTime; len(x.Recurrence) > 0 && !start.Before(last.start) {
			last = booking{x.ID, start.In(loc)}
		}
	}
	if err == nil && last.id == "" {
		err = fmt.Errorf("%s has no series", a.address)
	}
	return last, err
}

func (a googleAccount) texts() (map[string]string, error) {
	texts, err := a.list(url.Values{"showDeleted": {"true"}})
	out := map[string]string{}
	for _, text := range texts {
		var x item
		if err == nil {
			err = json.Unmarshal(text, &x)
		}
		out[a.address+" "+x.ID] = string(text)
	}
	return out, err
}
