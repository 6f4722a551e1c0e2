package store

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/google/go-cmp/cmp"

	"holdfast/internal/access"
	"holdfast/internal/notify"
	"holdfast/internal/series"
)

var _ scs.CtxStore = (*Sessions)(nil)

// moving opens a file by a clock that can be set.
func moving(t *testing.T) (s *Store, now *time.Time) {
	now = new(time.Time)
	*now = noon
	s, err := Open(t.Context(), "sqlite:"+file(t), func() time.Time { return *now }, Options{})
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	return s, now
}

// writes is 0 where nothing was written to the file while f ran.
func writes(t *testing.T, s *Store, f func()) int {
	t.Helper()
	other, err := OpenDB(s.path)
	must(t, err)
	defer other.Close()
	other.SetMaxOpenConns(1)
	version := func() (n int) { // as one connection sees it: it changes with every commit of another
		must(t, other.QueryRow(`PRAGMA data_version`).Scan(&n))
		return n
	}
	before := version()
	f()
	return version() - before
}

func TestTokens(t *testing.T) {
	s, now := moving(t)
	ctx := t.Context()
	add := func(name string, role access.Role, person string, expires time.Time) (access.Token, string, error) {
		token, _, digest := access.NewToken(name, role, person, *now, expires)
		return token, digest, s.AddToken(ctx, token, digest)
	}
	laptop, digest, err := add("laptop", access.Self, "mia", noon.Add(time.Hour))
	must(t, err)
	if _, _, err := add("laptop", access.Self, "mia", time.Time{}); !errors.Is(err, ErrTaken) {
		t.Errorf("the same name: %v", err)
	}
	for _, of := range []string{"raj", ""} {
		_, _, err := add("laptop", access.Self, of, time.Time{})
		must(t, err)
	}
	first, firstDigest, err := add("", access.Feed, "mia", time.Time{})
	must(t, err)
	feed, feedDigest, err := add("", access.Feed, "mia", time.Time{})
	must(t, err)
	if _, ok, err := s.Token(ctx, firstDigest); ok || err != nil {
		t.Errorf("%s is still good: %v", first.ID, err)
	}
	if got, ok, err := s.Token(ctx, feedDigest); !ok || err != nil || got != feed {
		t.Errorf("%+v, %v", got, err)
	}
	if n := writes(t, s, func() { must(t, s.UseToken(ctx, laptop, "curl")) }); n == 0 {
		t.Error("its use is not written down")
	}
	got, ok, err := s.Token(ctx, digest)
	want := laptop
	want.Used, want.UsedBy = noon, "curl"
	if d := cmp.Diff(want, got); err != nil || !ok || d != "" {
		t.Error(err, d)
	}
	if n := writes(t, s, func() { must(t, s.UseToken(ctx, got, "curl")) }); n != 0 {
		t.Error("its use is written down each time")
	}
	must(t, s.UseToken(ctx, got, "wget"))
	*now = noon.Add(time.Hour)
	if _, ok, err := s.Token(ctx, digest); ok || err != nil {
		t.Errorf("after it expired: %v", err)
	}
	if all, err := s.Tokens(ctx, "mia"); err != nil || len(all) != 2 || all[1].UsedBy+all[0].UsedBy != "wget" {
		t.Errorf("%+v, %v", all, err)
	}
	for _, want := range []bool{true, false} {
		if was, err := s.RevokeToken(ctx, "mia", "laptop"); was != want || err != nil {
			t.Errorf("revoked: %v, %v", was, err)
		}
	}
	if all, err := s.Tokens(ctx, "raj"); err != nil || len(all) != 1 {
		t.Errorf("Raj's: %+v, %v", all, err)
	}
}

// Three links an hour are mailed to a person, and each ends the one before; those from the shell are apart.
func TestSignInLinks(t *testing.T) {
	s, now := moving(t)
	ctx := t.Context()
	ask := func(ask string) (x access.SignIn, ok bool) {
		x, _, _ = access.NewSignIn("mia", ask, *now)
		ok, err := s.AskSignIn(ctx, x)
		must(t, err)
		return x, ok
	}
	good := func(x access.SignIn) bool {
		_, ok, err := s.SignIn(ctx, x.Digest)
		must(t, err)
		return ok
	}
	shell, _ := ask("")
	var last access.SignIn
	for i := range access.MailsAnHour {
		was := last
		var ok bool
		if last, ok = ask(fmt.Sprint("browser", i)); !ok || !good(last) || good(was) {
			t.Fatalf("mail %d: %v", i, ok)
		}
		*now = now.Add(time.Minute)
	}
	if x, ok := ask("browser"); ok || good(x) || !good(last) {
		t.Error("a fourth one within the hour")
	}
	if !good(shell) {
		t.Error("mail ended the one from the shell")
	}
	if _, ok := ask(""); !ok || good(shell) {
		t.Error("another from the shell")
	}
	// Of many at once only one is signed in.
	var all sync.WaitGroup
	var mu sync.Mutex
	used := 0
	for range 8 {
		all.Go(func() {
			x, ok, err := s.UseSignIn(ctx, last.Digest)
			mu.Lock()
			defer mu.Unlock()
			if err != nil || ok && x.Person != "mia" {
				t.Errorf("%+v, %v", x, err)
			}
			if ok {
				used++
			}
		})
	}
	all.Wait()
	if used != 1 {
		t.Errorf("used %d times", used)
	}
	*now = noon.Add(time.Hour)
	if x, ok := ask("browser"); !ok || !good(x) {
		t.Error("an hour later there is one again")
	}
	*now = now.Add(access.SignInLifetime)
	_, err := s.Prune(ctx)
	must(t, err)
	var left int
	must(t, s.db.QueryRow(`SELECT count(*) FROM sign_ins`).Scan(&left))
	if left != 0 {
		t.Errorf("%d links are kept though they are over", left)
	}
}

