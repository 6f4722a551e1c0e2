package wire

import "holdfast/internal/access"

// Token is what lets a program in, without its secret.
type Token struct {
	ID      string  `json:"id"`
	Name    string  `json:"name"`
	Role    string  `json:"role"` // "self", "operate", "feed"
	Made    *string `json:"made"`
	Expires *string `json:"expires"` // null: never
	Used    *string `json:"used"`    // to the hour; null: never
	UsedBy  *string `json:"used_by"`
}

// NewToken is a token with its secret, which is told once.
type NewToken struct {
	Token
	Secret string `json:"token"`
}

// Revoked is a token that lets nobody in any more.
type Revoked struct {
	Name  string `json:"name"`
	State string `json:"state"` // "revoked"
}

// TokenOf is the token as JSON.
func TokenOf(t access.Token) Token {
	return Token{
		ID:      t.ID,
		Name:    t.Name,
		Role:    string(t.Role),
		Made:    Time(t.Made),
		Expires: Time(t.Expires),
		Used:    Time(t.Used),
		UsedBy:  Null(t.UsedBy),
	}
}

// Kept is all that is kept of a person.
type Kept struct {
	Person string      `json:"person"`
	At     *string     `json:"at"`
	Tables []KeptTable `json:"tables"`
}

// KeptTable is what a table has of a person: in each row the values by column, as text.
type KeptTable struct {
	Name  string              `json:"name"`
	Title string              `json:"title"`
	Why   string              `json:"why"`
	Rows  []map[string]string `json:"rows"`
}

// KeptOf is all of it as JSON; words are what a table is called, and what it is there for.
func KeptOf(k access.Kept, words func(table string) (title, why string)) Kept {
	return Kept{k.Person, Time(k.At), List(k.Tables, func(t access.Table) KeptTable {
		title, why := words(t.Name)
		return KeptTable{t.Name, title, why, List(t.Rows, func(row []string) map[string]string {
			out := map[string]string{}
			for i, column := range t.Columns {
				out[column] = row[i]
			}
			return out
		})}
	})}
}

// Forgotten is what became of all that was kept of a person.
type Forgotten struct {
	Person string         `json:"person"`
	Former string         `json:"former"` // what the record of the others calls them now
	Gone   map[string]int `json:"gone"`   // rows by table
	Stay   map[string]int `json:"stay"`
	Named  []string       `json:"named"` // in whose calendars an address still stands
}

// ForgottenOf is it as JSON.
func ForgottenOf(f access.Forgotten) Forgotten {
	counts := func(all []access.Count) map[string]int {
		out := map[string]int{}
		for _, c := range all {
			out[c.Table] += c.Rows
		}
		return out
	}
	return Forgotten{f.Person, f.Former, counts(f.Gone), counts(f.Stay), append([]string{}, f.Named...)}
}
