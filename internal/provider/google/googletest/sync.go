package googletest

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
)

// cursor is what page and sync tokens carry. Both are opaque, and bound to the query they were given for.
type cursor struct {
	Kind     string // page or sync
	Calendar string
	Query    string // digest of the parameters
	Epoch    int
	Start    int64 // the calendar's count when the listing began: where the next sync goes on
	Num      int64 // of a page: the last row looked at
	Key      string
	Offset   int // of an ordered listing
	Given    time.Time
	From, To string // window of the first sync
}

// sealed is v as an opaque token.
func (s *Server) sealed(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // plain values only
	}
	sum := sha256.Sum256(append(b, "seal"...))
	return base64.RawURLEncoding.EncodeToString(append(sum[:6], b...))
}

func unseal(token string, v any) bool {
	b, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(token, "="))
	if err != nil || len(b) < 6 {
		return false
	}
	sum := sha256.Sum256(append(slices.Clone(b[6:]), "seal"...))
	return string(sum[:6]) == string(b[:6]) && json.Unmarshal(b[6:], v) == nil
}

// notWithSync are the parameters that may not stand beside a sync token.
var notWithSync = []string{"iCalUID", "orderBy", "privateExtendedProperty", "q", "sharedExtendedProperty", "timeMin", "timeMax", "updatedMin"}

// digest is that of the parameters which a token is bound to; those of the window bind pages only.
func digest(q url.Values, except ...string) string {
	text := ""
	for _, k := range sorted(q) {
		if !slices.Contains(append(except, "pageToken", "syncToken", "fields", "alt", "prettyPrint", "quotaUser", "key"), k) && q.Get(k) != "false" {
			v := slices.Sorted(slices.Values(q[k]))
			text += fmt.Sprint(k, v, ";")
		}
	}
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:8])
}

// pageOf reads the page token: nil for a first page.
func (s *Server) pageOf(q *query, r *request) (*cursor, *problem) {
	token := r.query.Get("pageToken")
	if token == "" {
		return nil, nil
	}
	var c cursor
	if !unseal(token, &c) || c.Kind != "page" || c.Calendar != q.name() || c.Query != digest(r.query)+r.query.Get("syncToken") {
		return nil, invalid("pageToken")
	}
	return &c, nil
}

func (q *query) name() string {
	if q.instancesOf != nil {
		return q.cal.id + "/" + q.instancesOf.id + "/" + q.original
	}
	return q.cal.id
}

// resume makes q go on from a sync token.
func (s *Server) resume(q *query, r *request, token string) *problem {
	for _, k := range notWithSync {
		if r.query.Has(k) {
			return bad("invalid", "Sync token cannot be combined with "+k+".")
		}
	}
	if r.query.Get("showDeleted") == "false" {
		return bad("invalid", "Sync token cannot be combined with showDeleted=false.")
	}
	var c cursor
	if !unseal(token, &c) || c.Kind != "sync" || c.Calendar != q.cal.id || c.Query != digest(r.query) {
		return invalid("")
	}
	if c.Epoch != q.cal.epoch || s.now().Sub(c.Given) > s.opt.Behavior.TombstoneLife {
		return &problem{code: 410, domain: "calendar", reason: "fullSyncRequired", text: "Sync token is no longer valid, a full sync is required.",
			locationType: "parameter", location: "syncToken"}
	}
	q.since, q.incremental = c.Start, true
	q.from, _ = time.Parse(time.RFC3339, c.From) // "" is no window
	q.to, _ = time.Parse(time.RFC3339, c.To)
	q.bare = !q.deleted
	return nil
}

// page is one page: at most so many rows are looked at, and those shown that match. What changes between two pages is
// told by the next sync, which goes on from where the first page began.
func (s *Server) page(q *query, r *request, at *cursor) any {
	start := q.cal.changes
	if at == nil {
		at = &cursor{Start: start}
	}
	rows := s.rows(q)
	look := q.max
	if n := s.opt.Behavior.PageRows; n > 0 {
		look = min(look, n)
	}
	i := at.Offset
	if q.order == "" {
		for i = 0; i < len(rows) && (rows[i].num < at.Num || rows[i].num == at.Num && rows[i].key <= at.Key && at.Num > 0); i++ {
		}
	}
	items := []any{}
	if r.empty {
		i = len(rows)
	}
	end := min(i+look, len(rows))
	for _, x := range rows[i:end] {
		if q.shows(x.o) {
			items = append(items, x.o.render(q.view))
		}
	}
	out := object{"kind": "calendar#events", "etag": fmt.Sprintf(`"p%d"`, q.cal.changes), "summary": q.cal.summary, "description": "", "timeZone": q.cal.zone,
		"accessRole": q.role, "updated": milli(s.updatedOf(q.cal)), "defaultReminders": []any{}, "items": items}
	if q.role == "owner" {
		out["defaultReminders"] = defaultReminders()
	}
	if end < len(rows) {
		next := cursor{Kind: "page", Calendar: q.name(), Query: digest(r.query) + r.query.Get("syncToken"), Start: at.Start,
			Num: rows[end-1].num, Key: rows[end-1].key, Offset: end}
		out["nextPageToken"] = s.sealed(next)
		return out
	}
	if q.order == "" && q.instancesOf == nil && !filtered(r.query) {
		out["nextSyncToken"] = s.sealed(cursor{Kind: "sync", Calendar: q.cal.id, Query: digest(r.query, notWithSync...), Epoch: q.cal.epoch,
			Start: at.Start, Given: s.now(), From: stampOf(q.from), To: stampOf(q.to)})
	}
	return out
}

func stampOf(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339)
}

// filtered: a listing with a constraint that cannot be kept up gives no token.
func filtered(q url.Values) bool {
	return slices.ContainsFunc([]string{"iCalUID", "privateExtendedProperty", "q", "sharedExtendedProperty", "updatedMin"}, q.Has)
}

func (s *Server) updatedOf(c *calendar) time.Time {
	last := time.UnixMicro(0)
	for _, e := range c.events {
		last = maxTime(last, e.updated)
	}
	return last
}
