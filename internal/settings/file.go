package settings

import "holdfast/internal/yamlpos"

// File is the shape of holdfast.yaml, as it is written. The JSON Schema is made from it.
type File struct {
	Org       yamlpos.Text              `yaml:"org" jsonschema:"required,pattern=^[a-z0-9][a-z0-9.-]*$" jsonschema_description:"Part of every mark and UID: two rosters on one server never meet. Never change it."`
	Roster    []yamlpos.Text            `yaml:"roster" jsonschema:"required,minItems=1" jsonschema_description:"Files or globs; they are merged."`
	Database  yamlpos.Text              `yaml:"database" jsonschema:"default=sqlite:holdfast.db" jsonschema_description:"sqlite:FILE. May use ${ENV}."`
	Calendars yamlpos.Map[FileCalendar] `yaml:"calendars" jsonschema:"required" jsonschema_description:"The calendar servers, by the names that people in the roster use."`
	Policy    FilePolicy                `yaml:"policy"`
	Notify    []FileNotice              `yaml:"notify" jsonschema:"maxItems=0" jsonschema_description:"Empty in this version."`
	Web       FileWeb                   `yaml:"web"`
}

// FileCalendar is one calendar server: exactly one of its kinds.
type FileCalendar struct {
	yamlpos.Pos `yaml:"-"`
	CalDAV      *FileCalDAV `yaml:"caldav"`
	Google      *FileGoogle `yaml:"google"`
}

// FileCalDAV is a CalDAV server as the file writes it.
type FileCalDAV struct {
	yamlpos.Pos  `yaml:"-"`
	URL          yamlpos.Text              `yaml:"url" jsonschema:"required,pattern=^(https?://|[$][{])" jsonschema_description:"The server. May use ${ENV}, {person.id} and {person.email}."`
	Username     yamlpos.Text              `yaml:"username" jsonschema:"required,example=holdfast,example={person.email}" jsonschema_description:"One service account, or {person.id} or {person.email} for each their own. May use ${ENV}."`
	PasswordFile yamlpos.Text              `yaml:"password_file" jsonschema:"example=secrets/dav,example=secrets/{person.id}" jsonschema_description:"File with nothing but the password, read at each use. May use ${ENV}, {person.id} and {person.email}."`
	Password     yamlpos.Text              `yaml:"password" jsonschema:"pattern=^[$][{][A-Za-z_][A-Za-z0-9_]*[}]$,example=${DAV_PASSWORD}" jsonschema_description:"Only as ${ENV}: never the password itself."`
	Calendar     yamlpos.Text              `yaml:"calendar" jsonschema:"example=/dav/{person.id}/main/" jsonschema_description:"The person's calendar, where discovery does not lead there. May use ${ENV}, {person.id} and {person.email}."`
	Headers      yamlpos.Map[yamlpos.Text] `yaml:"headers" jsonschema_description:"What the server wants from a service account. May use ${ENV}, {person.id} and {person.email}."`
	Scheduling   yamlpos.Text              `yaml:"scheduling" jsonschema:"enum=auto,enum=server,enum=holdfast,default=auto" jsonschema_description:"Who delivers invitations."`
	Poll         yamlpos.Text              `yaml:"poll" jsonschema:"pattern=^[0-9.hms]+$,default=1m" jsonschema_description:"How often to look."`
}

