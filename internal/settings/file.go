package settings

import "holdfast/internal/yamlpos"

// File is the shape of holdfast.yaml, as it is written. The JSON Schema is made from it.
type File struct {
	// Part of every mark and UID: two rosters on one server never meet. Never change it.
	Org yamlpos.Text `yaml:"org" jsonschema:"required,pattern=^[a-z0-9][a-z0-9.-]*$"`
	// Files or globs; they are merged.
	Roster []yamlpos.Text `yaml:"roster" jsonschema:"required,minItems=1"`
	// sqlite:FILE. May use ${ENV}.
	Database yamlpos.Text `yaml:"database" jsonschema:"default=sqlite:holdfast.db"`
	// For how long the record is kept, and who looked at it: days or months, 90d to 120mo.
	Retention yamlpos.Text `yaml:"retention" jsonschema:"pattern=^[0-9]+(d|mo)$,default=730d"`
	// The calendar servers, by the names that people in the roster use.
	Calendars yamlpos.Map[FileCalendar] `yaml:"calendars" jsonschema:"required"`
	Policy    FilePolicy                `yaml:"policy"`
	// By which channels people are told.
	Notify FileNotify `yaml:"notify"`
	Web    FileWeb    `yaml:"web"`
}

// FileCalendar is one calendar server: exactly one of its kinds.
type FileCalendar struct {
	yamlpos.Pos `yaml:"-"`
	CalDAV      *FileCalDAV `yaml:"caldav"`
	Google      *FileGoogle `yaml:"google"`
}

// FileCalDAV is a CalDAV server as the file writes it.
type FileCalDAV struct {
	yamlpos.Pos `yaml:"-"`
	// The server. May use ${ENV}, {person.id} and {person.email}.
	URL yamlpos.Text `yaml:"url" jsonschema:"required,pattern=^(https?://|[$][{])"`
	// One service account, or {person.id} or {person.email} for each their own. May use ${ENV}.
	Username yamlpos.Text `yaml:"username" jsonschema:"required,example=holdfast,example={person.email}"`
	// File with nothing but the password, read at each use. May use ${ENV}, {person.id} and {person.email}.
	PasswordFile yamlpos.Text `yaml:"password_file" jsonschema:"example=secrets/dav,example=secrets/{person.id}"`
	// Only as ${ENV}: never the password itself.
	Password yamlpos.Text `yaml:"password" jsonschema:"pattern=^[$][{][A-Za-z_][A-Za-z0-9_]*[}]$,example=${DAV_PASSWORD}"`
	// PEM file with the certificates of a private CA, which count beside those that the machine trusts. May use
	// ${ENV}.
	CAFile yamlpos.Text `yaml:"ca_file" jsonschema:"example=secrets/ca.pem"`
	// The person's calendar, where discovery does not lead there. May use ${ENV}, {person.id} and {person.email}.
	Calendar yamlpos.Text `yaml:"calendar" jsonschema:"example=/dav/{person.id}/main/"`
	// What the server wants from a service account. May use ${ENV}, {person.id} and {person.email}.
	Headers yamlpos.Map[yamlpos.Text] `yaml:"headers"`
	// Who delivers invitations.
	Scheduling yamlpos.Text `yaml:"scheduling" jsonschema:"enum=auto,enum=server,enum=holdfast,default=auto"`
	// How often to look.
	Poll yamlpos.Text `yaml:"poll" jsonschema:"pattern=^[0-9.hms]+$,default=1m"`
}