// Ten thousand guesses, from as many browsers as one likes: only those of the browser that asked count, and five.
func TestTenThousandGuesses(t *testing.T) {
	s, _ := moving(t)
	ctx := t.Context()
	x, _, code := access.NewSignIn("mia", "hfa_mine", noon)
	ok, err := s.AskSignIn(ctx, x)
	if must(t, err); !ok {
		t.Fatal("no link")
	}
	for i := range 9_990 {
		other := fmt.Sprint("hfa_", i)
		if _, ok, err := s.GuessCode(ctx, access.Digest(other), access.CodeDigest(code, other)); ok || err != nil {
			t.Fatalf("guess %d: %v, %v", i, ok, err)
		}
	}
	mine := func(code string) bool {
		_, ok, err := s.GuessCode(ctx, access.Digest("hfa_mine"), access.CodeDigest(code, "hfa_mine"))
		must(t, err)
		return ok
	}
	for i := range 10 {
		if mine(access.NewCode()) {
			t.Fatalf("guess %d", i)
		}
	}
	if mine(code) {
		t.Error("the right one after ten wrong ones")
	}
	if _, ok, err := s.SignIn(ctx, x.Digest); ok || err != nil {
		t.Errorf("the link is still good: %v", err)
	}
	if _, ok, err := s.GuessCode(ctx, "", ""); ok || err != nil {
		t.Errorf("no browser: %v, %v", ok, err)
	}
}

// Of many accounts that claim to be one person at once, one is bound.
func TestOneAccountIsBound(t *testing.T) {
	s, now := moving(t)
	claim := func(subject string) access.Claim {
		return access.Claim{Issuer: "i", Subject: subject, Address: "mia@example.com", Trusted: true}
	}
	var all sync.WaitGroup
	var mu sync.Mutex
	bound, subject := 0, ""
	for i := range 8 {
		all.Go(func() {
			b, err := s.Bind(t.Context(), claim(fmt.Sprint(i)), everybody)
			mu.Lock()
			defer mu.Unlock()
			if refused := (*access.Refused)(nil); err == nil {
				bound, subject = bound+1, b.Subject
			} else if !errors.As(err, &refused) || refused.Reason != access.AnotherAccount {
				t.Errorf("%d: %v", i, err)
			}
		})
	}
	all.Wait()
	if bound != 1 {
		t.Errorf("%d were bound", bound)
	}
	*now = noon.Add(time.Hour)
	if n := writes(t, s, func() {
		if b, err := s.Bind(t.Context(), claim(subject), everybody); err != nil || !b.At.Equal(noon) {
			t.Errorf("%+v, %v", b, err)
		}
	}); n != 0 {
		t.Error("who is bound is bound again")
	}
	if n, err := s.Unbind(t.Context(), "mia"); n != 1 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if _, err := s.Bind(t.Context(), claim("other"), everybody); err != nil {
		t.Error(err)
	}
}

