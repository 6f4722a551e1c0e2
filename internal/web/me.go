package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"time"

	"holdfast/internal/access"
	"holdfast/internal/act"
	"holdfast/internal/say"
	"holdfast/internal/see"
	"holdfast/internal/series"
	"holdfast/internal/web/draw"
	"holdfast/internal/wire"
)

// Own is what the journal keeps for a person, of their own choice.
type Own interface {
	Wishes(ctx context.Context, person string) (access.Wishes, error)
	SetWishes(ctx context.Context, person string, w access.Wishes) error
	// Tokens are a person's, the feed's with them.
	Tokens(ctx context.Context, person string) ([]access.Token, error)
	// AddToken keeps a token with the digest of its secret; a feed's takes the place of the one before.
	AddToken(ctx context.Context, t access.Token, digest string) error
	RevokeToken(ctx context.Context, person, name string) (was bool, err error)
	// Kept is all that is kept of a person.
	Kept(ctx context.Context, person string) (access.Kept, error)
}

// Told is how a person is told of things where they have not chosen: as the roster says.
type Told struct {
	Channels        []string // names of channels, in order
	Digest, Prepare bool
}

// mePage is what a person sees of themselves.
type mePage struct {
	Week     weekPage
	Calendar []fact
	Out      string // why the calendar cannot be read; "": it can
	Notices  noticesForm
	Feed     feedForm
	Tokens   []tokenItem
	Once     string // an address or token that is shown once
	OnceSays string
	Kept     []keptTable
	Away     []string
}

type weekPage struct {
	Title          string
	Before, After  string // addresses of the weeks beside it; "": there is none
	Scale          []string
	Days           []dayItem
	Seen           string
	Busy, Off, Met bool // what its legend has
}

type dayItem struct {
	Day     string
	Today   bool
	Off     string
	Picture template.HTML
	Met     []metItem
	Busy    []string
}

type metItem struct {
	Clock, Name, Href, Place string
	Flagged                  bool
}

type noticesForm struct {
	Own             bool // the person has chosen
	Channels        []choice
	Digest, Prepare bool
}

type choice struct {
	Value, Text string
	On          bool
}

type feedForm struct {
	Made, Used string // "": there is none
}

type tokenItem struct{ Name, Made, Used, Until string }

type keptTable struct {
	Name, Title, Why, Says string
	Columns                []string
	Rows                   [][]string
	More                   int // rows that are not shown
}

func (h *handler) me(w http.ResponseWriter, r *http.Request) {
	h.showMe(w, r, http.StatusOK, "", "", "")
}

// showMe shows the page of the one who asks. secret is an address or a token of that kind, to be shown this once;
// refused is why what they wanted was not done.
func (h *handler) showMe(w http.ResponseWriter, r *http.Request, status int, kind, secret, refused string) {
	who, _ := h.who(r)
	m, err := h.See.Me(r.Context(), who)
	if err != nil {
		h.fail(w, r, err)
		return
	}
	reader := say.Reader{Zone: m.Me.Zone, Now: m.At}
	week := m.Week
	if monday, err := series.ParseDate(r.URL.Query().Get("week")); err == nil && monday.Monday() != week.Monday {
		if week, err = h.See.Week(r.Context(), who, monday.Monday()); err != nil {
			h.fail(w, r, err)
			return
		}
	}
	page := mePage{Week: h.weekPage(reader, week, m.Week.Monday), Calendar: calendarFacts(reader, m)}
	if m.Why != nil {
		page.Out = reader.Fill("me.out", say.Words{Text: m.Why.Cause, Time: reader.When(m.Why.Since)})
	}
	for _, a := range m.Away {
		page.Away = append(page.Away, reader.Fill("me.away", say.Words{
			Text:  say.Capital(skipWord(reader, a.Why)),
			Time:  reader.Day(a.From),
			Other: reader.Day(a.To),
		}))
	}
	if secret != "" {
		page.Once, page.OnceSays = secret, reader.Word("me.once."+kind)
	}
	if err := h.own(r.Context(), reader, who.Person, &page); err != nil {
		h.fail(w, r, err)
		return
	}
	f := h.frame(r, reader.Word("me.title"), "/me")
	f.Body = page
	if secret == "" { // else the page goes when it is shown anew
		h.live(&f, reader, m.Round, m.Problems, "")
	}
	if refused != "" {
		f.Said, f.Refused = refused, true
	} else {
		h.said(w, r, &f, reader)
	}
	h.show(w, r, status, "me", f)
}

// weeksAhead is how many weeks after the present one can be looked at.
const weeksAhead = 8