// FileGoogle is a Google Workspace as the file writes it.
type FileGoogle struct {
	yamlpos.Pos `yaml:"-"`
	// Key of a service account with domain-wide delegation.
	ServiceAccountFile yamlpos.Text `yaml:"service_account_file"`
	// OAuth client; each person connects once.
	OAuthClientFile yamlpos.Text `yaml:"oauth_client_file"`
	// Another server in Google's place: below it are calendar/v3, drive/v3 and v1/documents. May use ${ENV}.
	Endpoint yamlpos.Text `yaml:"endpoint"`
	// With oauth_client_file: file with a random key of 32 characters or more, with which people's tokens are
	// encrypted. May use ${ENV}.
	TokenKeyFile yamlpos.Text `yaml:"token_key_file" jsonschema:"example=secrets/google-key"`
	// Only as ${ENV}: never the key itself.
	TokenKey yamlpos.Text `yaml:"token_key" jsonschema:"pattern=^[$][{][A-Za-z_][A-Za-z0-9_]*[}]$,example=${GOOGLE_KEY}"`
	// Folder of the encrypted tokens. May use ${ENV}.
	Tokens yamlpos.Text `yaml:"tokens" jsonschema:"default=google-tokens"`
	// What Holdfast asks of Drive: drive.file are only the files that it made or was given, drive are all that the
	// manager sees, so that it can copy a template, and look at a document that prep_doc links to.
	DriveScope yamlpos.Text `yaml:"drive_scope" jsonschema:"enum=drive.file,enum=drive,default=drive.file"`
	// meet: a new series gets a Google Meet link.
	Video yamlpos.Text `yaml:"video" jsonschema:"enum=none,enum=meet,default=none"`
	// Places of the roster that are rooms, with the addresses of their calendars: such a room is asked for, and that
	// it says no is a flag.
	Rooms yamlpos.Map[yamlpos.Text] `yaml:"rooms"`
	// How often to look. Default: 5m, and 30m where Google tells of changes (web.url).
	Poll yamlpos.Text `yaml:"poll" jsonschema:"pattern=^[0-9.hms]+$"`
}

// FilePolicy is the policy as the file writes it.
type FilePolicy struct {
	// An occurrence that somebody moved.
	Moved yamlpos.Text `yaml:"moved" jsonschema:"enum=flag,enum=restore,default=flag"`
	// A whole series that somebody moved.
	SeriesMoved yamlpos.Text `yaml:"series_moved" jsonschema:"enum=flag,enum=restore,enum=accept,default=flag"`
	// A series that somebody ended or deleted.
	SeriesEnded yamlpos.Text `yaml:"series_ended" jsonschema:"enum=flag,enum=restore,default=flag"`
	// An all-day event, not recurring, that is stated as busy, over a working day: flag it as a collision, take it for
	// leave, or do nothing.
	AllDay   yamlpos.Text `yaml:"all_day" jsonschema:"enum=flag,enum=away,enum=ignore,default=flag"`
	Holidays yamlpos.Text `yaml:"holidays" jsonschema:"enum=skip,enum=keep,default=skip"`
	// How many weeks ahead meetings are looked at, at most 52w; known leave is skipped however far ahead.
	Horizon yamlpos.Text `yaml:"horizon" jsonschema:"pattern=^[1-9][0-9]?w$,default=8w"`
	// More creations within an hour wait for holdfast allow; the larger of count and percent counts.
	MaxCreations FileLimit `yaml:"max_creations"`
	// More endings within an hour wait for holdfast allow; the larger of count and percent counts.
	MaxEndings FileLimit `yaml:"max_endings"`
	// What would cause more mails within an hour waits for holdfast allow.
	MaxMails yamlpos.Int `yaml:"max_mails" jsonschema:"minimum=0,default=200"`
}

// FileLimit is a limit as the file writes it.
type FileLimit struct {
	yamlpos.Pos `yaml:"-"`
	Count       yamlpos.Int `yaml:"count" jsonschema:"required,minimum=0"`
	// Of all pairs.
	Percent yamlpos.Int `yaml:"percent" jsonschema:"required,minimum=0,maximum=100"`
}

