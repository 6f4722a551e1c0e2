package roster

import "holdfast/internal/yamlpos"

// File is the shape of one roster file, as it is written. The JSON Schema is made from it.
type File struct {
	Defaults  Wishes                  `yaml:"defaults" jsonschema_description:"What every 1:1 is, unless its manager or report says otherwise. Given once in all files together."`
	People    yamlpos.Map[FilePerson] `yaml:"people" jsonschema_description:"Everybody who is in a 1:1, by id: lower-case letters, digits, - and _."`
	OneOnOnes []Group                 `yaml:"one_on_ones" jsonschema_description:"Who meets whom."`
}

// Wishes are what a 1:1 should be. They may stand in the defaults, beside a manager and beside a report; the nearest
// one counts.
type Wishes struct {
	Slot       yamlpos.Text `yaml:"slot" jsonschema:"pattern=^([Aa]uto|[A-Za-z]+ +[0-9]?[0-9]:[0-9][0-9])$,example=auto,example=Tue 10:00,default=auto" jsonschema_description:"Weekday and time on the clock of the zone below; auto: Holdfast chooses."`
	Duration   yamlpos.Text `yaml:"duration" jsonschema:"pattern=^[0-9hm]+$,example=60m,example=1h30m,default=60m" jsonschema_description:"A multiple of 5m, at most 8h."`
	Every      yamlpos.Text `yaml:"every" jsonschema:"enum=1w,enum=2w,enum=4w,default=1w"`
	Zone       yamlpos.Text `yaml:"zone" jsonschema:"example=manager,example=report,example=Europe/Berlin,default=manager" jsonschema_description:"Whose clock anchors the slot: manager, report, or a zone by its IANA name."`
	Title      yamlpos.Text `yaml:"title" jsonschema:"default=1:1 {manager.name} / {report.name}" jsonschema_description:"May use {manager.id}, {manager.name}, {manager.email} and the same of report."`
	Visibility yamlpos.Text `yaml:"visibility" jsonschema:"enum=private,enum=public,default=private"`
	Place      yamlpos.Text `yaml:"place" jsonschema_description:"Where; empty for none."`
	PrepDoc    PrepDoc      `yaml:"prep_doc" jsonschema_description:"The pair's document: an https link, which may use the fields of title, or a template to copy; empty for none."`
	Starts     yamlpos.Text `yaml:"starts" jsonschema:"pattern=^([0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9])?$,example=2026-12-01" jsonschema_description:"No meeting before this day."`
	Ends       yamlpos.Text `yaml:"ends" jsonschema:"pattern=^([0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9])?$,example=2027-06-30" jsonschema_description:"Last day on which they may meet."`
}

// FilePerson is somebody as a roster file writes them.
type FilePerson struct {
	yamlpos.Pos `yaml:"-"`
	Name        yamlpos.Text   `yaml:"name" jsonschema:"required"`
	Email       yamlpos.Text   `yaml:"email" jsonschema:"required" jsonschema_description:"The address in invitations."`
	Aliases     []yamlpos.Text `yaml:"aliases" jsonschema_description:"Other addresses of the same person."`
	Formerly    []yamlpos.Text `yaml:"formerly" jsonschema_description:"Earlier ids: their series stay."`
	Calendar    yamlpos.Text   `yaml:"calendar" jsonschema_description:"A name from calendars in holdfast.yaml. A manager needs one."`
	Zone        yamlpos.Text   `yaml:"zone" jsonschema:"example=Europe/Berlin" jsonschema_description:"IANA name. Default: the zone in defaults, else that of the person's manager."`
	Hours       yamlpos.Text   `yaml:"hours" jsonschema:"example=Mon-Fri 09:00-17:30,default=Mon-Fri 09:00-17:00" jsonschema_description:"Working hours: days and times, several separated by commas; or any."`
	Holidays    yamlpos.Text   `yaml:"holidays" jsonschema:"example=DE-BE,example=US" jsonschema_description:"Region of public holidays, an ISO 3166 code."`
	Away        []FileAway     `yaml:"away" jsonschema_description:"Leave."`
}

// FileAway is a leave as a roster file writes it.
type FileAway struct {
	From yamlpos.Text `yaml:"from" jsonschema:"required,format=date"`
	To   yamlpos.Text `yaml:"to" jsonschema:"required,format=date" jsonschema_description:"The last day."`
	Why  yamlpos.Text `yaml:"why" jsonschema:"default=away"`
}

// Group is one manager's 1:1s.
type Group struct {
	Wishes
	Manager yamlpos.Text `yaml:"manager" jsonschema:"required" jsonschema_description:"An id from people."`
	Reports []Report     `yaml:"reports" jsonschema:"required"`
}

// Report is one report of a manager; a bare id stands for one with no wishes of its own.
type Report struct {
	Wishes
	Report yamlpos.Text `yaml:"report" jsonschema:"required" jsonschema_description:"An id from people."`
}

// SetText takes the bare id.
func (r *Report) SetText(t yamlpos.Text) { r.Report = t }
