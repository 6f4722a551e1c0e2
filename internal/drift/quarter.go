package drift

// Group is what became of the weeks of a group's pairs in a quarter.
type Group struct {
	Head     string // id of who leads it; "": everybody
	Pairs    int
	Managers int
	Kept     int // weeks
	Late     int // kept later in the week, or made up for
	Lost     int // not kept
}

// Quarter is what may be shown of one that is over.
type Quarter struct {
	Groups []Group // by who leads them
	All    *Group  // everybody; nil: too few
	Hidden bool    // there are groups that are not shown
}