func TestSessions(t *testing.T) {
	s, now := moving(t)
	ctx := t.Context()
	x := s.Sessions(func(data []byte) string { return string(data) })
	commit := func(token, data string, in time.Duration) int {
		return writes(t, s, func() { must(t, x.CommitCtx(ctx, token, []byte(data), now.Add(in))) })
	}
	found := func(token string) string {
		data, ok, err := x.FindCtx(ctx, token)
		if must(t, err); ok != (data != nil) {
			t.Errorf("%s: %q, %v", token, data, ok)
		}
		return string(data)
	}
	for token, person := range map[string]string{"a": "mia", "b": "mia", "c": "raj"} {
		if commit(token, person, time.Hour) == 0 || found(token) != person {
			t.Errorf("%s is not kept", token)
		}
	}
	if commit("a", "mia", time.Hour) != 0 || commit("a", "mia", time.Hour+extendEvery) != 0 {
		t.Error("what says the same is written")
	}
	if commit("a", "mia", 2*time.Hour) == 0 || commit("a", "", 2*time.Hour) == 0 || commit("a", "mia", 2*time.Hour) == 0 {
		t.Error("what says something else is not written")
	}
	if commit("a", "mia", time.Hour) == 0 {
		t.Error("an earlier end is not written")
	}
	cells(t, s, func(table, column, value string) {
		if table == "sessions" && (value == "a" || value == "b" || value == "c") {
			t.Errorf("%s has a token", column)
		}
	})
	must(t, x.DeleteCtx(ctx, "b"))
	if n, err := s.EndSessions(ctx, "mia"); n != 1 || err != nil || found("a")+found("b")+found("c") != "raj" {
		t.Errorf("ended %d, %v; a %q b %q c %q", n, err, found("a"), found("b"), found("c"))
	}
	*now = now.Add(time.Hour)
	if found("c") != "" {
		t.Error("it has expired")
	}
	if n, err := s.Prune(ctx); n != 1 || err != nil {
		t.Errorf("removed %d, %v", n, err)
	}
}

func TestVisits(t *testing.T) {
	s, now := moving(t)
	ctx := t.Context()
	visit := func(who string, from access.From, what access.What, pairs ...series.Pair) int {
		return writes(t, s, func() {
			must(t, s.Visit(ctx, access.Visit{At: *now, Who: who, From: from, What: what}, pairs...))
		})
	}
	revision := func() (n int) {
		must(t, s.db.QueryRow(`SELECT n FROM revision`).Scan(&n))
		return n
	}
	before := revision()
	if visit("raj", access.FromPage, access.ThePair, mia) == 0 || visit("raj", access.FromPage, access.ThePair, mia) != 0 {
		t.Error("a look within the hour is a line of its own")
	}
	for _, n := range []int{
		visit("mia", access.FromPage, access.ThePair, mia),
		visit("raj", access.FromAPI, access.ThePair, mia),
		visit("raj", access.FromPage, access.TheRecord, mia),
		visit("raj", access.FromPage, access.ThePair, mia, lee),
	} {
		if n == 0 {
			t.Error("another look is not entered")
		}
	}
	*now = noon.Add(access.VisitEvery)
	if visit("raj", access.FromPage, access.ThePair, mia) == 0 {
		t.Error("an hour later it is not entered")
	}
	*now = noon // a clock that is set back
	if visit("raj", access.FromPage, access.ThePair, mia) != 0 {
		t.Error("it was entered before")
	}
	if revision() != before {
		t.Error("a look has rounds read all anew")
	}
	all, err := s.Visits(ctx, mia, 2)
	must(t, err)
	if d := cmp.Diff([]access.Visit{
		{At: noon.Add(time.Hour), Who: "raj", From: access.FromPage, Pair: mia, What: access.ThePair},
		{At: noon, Who: "raj", From: access.FromPage, Pair: mia, What: access.TheRecord},
	}, all); d != "" {
		t.Error(d)
	}
	if all, err := s.Visits(ctx, mia, 9); err != nil || len(all) != 5 {
		t.Errorf("%v, %v", all, err)
	}
	*now = noon.AddDate(0, 0, 731)
	if n, err := s.Prune(ctx); err != nil || n != 6 {
		t.Errorf("removed %d, %v", n, err)
	}
}

// What a link in a message stops and what a person chooses on their page is one thing.
func TestWishes(t *testing.T) {
	s, ctx := open(t, file(t), noon), t.Context()
	no, yes := false, true
	is := func(want access.Wishes) {
		t.Helper()
		got, err := s.Wishes(ctx, "mia")
		must(t, err)
		facts, err := s.Facts(ctx, "mia", noon)
		must(t, err)
		if d := cmp.Diff(want, got) + cmp.Diff(want, facts.Wishes); d != "" {
			t.Error(d)
		}
	}
	is(access.Wishes{})
	must(t, s.Stop(ctx, "mia", notify.Digest, true, noon))
	is(access.Wishes{Digest: &no})
	for _, w := range []access.Wishes{
		{Channels: []string{}, Prepare: &yes},
		{Channels: []string{"slack", "mail"}, Digest: &yes, Prepare: &no},
		{Digest: &no},
	} {
		must(t, s.SetWishes(ctx, "mia", w))
		is(w)
	}
	must(t, s.Stop(ctx, "mia", notify.Digest, false, noon))
	is(access.Wishes{Digest: &yes})
	if err := s.Stop(ctx, "mia", notify.News, true, noon); err == nil {
		t.Error("what is told unasked cannot be stopped")
	}
	is(access.Wishes{Digest: &yes})
}
