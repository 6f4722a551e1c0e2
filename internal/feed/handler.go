package feed

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"holdfast/internal/access"
	"holdfast/internal/clock"
	"holdfast/internal/ical"
	"holdfast/internal/reconcile"
	"holdfast/internal/say"
	"holdfast/internal/series"
)

// Path is below which the addresses of feeds are: Path, the token, Suffix.
const (
	Path   = "/calendar/"
	Suffix = ".ics"
)

// Journal is what a feed is made of.
type Journal interface {
	// Shared is what the last round left of the person's 1:1s: how they stand, and the calendars of those who have them,
	// by person, where there are any.
	Shared(ctx context.Context, person string) ([]reconcile.StatusRow, map[string]series.Snapshot, error)
	// Stamps are when what is said under each UID, digests by UID, last changed; where that is now, it is noted.
	Stamps(ctx context.Context, says map[string]string, now time.Time) (map[string]ical.Stamp, error)
}

// Tokens are those that were made and not taken back.
type Tokens interface {
	// Token is the one of that digest; ok is false where there is none that is good now.
	Token(ctx context.Context, digest string) (t access.Token, ok bool, err error)
	// UseToken notes that the program used it just now, at most once an hour.
	UseToken(ctx context.Context, t access.Token, program string) error
}

// Options are what a handler needs.
type Options struct {
	Journal Journal
	Tokens  Tokens
	Person  func(id string) (series.Person, bool) // somebody of the last good roster
	Clock   clock.Clock
	Log     zerolog.Logger
}

// Mount has mux answer at the addresses of feeds, and tell robots that they may fetch these and nothing else: Google's
// calendar asks. The answers need no header, nor do they depend on any but If-None-Match, and are never compressed.
func Mount(mux *http.ServeMux, o Options) {
	mux.HandleFunc("GET "+Path+"{file}", o.serve)
	mux.HandleFunc("GET /robots.txt", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write([]byte("User-agent: *\nAllow: " + Path + "\nDisallow: /\n"))
	})
}

func (o Options) serve(w http.ResponseWriter, r *http.Request) {
	token, ok := strings.CutSuffix(r.PathValue("file"), Suffix)
	if !ok || !strings.HasPrefix(token, access.PrefixFeed) {
		fail(w, http.StatusNotFound)
		return
	}
	ctx, now := r.Context(), o.Clock()
	t, ok, err := o.Tokens.Token(ctx, access.Digest(token))
	switch p, in := o.Person(t.Person); {
	case err != nil:
		o.broken(w, err)
	case !ok || t.Role != access.Feed:
		fail(w, http.StatusNotFound)
	case !in:
		fail(w, http.StatusGone)
	default:
		body, err := o.text(ctx, p, now)
		if err != nil {
			o.broken(w, err)
			return
		}
		if err := o.Tokens.UseToken(ctx, t, access.Program(r.UserAgent())); err != nil {
			o.Log.Warn().Err(err).Str("person", p.ID).Msg("when a feed was last fetched is not noted")
		}
		h := w.Header()
		h.Set("Content-Type", "text/calendar; charset=utf-8")
		h.Set("Cache-Control", "private, no-cache, no-transform")
		h.Set("ETag", `"`+digest(string(body))+`"`)
		// Without a time: what a pair takes with it when it is no more has none.
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
	}
}

// text is the person's calendar.
func (o Options) text(ctx context.Context, p series.Person, now time.Time) ([]byte, error) {
	rows, calendars, err := o.Journal.Shared(ctx, p.ID)
	if err != nil {
		return nil, err
	}
	var entries []ical.Entry
	var uids []string
	says := map[string]string{}
	for i := range rows {
		for _, e := range events(&rows[i], calendars) {
			entry := ical.EntryOf(e)
			entries, uids = append(entries, entry), append(uids, e.UID)
			says[e.UID] = entry.Digest()
		}
	}
	of, err := o.Journal.Stamps(ctx, says, now)
	if err != nil {
		return nil, err
	}
	stamps := make([]ical.Stamp, len(uids))
	for i, uid := range uids {
		stamps[i] = of[uid]
	}
	return ical.Feed(say.Reader{}.FeedName(p.Name), entries, stamps, now), nil
}

// broken says that the calendar cannot be had now; what it was is for the log. Subscribers keep what they have.
func (o Options) broken(w http.ResponseWriter, err error) {
	o.Log.Error().Err(err).Msg("a feed cannot be made")
	w.Header().Set("Retry-After", "300")
	fail(w, http.StatusServiceUnavailable)
}

func fail(w http.ResponseWriter, status int) { http.Error(w, http.StatusText(status), status) }
