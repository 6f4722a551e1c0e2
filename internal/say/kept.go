package say

// KeptTable is what a table of the journal is called to the person whom it has something of, and what it is there for;
// of one that has no words, its own name.
func (r Reader) KeptTable(table string) (title, purpose string) {
	if !r.catalogue().has("kept." + table) {
		return table, ""
	}
	return r.say("kept."+table, facts{}), r.say("kept."+table+".why", facts{})
}

// KeptColumn is what a column of those tables is called; of one that has no words, its own name.
func (r Reader) KeptColumn(column string) string {
	if name := "kept.column." + column; r.catalogue().has(name) {
		return r.say(name, facts{})
	}
	return column
}

// Former is what somebody is called who is forgotten.
func (r Reader) Former() string { return r.say("former", facts{}) }
