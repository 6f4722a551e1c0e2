package say

// API is what the API's description begins with.
func (r Reader) API() string { return r.say("api", facts{}) }

// NotAnswered is why the API does not do what it is asked for: reason is one of package act's, or of the API's own.
func (r Reader) NotAnswered(reason string) string { return r.say("api."+reason, facts{}) }