// FileNotify is by which channels people are told, as the file writes it.
type FileNotify struct {
	yamlpos.Pos `yaml:"-"`
	Mail        *FileMail       `yaml:"mail"`
	Slack       *FileSlack      `yaml:"slack"`
	GoogleChat  *FileGoogleChat `yaml:"google_chat"`
	// Where admins are told of what concerns them: mail addresses, and addresses of shoutrrr (Teams, Matrix, ntfy,
	// Mattermost, …), best of two kinds.
	Admins []FileAdmin `yaml:"admins"`
	// Receivers of events, signed as Standard Webhooks has it.
	Webhooks []FileWebhook `yaml:"webhooks"`
}

// FileMail is the relay that mail goes out by, as the file writes it.
type FileMail struct {
	// smtps:// is TLS from the first byte (port 465). smtp:// is TLS by STARTTLS, without which nothing is sent (587
	// with a username, else 25), but for a relay on this machine. May use ${ENV}.
	SMTP yamlpos.Text `yaml:"smtp" jsonschema:"required,pattern=^(smtps?://|[$][{]),example=smtps://smtp.example.com:465"`
	// Who signs in; without, the relay must know this machine by its address. May use ${ENV}.
	Username yamlpos.Text `yaml:"username"`
	// File with nothing but the password, read at each sign-in. May use ${ENV}.
	PasswordFile yamlpos.Text `yaml:"password_file" jsonschema:"example=secrets/smtp"`
	// xoauth2: an app at Microsoft signs in, as username or the address of from.
	Auth yamlpos.Text `yaml:"auth" jsonschema:"enum=xoauth2"`
	// The app's id.
	ClientID yamlpos.Text `yaml:"client_id"`
	// File with nothing but the app's secret. May use ${ENV}.
	ClientSecretFile yamlpos.Text `yaml:"client_secret_file" jsonschema:"example=secrets/entra"`
	// The organization's id, or a domain of it.
	Tenant yamlpos.Text `yaml:"tenant" jsonschema:"example=example.onmicrosoft.com"`
	// Who writes. May use ${ENV}.
	From yamlpos.Text `yaml:"from" jsonschema:"required,example=Holdfast <holdfast@example.com>"`
	// Where mail that cannot be delivered comes back to. Default: the address of from.
	Bounces yamlpos.Text `yaml:"bounces" jsonschema:"example=bounces@example.com"`
	// Whether answers go to the other of the pair; else to from.
	ReplyTo yamlpos.Text `yaml:"reply_to" jsonschema:"enum=on,enum=off,default=on"`
	// PEM file with the certificates of a private CA, which count beside those that the machine trusts. May use
	// ${ENV}.
	CAFile yamlpos.Text `yaml:"ca_file" jsonschema:"example=secrets/ca.pem"`
	// Mails a minute.
	Rate yamlpos.Int `yaml:"rate" jsonschema:"minimum=1,maximum=60000,default=25"`
}

// FileSlack is a Slack app, as the file writes it.
type FileSlack struct {
	// File with nothing but the app's bot token. May use ${ENV}.
	TokenFile yamlpos.Text `yaml:"token_file" jsonschema:"required,example=secrets/slack"`
	// People looked up in a minute.
	Rate yamlpos.Int `yaml:"rate" jsonschema:"minimum=1,maximum=60000,default=40"`
}

// FileGoogleChat is a Google Chat app, as the file writes it.
type FileGoogleChat struct {
	// Key of the app's service account. May use ${ENV}.
	ServiceAccountFile yamlpos.Text `yaml:"service_account_file" jsonschema:"required,example=secrets/google.json"`
	// Messages a minute.
	Rate yamlpos.Int `yaml:"rate" jsonschema:"minimum=1,maximum=60000,default=600"`
}

// FileAdmin is where admins are told, as the file writes it: a mail address, or a file with an address of shoutrrr.
type FileAdmin struct {
	yamlpos.Pos `yaml:"-"`
	Address     yamlpos.Text `yaml:"-"`
	// File with nothing but an address of shoutrrr, or the https address of a Teams workflow. May use ${ENV}.
	URLFile yamlpos.Text `yaml:"url_file" jsonschema:"required,example=secrets/ops-channel"`
}

