package access

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var noon = time.Date(2026, time.December, 1, 12, 0, 0, 0, time.UTC)

func TestSecrets(t *testing.T) {
	seen := map[string]bool{}
	for _, role := range []Role{Self, Operate, Feed} {
		token, secret, digest := NewToken("laptop", role, "mia", noon, noon.Add(time.Hour))
		if !strings.HasPrefix(secret, role.Prefix()) || len(secret) != 56 || Digest(secret) != digest || seen[secret] {
			t.Errorf("%s: %s, %s", role, secret, digest)
		}
		seen[secret] = true
		if !token.Good(noon) || token.Good(noon.Add(time.Hour)) || !strings.HasPrefix(digest, token.ID) {
			t.Errorf("%+v", token)
		}
	}
	if len(seen) != 3 {
		t.Errorf("%v", seen)
	}
}

func TestProgram(t *testing.T) {
	for agent, want := range map[string]string{
		"":                                 "",
		"curl/8.5.0":                       "curl",
		"Google-Calendar-Importer":         "Google-Calendar-Importer",
		"Mozilla/5.0 (X11; Linux)":         "Mozilla",
		strings.Repeat("é", 30) + "/1":     strings.Repeat("é", 20),
		"x" + strings.Repeat("é", 30) + "": "x" + strings.Repeat("é", 19),
	} {
		if got := Program(agent); got != want {
			t.Errorf("%q: %q, want %q", agent, got, want)
		}
	}
}

// However many codes somebody tries, and in whatever spelling: five wrong ones end the link, and the right one goes
// through once, from the browser that asked.
func TestGuess(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x, _, code := NewSignIn("mia", "hfa_mine", noon)
		spell := func(code string) string {
			spelt := strings.ToLower(code[:4]) + rapid.SampledFrom([]string{"", "-", " "}).Draw(t, "between") + code[4:]
			return spelt + rapid.SampledFrom([]string{"", "\n"}).Draw(t, "after")
		}
		wrong := 0
		for range rapid.IntRange(1, 12).Draw(t, "guesses") {
			typed, ask, now, right := NewCode(), "hfa_mine", noon, false
			switch rapid.SampledFrom([]string{"wrong", "wrong", "right", "elsewhere", "late"}).Draw(t, "guess") {
			case "right":
				typed, right = spell(code), true
			case "elsewhere":
				typed, ask = code, "hfa_other"
			case "late":
				typed, now = code, noon.Add(SignInLifetime)
			}
			is := x.Good(now) && right
			if x.Good(now) && !is {
				wrong++
			}
			var ok bool
			if x, ok = x.Guess(CodeDigest(typed, ask), now); ok != is {
				t.Fatalf("%q from %s: %v", typed, ask, ok)
			}
			if good := wrong < WrongCodes && !ok && !x.Over; x.Good(noon) != good {
				t.Fatalf("after %d wrong codes: %+v", wrong, x)
			}
		}
	})
}

func TestLinkFromTheShellHasNoCode(t *testing.T) {
	x, secret, code := NewSignIn("mia", "", noon)
	if code != "" || Digest(secret) != x.Digest || !x.Good(noon) {
		t.Errorf("%+v", x)
	}
	for _, guess := range []string{"", CodeDigest("", "")} {
		if _, ok := x.Guess(guess, noon); ok {
			t.Errorf("%q signs in", guess)
		}
	}
}

func TestCodesAreEven(t *testing.T) {
	count := map[rune]int{}
	for range 4000 {
		for _, r := range NewCode() {
			count[r]++
		}
	}
	for _, r := range codeLetters { // 1000 of each, give or take seven times its spread
		if n := count[r]; n < 780 || n > 1220 {
			t.Errorf("%c: %d", r, n)
		}
	}
	if len(count) != len(codeLetters) {
		t.Errorf("%v", count)
	}
}

