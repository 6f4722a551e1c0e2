package provider

// Finding is one thing that a look at what the daemon will need has found.
type Finding struct {
	Check string // one or two words: "log in", "write", …
	OK    bool
	Text  string // for a person
	Hint  string // what to do next, "" for nothing
	// Note: it works, and is to be known all the same.
	Note bool
}
