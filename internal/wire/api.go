package wire

// The types of this file are of the API alone. Their tags say beside the names what the API's description does.

// PairState is how a pair stands, for who may know no more of it.
type PairState struct {
	Pair  string `json:"pair"`
	State string `json:"state"`
}

// OneOnOne is a pair as its two see it.
type OneOnOne struct {
	Status
	Place  *string    `json:"place"`
	Coming []Coming   `json:"coming" nullable:"false" doc:"The next ten weeks that have a meeting booked."`
	Open   []OpenFlag `json:"open" nullable:"false" doc:"What is different from how it was put."`
	Held   []Held     `json:"held" nullable:"false" doc:"What waits for a person to decide."`
	May    []string   `json:"may" nullable:"false" doc:"What the token's owner may do that is about no flag."`
}

// Coming is a meeting to come, or a week without.
type Coming struct {
	Occurrence string  `json:"occurrence" format:"date" doc:"The booked day, which names the meeting."`
	Booked     string  `json:"booked" format:"date-time"`
	Start      *string `json:"start" format:"date-time" doc:"When it takes place; null: it does not."`
	MadeUp     bool    `json:"made_up" doc:"It stands where it was made up for."`
	Skip       *string `json:"skip" doc:"Why it is left out by plan: leave, holiday, out of office."`
}

// OpenFlag is an open flag as one of the two sees it.
type OpenFlag struct {
	Flag
	Digest       string   `json:"digest" doc:"Of what it says: an act that names it is done only while it says that."`
	Acknowledged bool     `json:"acknowledged" doc:"By the token's owner."`
	May          []string `json:"may" nullable:"false" doc:"What the token's owner may do about it."`
}

// Shown is a flag as somebody saw it when they decided.
type Shown struct {
	Flag   string `json:"flag" minLength:"1" doc:"Its id."`
	Digest string `json:"digest" minLength:"1"`
}

// Ask asks for something about a pair.
type Ask struct {
	Shown *Shown `json:"shown,omitempty" doc:"Do it only if this flag is open and still says this."`
}

// AskAccept asks for the slot to be taken that the calendar has, or that is proposed.
type AskAccept struct {
	Ask
	Manager bool `json:"ask_manager,omitempty" doc:"Have the manager asked for it: what a report may do."`
}

// AskRestore asks for the series to be put back, or one meeting.
type AskRestore struct {
	AskAccept
	Occurrence string `json:"occurrence,omitempty" format:"date" doc:"Only the meeting that was booked for this day."`
}

// AskRebook asks for a meeting to be made up for.
type AskRebook struct {
	Ask
	Occurrence string `json:"occurrence" format:"date" doc:"The day that the meeting was booked for."`
	To         string `json:"to" format:"date-time" doc:"When it is to begin, in the same week."`
}

// Done is what a round did that a person asked for, about their pair.
type Done struct {
	Round
	Came string  `json:"came" enum:"done,nothing,held"`
	Why  *string `json:"why" doc:"Why nothing was done."`
}

// Planned is what is left to be done, with nothing of how two people meet.
type Planned struct {
	Held   []HeldChange   `json:"held" nullable:"false" doc:"What limits hold, to be allowed."`
	Waits  []Waits        `json:"waits" nullable:"false" doc:"What waits for no admin."`
	Counts map[string]int `json:"counts" doc:"How many, by action."`
	Mails  int            `json:"mails" doc:"What all of it would cause."`
}

// HeldChange is a change that waits to be allowed.
type HeldChange struct {
	ID      string  `json:"id"`
	Digest  string  `json:"digest" doc:"Of the change: what allowing it is conditional on."`
	Pair    string  `json:"pair"`
	Action  string  `json:"action"`
	Mails   int     `json:"mails"`
	Because *string `json:"because"`
	Stuck   bool    `json:"stuck" doc:"It failed too often to be tried again by itself."`
}

// Waits is a change that waits for no admin.
type Waits struct {
	Pair   string `json:"pair"`
	Action string `json:"action"`
	Settle bool   `json:"settle" doc:"Until the roster has stood for a while; else one of the two has to decide."`
}

// Seen is a flag as it was seen.
type Seen struct {
	Digest string `json:"digest,omitempty" doc:"Note it only if the flag still says this."`
}

// AskAllow asks for changes to be let through.
type AskAllow struct {
	Changes map[string]string `json:"changes" minProperties:"1" maxProperties:"1000" doc:"Digests by id of GET plan."`
}

// Allowed are changes that are let through when the next round makes them.
type Allowed struct {
	Allowed []string `json:"allowed" nullable:"false" doc:"Their ids."`
	Until   string   `json:"until" format:"date-time"`
}

// Me is what a person sees of themselves.
type Me struct {
	ID       string  `json:"id"`
	Name     string  `json:"name"`
	Email    string  `json:"email"`
	Zone     string  `json:"zone"`
	Calendar *string `json:"calendar" doc:"The settings' name of it; null where Holdfast reaches none."`
	Read     *string `json:"read" format:"date-time" doc:"When it was last read."`
	Stale    *string `json:"stale" doc:"Why it cannot be read."`
	Away     []Away  `json:"away" nullable:"false"`
	Week     Week    `json:"week"`
}

// Away is leave or a holiday.
type Away struct {
	From string `json:"from" format:"date"`
	To   string `json:"to" format:"date" doc:"The last day."`
	Why  string `json:"why"`
}

// Changed is that something about a pair changed: to be read anew.
type Changed struct {
	Pair string `json:"pair"`
}

// Rounded is that there was a round.
type Rounded struct{}
