package roster

import "holdfast/internal/yamlpos"

// File is the shape of one roster file, as it is written. The JSON Schema is made from it.
type File struct {
	// What every 1:1 is, unless its manager or report says otherwise. Given once in all files together.
	Defaults Defaults `yaml:"defaults"`
	// Everybody who is in a 1:1, by id: lower-case letters, digits, - and _.
	People yamlpos.Map[FilePerson] `yaml:"people"`
	// Who meets whom.
	OneOnOnes []Group `yaml:"one_on_ones"`
}

// Defaults are what holds for everybody who does not say otherwise.
type Defaults struct {
	Wishes
	Telling
	// Days off of everybody who states none: as at a person.
	Holidays Holidays `yaml:"holidays"`
}

// Holidays are days off as a roster file writes them: one text, or a list.
type Holidays []yamlpos.Text

// SetText takes one text.
func (h *Holidays) SetText(t yamlpos.Text) { *h = Holidays{t} }

// Wishes are what a 1:1 should be. They may stand in the defaults, beside a manager and beside a report; the nearest
// one counts.
type Wishes struct {
	// Weekday and time on the clock of the zone below; auto: Holdfast chooses.
	Slot yamlpos.Text `yaml:"slot" jsonschema:"pattern=^([Aa]uto|[A-Za-z]+ +[0-9:]+)$,example=Tue 10:00,default=auto"`
	// A multiple of 5m, at most 8h.
	Duration yamlpos.Text `yaml:"duration" jsonschema:"pattern=^[0-9hm]+$,example=60m,example=1h30m,default=60m"`
	Every    yamlpos.Text `yaml:"every" jsonschema:"enum=1w,enum=2w,enum=4w,default=1w"`
	// Whose clock anchors the slot: manager, report, or a zone by its IANA name.
	Zone yamlpos.Text `yaml:"zone" jsonschema:"example=manager,example=report,example=Europe/Berlin,default=manager"`
	// May use {manager.id}, {manager.name}, {manager.email} and the same of report.
	Title      yamlpos.Text `yaml:"title" jsonschema:"maxLength=1000,default=1:1 {manager.name} / {report.name}"`
	Visibility yamlpos.Text `yaml:"visibility" jsonschema:"enum=private,enum=public,default=private"`
	// Where; empty for none.
	Place yamlpos.Text `yaml:"place" jsonschema:"maxLength=1000"`
	// The pair's document: an https link, which may use the fields of title, or a template to copy; empty for none.
	PrepDoc PrepDoc `yaml:"prep_doc"`
	// No meeting before this day.
	Starts yamlpos.Text `yaml:"starts" jsonschema:"pattern=^([0-9]{4}-[0-9]{2}-[0-9]{2})?$,example=2026-12-01"`
	// Last day on which they may meet.
	Ends yamlpos.Text `yaml:"ends" jsonschema:"pattern=^([0-9]{4}-[0-9]{2}-[0-9]{2})?$,example=2027-06-30"`
}

// FilePerson is somebody as a roster file writes them.
type FilePerson struct {
	yamlpos.Pos `yaml:"-"`
	Telling
	Name yamlpos.Text `yaml:"name" jsonschema:"required,maxLength=200"`
	// The address in invitations.
	Email yamlpos.Text `yaml:"email" jsonschema:"required"`
	// Other addresses of the same person.
	Aliases []yamlpos.Text `yaml:"aliases"`
	// Earlier ids: their series stay.
	Formerly []yamlpos.Text `yaml:"formerly"`
	// A name from calendars in holdfast.yaml. A manager needs one.
	Calendar yamlpos.Text `yaml:"calendar"`
	// IANA name. Default: the zone in defaults, else that of the person's manager.
	Zone yamlpos.Text `yaml:"zone" jsonschema:"example=Europe/Berlin"`
	// Working hours: days and times, several separated by commas; or any.
	Hours yamlpos.Text `yaml:"hours" jsonschema:"example=Mon-Fri 09:00-17:30,default=Mon-Fri 09:00-17:00"`
	// Days off: a country or region whose public holidays count (DE-BE, IN, an ISO 3166 code), a day (2026-12-24), a
	// calendar file (company.ics, relative to this file) of whose all-day events each is one, or a list of these.
	// Empty for none. Default: those of defaults.
	Holidays Holidays `yaml:"holidays"`
	// Leave.
	Away []FileAway `yaml:"away"`
	// What Slack calls the person, where it does not know their address.
	Slack yamlpos.Text `yaml:"slack" jsonschema:"pattern=^[UW][A-Z0-9][A-Z0-9]+$,example=U0123ABCD"`
}

// FileAway is a leave as a roster file writes it.
type FileAway struct {
	From yamlpos.Text `yaml:"from" jsonschema:"required,format=date"`
	// The last day.
	To yamlpos.Text `yaml:"to" jsonschema:"required,format=date"`
	// A note for those who read the roster. It goes nowhere else: calendars are told "leave".
	Why yamlpos.Text `yaml:"why"`
}

// Group is one manager's 1:1s.
type Group struct {
	Wishes
	// An id from people.
	Manager yamlpos.Text `yaml:"manager" jsonschema:"required"`
	Reports []Report     `yaml:"reports" jsonschema:"required"`
}

// Report is one report of a manager; a bare id stands for one with no wishes of its own.
type Report struct {
	Wishes
	// An id from people.
	Report yamlpos.Text `yaml:"report" jsonschema:"required"`
}

// SetText takes the bare id.
func (r *Report) SetText(t yamlpos.Text) { r.Report = t }