// SetText takes the mail address.
func (a *FileAdmin) SetText(t yamlpos.Text) { a.Address = t }

// TextPattern is what the mail address must match.
func (FileAdmin) TextPattern() string { return "^[^@ :]+@[^@ :]+$" }

// FileWebhook is a receiver of events, as the file writes it.
type FileWebhook struct {
	// May use ${ENV}.
	URL yamlpos.Text `yaml:"url" jsonschema:"required,pattern=^(https?://|[$][{]),example=https://ops.example.com/hook"`
	// File with nothing but whsec_ and 24 bytes or more in base64. May use ${ENV}.
	SecretFile yamlpos.Text `yaml:"secret_file" jsonschema:"required,example=secrets/hook"`
	// Of events; none is all.
	Kinds []yamlpos.Text `yaml:"kinds" jsonschema:"enum=outage,enum=held,enum=round,enum=state"`
}

// FileWeb is how the daemon is reached, as the file writes it.
type FileWeb struct {
	// Where the daemon answers, once there is a url.
	Listen yamlpos.Text `yaml:"listen" jsonschema:"example=127.0.0.1:8080,default=127.0.0.1:8080"`
	// How browsers reach the pages, and Google the daemon, by way of a proxy with a certificate; http:// on this machine
	// alone. May use ${ENV}.
	URL yamlpos.Text `yaml:"url" jsonschema:"pattern=^(https?://|[$][{]),example=https://holdfast.example.com"`
	// Addresses or networks of the proxies in front of listen: of these alone it is believed for whom they ask.
	TrustedProxies []yamlpos.Text `yaml:"trusted_proxies" jsonschema:"example=127.0.0.1"`
	// Where /metrics and /readyz are answered, once there is a listen or url; off: nowhere. Never publish it.
	MetricsListen yamlpos.Text `yaml:"metrics_listen" jsonschema:"default=127.0.0.1:9464,example=off"`
	// Who sees that all works, and decides about what is held: ids of the roster, or addresses, also of people who are
	// not in the roster.
	Admins []yamlpos.Text `yaml:"admins" jsonschema:"example=it@example.com"`
	// How people sign in: mail (a link by notify.mail), or by OpenID Connect. Without, by the links of
	// holdfast web link alone.
	SignIn FileSignIn `yaml:"sign_in"`
}

// FileSignIn is how people sign in, as the file writes it: mail, or by OpenID Connect.
type FileSignIn struct {
	yamlpos.Pos `yaml:"-"`
	Mail        yamlpos.Text `yaml:"-"`
	OIDC        *FileOIDC    `yaml:"oidc" jsonschema:"required"`
}

// SetText takes the word mail.
func (s *FileSignIn) SetText(t yamlpos.Text) { s.Mail = t }

// TextPattern is what the word must match.
func (FileSignIn) TextPattern() string { return "^mail$" }

// FileOIDC is a provider of OpenID Connect, as the file writes it.
type FileOIDC struct {
	// Letter by letter as the issuer writes it, with a slash at the end or without. May use ${ENV}.
	Issuer yamlpos.Text `yaml:"issuer" jsonschema:"required,pattern=^(https?://|[$][{]),example=https://login.example.com"`
	// May use ${ENV}.
	ClientID yamlpos.Text `yaml:"client_id" jsonschema:"required"`
	// File with nothing but the client's secret. May use ${ENV}.
	ClientSecretFile yamlpos.Text `yaml:"client_secret_file" jsonschema:"required,example=secrets/oidc"`
	// What the issuer calls a person's address.
	Claim yamlpos.Text `yaml:"claim" jsonschema:"default=email,example=upn"`
	// For an issuer of one organization that does not say whether an address is verified, as Entra, or whose claim is
	// another than email.
	TrustEmail yamlpos.Bool `yaml:"trust_email" jsonschema:"default=false"`
}
