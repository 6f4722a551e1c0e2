package say

// FeedName is what the calendar of a person's 1:1s is called by who subscribes to it.
func (r Reader) FeedName(person string) string { return r.say("feed.name", facts{Other: person}) }