// FileGoogle is a Google Workspace as the file writes it.
type FileGoogle struct {
	yamlpos.Pos        `yaml:"-"`
	ServiceAccountFile yamlpos.Text              `yaml:"service_account_file" jsonschema_description:"Key of a service account with domain-wide delegation."`
	OAuthClientFile    yamlpos.Text              `yaml:"oauth_client_file" jsonschema_description:"OAuth client; each person connects once."`
	Endpoint           yamlpos.Text              `yaml:"endpoint" jsonschema_description:"Another server in Google's place: below it are calendar/v3, drive/v3 and v1/documents. May use ${ENV}."`
	TokenKeyFile       yamlpos.Text              `yaml:"token_key_file" jsonschema:"example=secrets/google-key" jsonschema_description:"With oauth_client_file: file with a random key of 32 characters or more, with which people's tokens are encrypted. May use ${ENV}."`
	TokenKey           yamlpos.Text              `yaml:"token_key" jsonschema:"pattern=^[$][{][A-Za-z_][A-Za-z0-9_]*[}]$,example=${GOOGLE_TOKEN_KEY}" jsonschema_description:"Only as ${ENV}: never the key itself."`
	Tokens             yamlpos.Text              `yaml:"tokens" jsonschema:"default=google-tokens" jsonschema_description:"Folder of the encrypted tokens. May use ${ENV}."`
	DriveScope         yamlpos.Text              `yaml:"drive_scope" jsonschema:"enum=drive.file,enum=drive,default=drive.file" jsonschema_description:"What Holdfast asks of Drive: drive.file are only the files that it made or was given, drive are all that the manager sees, so that it can copy a template, and look at a document that prep_doc links to."`
	Video              yamlpos.Text              `yaml:"video" jsonschema:"enum=none,enum=meet,default=none" jsonschema_description:"meet: a new series gets a Google Meet link."`
	Rooms              yamlpos.Map[yamlpos.Text] `yaml:"rooms" jsonschema_description:"Places of the roster that are rooms, with the addresses of their calendars: such a room is asked for, and that it says no is a flag."`
	Poll               yamlpos.Text              `yaml:"poll" jsonschema:"pattern=^[0-9.hms]+$" jsonschema_description:"How often to look. Default: 5m, and 30m where Google tells of changes (web.url)."`
}

// FilePolicy is the policy as the file writes it.
type FilePolicy struct {
	Moved        yamlpos.Text `yaml:"moved" jsonschema:"enum=flag,enum=restore,default=flag" jsonschema_description:"An occurrence that somebody moved."`
	SeriesMoved  yamlpos.Text `yaml:"series_moved" jsonschema:"enum=flag,enum=restore,enum=accept,default=flag" jsonschema_description:"A whole series that somebody moved."`
	SeriesEnded  yamlpos.Text `yaml:"series_ended" jsonschema:"enum=flag,enum=restore,default=flag" jsonschema_description:"A series that somebody ended or deleted."`
	Holidays     yamlpos.Text `yaml:"holidays" jsonschema:"enum=skip,enum=keep,default=skip"`
	Horizon      yamlpos.Text `yaml:"horizon" jsonschema:"pattern=^[1-9][0-9]?w$,default=8w" jsonschema_description:"How many weeks ahead skips are planned and drift is looked for, at most 52w."`
	MaxCreations FileLimit    `yaml:"max_creations" jsonschema_description:"More creations in one round wait for holdfast allow; the larger of count and percent counts."`
	MaxEndings   FileLimit    `yaml:"max_endings" jsonschema_description:"More endings in one round wait for holdfast allow; the larger of count and percent counts."`
	MaxMails     yamlpos.Int  `yaml:"max_mails" jsonschema:"minimum=0,default=200" jsonschema_description:"A round that would cause more mails waits for holdfast allow."`
}

// FileLimit is a limit as the file writes it.
type FileLimit struct {
	yamlpos.Pos `yaml:"-"`
	Count       yamlpos.Int `yaml:"count" jsonschema:"required,minimum=0"`
	Percent     yamlpos.Int `yaml:"percent" jsonschema:"required,minimum=0,maximum=100" jsonschema_description:"Of all pairs."`
}

// FileNotice stands for the notices that this version does not have.
type FileNotice struct {
	yamlpos.Pos `yaml:"-"`
}

// FileWeb is how the daemon is reached, as the file writes it.
type FileWeb struct {
	Listen yamlpos.Text `yaml:"listen" jsonschema:"example=127.0.0.1:8080,default=127.0.0.1:8080" jsonschema_description:"Where the daemon answers, once there is a url."`
	URL    yamlpos.Text `yaml:"url" jsonschema:"pattern=^(https?://|[$][{]),example=https://holdfast.example.com" jsonschema_description:"How the internet reaches the daemon, by way of a proxy with a certificate: Google then tells of changes at once. May use ${ENV}."`
}