func (h *handler) weekPage(r say.Reader, w see.OwnWeek, present series.Date) weekPage {
	out := weekPage{Title: r.Fill("week.title", say.Words{Time: r.LongDay(w.Monday)})}
	if w.Monday == present {
		out.Title = r.Word("week.this")
	}
	link := func(d series.Date) string { return h.base + "/me?week=" + d.String() }
	if w.Monday.After(present) {
		out.Before = link(w.Monday.AddDays(-7))
	}
	if w.Monday.Before(present.AddDays(7 * weeksAhead)) {
		out.After = link(w.Monday.AddDays(7))
	}
	first, last := hoursOf(w)
	for hour := first; hour <= last; hour++ {
		out.Scale = append(out.Scale, number(hour))
	}
	switch {
	case w.Seen.IsZero():
		out.Seen = r.Word("week.never")
	case w.Stale:
		out.Seen = r.Fill("week.stale", say.Words{Time: r.When(w.Seen)})
	}
	for i := range 7 {
		d := w.Monday.AddDays(i)
		day := dayItem{Day: r.Day(d), Today: d == r.Today()}
		if why := w.Off[i]; why != "" {
			day.Off, out.Off = say.Capital(skipWord(r, why)), true
		}
		spans := spansOf(w, d, r)
		for _, s := range spans {
			if s.What == draw.Busy {
				day.Busy, out.Busy = append(day.Busy, s.Title), true
			}
		}
		for _, b := range w.Booked {
			if on, at := series.WallClock(b.Start, w.Zone); on == d {
				day.Met = append(day.Met, metItem{at.String(), b.Other.Name, h.pairPath(b.Pair), b.Place, b.Flagged})
				out.Met = true
			}
		}
		if i > 4 && len(spans) == 0 {
			continue // a free weekend needs no lines
		}
		label := day.Day + ": " + dayWords(r, day)
		day.Picture = draw.Day(label, first, last, spans)
		out.Days = append(out.Days, day)
	}
	return out
}

// dayWords are a day for those who do not see it.
func dayWords(r say.Reader, d dayItem) string {
	var all []string
	if d.Off != "" {
		all = append(all, d.Off)
	}
	for _, m := range d.Met {
		all = append(all, m.Clock+" "+m.Name)
	}
	if n := len(d.Busy); n > 0 {
		all = append(all, r.Fill("week.busy", say.Words{Text: r.List(d.Busy)}))
	}
	if len(all) == 0 {
		return r.Word("week.free")
	}
	return strings.Join(all, "; ")
}

func calendarFacts(r say.Reader, m see.Me) []fact {
	calendar := m.Calendar
	if calendar == "" {
		calendar = r.Word("me.calendar.none")
	} else if !m.Read.IsZero() {
		calendar = r.Fill("me.calendar.read", say.Words{Text: calendar, Time: r.When(m.Read)})
	}
	hours := r.Word("me.hours.any")
	if text := r.Hours(m.Hours); text != "" {
		hours = text
	}
	return []fact{
		{r.Word("me.address"), m.Email},
		{r.Word("me.calendar"), calendar},
		{r.Word("me.zone"), r.Place(m.Me.Zone)},
		{r.Word("me.hours"), hours},
	}
}

// keptShown is how many rows of a table the page shows; the download has all.
const keptShown = 20

// own fills in what the journal keeps for the person.
func (h *handler) own(ctx context.Context, r say.Reader, person string, page *mePage) error {
	wishes, err1 := h.Own.Wishes(ctx, person)
	tokens, err2 := h.Own.Tokens(ctx, person)
	kept, err3 := h.Own.Kept(ctx, person)
	if err := errors.Join(err1, err2, err3); err != nil {
		return err
	}
	told := h.Told(person)
	n := noticesForm{Own: wishes.Channels != nil || wishes.Digest != nil || wishes.Prepare != nil}
	n.Digest, n.Prepare = orElse(wishes.Digest, told.Digest), orElse(wishes.Prepare, told.Prepare)
	on := told.Channels
	if wishes.Channels != nil {
		on = wishes.Channels
	}
	for _, c := range h.Channels {
		n.Channels = append(n.Channels, choice{c, say.Capital(r.Channel(c)), slices.Contains(on, c)})
	}
	page.Notices = n
	used := func(t access.Token) string {
		if t.Used.IsZero() {
			return r.Word("me.unused")
		}
		return r.Fill("me.used", say.Words{Time: r.When(t.Used), Text: t.UsedBy})
	}
	for _, t := range tokens {
		if t.Role == access.Feed {
			page.Feed = feedForm{Made: r.When(t.Made), Used: used(t)}
			continue
		}
		item := tokenItem{Name: t.Name, Made: r.When(t.Made), Used: used(t), Until: r.Word("me.forever")}
		if !t.Expires.IsZero() {
			item.Until = r.When(t.Expires)
		}
		page.Tokens = append(page.Tokens, item)
	}
	for _, t := range kept.Tables {
		rows := t.Rows[:min(len(t.Rows), keptShown)]
		title, why := r.KeptTable(t.Name)
		table := keptTable{
			Name:  t.Name,
			Title: title,
			Why:   why,
			Says:  r.Fill("me.rows", say.Words{N: len(t.Rows)}),
			Rows:  rows,
			More:  len(t.Rows) - len(rows),
		}
		for _, c := range t.Columns {
			table.Columns = append(table.Columns, r.KeptColumn(c))
		}
		page.Kept = append(page.Kept, table)
	}
	return nil
}

