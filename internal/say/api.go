package say

// Unanswered is why the API does not do what it is asked for, beside what acts refuse (NotDone).
type Unanswered string

// The reasons.
const (
	NoToken    Unanswered = "token"     // there is none, or it is no good
	OtherRole  Unanswered = "role"      // the token is for other things
	NoAddress  Unanswered = "address"   // there is nothing at the address
	NotShown   Unanswered = "not-yours" // there is no such pair or person, or it is another's
	NoValue    Unanswered = "value"     // a value cannot be read
	ManyOpen   Unanswered = "streams"   // the token has too many streams open
	NowSo      Unanswered = "now"       // how it is, where it is not as it was shown
	NotHeld    Unanswered = "not-held"  // a change is not held any more
	BrokenHere Unanswered = "broken"    // something failed here
)

// API is what the API's description begins with.
func (r Reader) API() string { return r.say("api", facts{}) }

// NotAnswered says why.
func (r Reader) NotAnswered(why Unanswered) string { return r.say("api."+string(why), facts{}) }