func TestBind(t *testing.T) {
	const issuer = "https://id.example.com/"
	bound := func(subject, person, address string) Binding {
		return Binding{issuer, subject, person, address, noon.AddDate(0, -1, 0)}
	}
	roster := Roster{
		Address: func(person string) string {
			return map[string]string{"mia": "mia@example.com", "raj": "raj@example.com"}[person]
		},
		Person: func(address string) string {
			return map[string]string{"mia@example.com": "mia", "raj@example.com": "raj"}[strings.ToLower(address)]
		},
	}
	mias := bound("1", "mia", "mia@example.com")
	for _, c := range []struct {
		name    string
		subject string
		address string
		trusted bool
		have    []Binding
		person  string
		is      Reason // "old": as it was bound; "new": it is bound anew
	}{
		{"first time", "1", "Mia@example.com", true, nil, "mia", "new"},
		{"nobody vouches for the address", "1", "mia@example.com", false, nil, "", Untrusted},
		{"an address of nobody", "1", "eve@example.com", true, nil, "", Unknown},
		{"no address", "1", "", true, nil, "", Unknown},
		{"as it is bound", "1", "mia@example.com", false, []Binding{mias}, "mia", "old"},
		{"bound, and changed the address at the issuer", "1", "raj@example.com", true, []Binding{mias}, "mia", "old"},
		{"another account with the address", "2", "mia@example.com", true, []Binding{mias}, "", AnotherAccount},
		{"who left had the account", "1", "mia@example.com", true,
			[]Binding{bound("1", "zoe", "zoe@example.com")}, "mia", "new"},
		{"the roster has another address", "1", "m@example.com", true, []Binding{bound("1", "mia", "m@example.com")}, "",
			ChangedAddress},
		{"the roster and the issuer have another address", "1", "mia@example.com", true,
			[]Binding{bound("1", "mia", "m@example.com")}, "mia", "new"},
		{"the same, with nobody to vouch for it", "1", "mia@example.com", false,
			[]Binding{bound("1", "mia", "m@example.com")}, "", Untrusted},
		{"a new account for a new address", "2", "mia@example.com", true,
			[]Binding{bound("1", "mia", "m@example.com")}, "mia", "new"},
		{"one account, the address of another who is bound", "2", "mia@example.com", true,
			[]Binding{bound("2", "raj", "r@example.com"), mias}, "", ChangedAddress},
		{"bound at another issuer", "1", "mia@example.com", true,
			[]Binding{{"https://else.example.com", "1", "mia", "mia@example.com", noon}}, "mia", "new"},
	} {
		orders := [][]Binding{c.have}
		if len(c.have) > 1 {
			orders = append(orders, []Binding{c.have[1], c.have[0]})
		}
		for _, have := range orders {
			claim := Claim{Issuer: issuer, Subject: c.subject, Address: c.address, Trusted: c.trusted}
			b, err := claim.Bind(have, roster, noon)
			is := Reason("old")
			if refused := (*Refused)(nil); errors.As(err, &refused) {
				is = refused.Reason
			} else if b.At.Equal(noon) {
				is = "new"
			} else if !slices.Contains(have, b) {
				t.Errorf("%s: %+v", c.name, b)
			}
			if is != c.is && !(c.is == ChangedAddress && is == AnotherAccount) || b.Person != c.person {
				t.Errorf("%s: %s for %q, want %s for %q", c.name, is, cmp.Or(b.Person, "nobody"), c.is, c.person)
			}
			if is == "new" && (b.Subject != c.subject || b.Address != roster.Address(b.Person) || b.Issuer != issuer) {
				t.Errorf("%s: %+v", c.name, b)
			}
		}
	}
}

func TestFormer(t *testing.T) {
	id := NewFormer()
	if !IsFormer(id) || id == NewFormer() {
		t.Error(id)
	}
	for _, id := range []string{"former-boss", "former-1a2b", "raj", ""} {
		if IsFormer(id) {
			t.Error(id)
		}
	}
}