func orElse(x *bool, otherwise bool) bool {
	if x != nil {
		return *x
	}
	return otherwise
}

// setWishes keeps how the person wants to be told.
func (h *handler) setWishes(w http.ResponseWriter, r *http.Request) {
	if !h.form(w, r) {
		return
	}
	who, _ := h.who(r)
	wishes := access.Wishes{}
	if r.PostFormValue("as") != "roster" {
		digest, prepare := r.PostFormValue("digest") != "", r.PostFormValue("prepare") != ""
		wishes = access.Wishes{Channels: []string{}, Digest: &digest, Prepare: &prepare}
		for _, c := range r.PostForm["channel"] {
			if slices.Contains(h.Channels, c) {
				wishes.Channels = append(wishes.Channels, c)
			}
		}
	}
	if err := h.Own.SetWishes(r.Context(), who.Person, wishes); err != nil {
		h.fail(w, r, err)
		return
	}
	h.done(w, r, "/me", "wishes")
}

// makeFeed makes or renews the address of the person's feed, and shows it once.
func (h *handler) makeFeed(w http.ResponseWriter, r *http.Request) {
	who, _ := h.who(r)
	t, secret, digest := access.NewToken("", access.Feed, who.Person, h.Clock(), time.Time{})
	if err := h.Own.AddToken(r.Context(), t, digest); err != nil {
		h.fail(w, r, err)
		return
	}
	h.showMe(w, r, http.StatusOK, "feed", h.URL+"/calendar/"+secret+".ics", "")
}

// makeToken makes a token for the API, and shows it once.
func (h *handler) makeToken(w http.ResponseWriter, r *http.Request) {
	who, _ := h.who(r)
	name := strings.TrimSpace(r.PostFormValue("name"))
	tokens, err := h.Own.Tokens(r.Context(), who.Person)
	taken := slices.ContainsFunc(tokens, func(t access.Token) bool { return t.Name == name })
	switch {
	case err != nil:
		h.fail(w, r, err)
	case name == "" || len(name) > maxName || taken:
		h.showMe(w, r, http.StatusConflict, "", "", say.Reader{}.Word("me.token.name"))
	default:
		days := map[string]int{"30": 30, "90": 90, "365": 365}[r.PostFormValue("days")]
		now, until := h.Clock(), time.Time{}
		if days > 0 {
			until = now.AddDate(0, 0, days)
		}
		t, secret, digest := access.NewToken(name, access.Self, who.Person, now, until)
		if err := h.Own.AddToken(r.Context(), t, digest); err != nil {
			h.fail(w, r, err)
			return
		}
		h.showMe(w, r, http.StatusOK, "token", secret, "")
	}
}

const maxName = 60

func (h *handler) revokeToken(w http.ResponseWriter, r *http.Request) {
	who, _ := h.who(r)
	if _, err := h.Own.RevokeToken(r.Context(), who.Person, r.PostFormValue("name")); err != nil {
		h.fail(w, r, err)
		return
	}
	h.done(w, r, "/me", "revoked")
}

// download is all that is kept of the one who asks, as JSON.
func (h *handler) download(w http.ResponseWriter, r *http.Request) {
	who, _ := h.who(r)
	if err := onlyPersons(who); err != nil {
		h.fail(w, r, err)
		return
	}
	kept, err := h.Own.Kept(r.Context(), who.Person)
	if err != nil {
		h.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="holdfast-%s.json"`, who.Person))
	if err := json.NewEncoder(w).Encode(wire.KeptOf(kept, say.Reader{}.KeptTable)); err != nil {
		h.Log.Error().Err(err).Msg("a download broke off")
	}
}

// onlyPersons is see.ErrNotIn of who is nobody of the roster.
func onlyPersons(who act.Actor) error {
	if who.Person == "" {
		return see.ErrNotIn
	}
	return nil
}
