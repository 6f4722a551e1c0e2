package googletest

// Scopes of groups of methods, as the discovery documents list them.
const (
	readEvents  = "calendar calendar.app.created calendar.events calendar.events.freebusy calendar.events.owned calendar.events.owned.readonly calendar.events.public.readonly calendar.events.readonly calendar.readonly"
	writeEvents = "calendar calendar.app.created calendar.events calendar.events.owned"
	moveEvents  = "calendar calendar.events calendar.events.owned"
	readLists   = "calendar calendar.calendarlist calendar.calendarlist.readonly calendar.readonly"
	readList    = "calendar calendar.app.created calendar.calendarlist calendar.calendarlist.readonly calendar.readonly"
	readCal     = "calendar calendar.app.created calendar.calendars calendar.calendars.readonly calendar.readonly"
	readSetting = "calendar calendar.readonly calendar.settings calendar.settings.readonly"
	readBusy    = "calendar calendar.events.freebusy calendar.freebusy calendar.readonly"
	stopChannel = "calendar calendar.acls calendar.acls.readonly calendar.app.created calendar.calendarlist calendar.calendarlist.readonly calendar.events calendar.events.freebusy calendar.events.owned calendar.events.owned.readonly calendar.events.public.readonly calendar.events.readonly calendar.readonly calendar.settings calendar.settings.readonly"
	readFiles   = "drive drive.appdata drive.file drive.meet.readonly drive.metadata drive.metadata.readonly drive.photos.readonly drive.readonly"
	copyFiles   = "drive drive.appdata drive.file drive.photos.readonly"
	makeFiles   = "drive drive.appdata drive.file"
	changeFiles = "drive drive.appdata drive.file drive.metadata drive.scripts"

	readRights  = "drive drive.file drive.meet.readonly drive.metadata drive.metadata.readonly drive.photos.readonly drive.readonly"
	writeRights = "drive drive.file"
	aboutDrive  = "drive drive.appdata drive.file drive.metadata drive.metadata.readonly drive.photos.readonly drive.readonly"
	writeDocs   = "documents drive drive.file"
	readDocs    = "documents documents.readonly drive drive.file drive.readonly"
)

// methods are all that the double answers.
var methods = []method{
	{"calendar.calendarList.list", "GET", "users/me/calendarList", readLists, (*Server).calendarListList},
	{"calendar.calendarList.get", "GET", "users/me/calendarList/{calendarId}", readList, (*Server).calendarListGet},
	{"calendar.calendars.get", "GET", "calendars/{calendarId}", readCal, (*Server).calendarsGet},
	{"calendar.settings.list", "GET", "users/me/settings", readSetting, (*Server).settingsList},
	{"calendar.settings.get", "GET", "users/me/settings/{setting}", readSetting, (*Server).settingsGet},
	{"calendar.freebusy.query", "POST", "freeBusy", readBusy, (*Server).freeBusy},

	{"calendar.events.list", "GET", "calendars/{calendarId}/events", readEvents, (*Server).eventsList},
	{"calendar.events.get", "GET", "calendars/{calendarId}/events/{eventId}", readEvents, (*Server).eventsGet},
	{"calendar.events.instances", "GET", "calendars/{calendarId}/events/{eventId}/instances", readEvents, (*Server).eventsInstances},
	{"calendar.events.insert", "POST", "calendars/{calendarId}/events", writeEvents, (*Server).eventsInsert},
	{"calendar.events.import", "POST", "calendars/{calendarId}/events/import", writeEvents, (*Server).eventsImport},
	{"calendar.events.watch", "POST", "calendars/{calendarId}/events/watch", readEvents, (*Server).eventsWatch},
	{"calendar.events.patch", "PATCH", "calendars/{calendarId}/events/{eventId}", writeEvents, (*Server).eventsPatch},
	{"calendar.events.update", "PUT", "calendars/{calendarId}/events/{eventId}", writeEvents, (*Server).eventsPatch},
	{"calendar.events.delete", "DELETE", "calendars/{calendarId}/events/{eventId}", writeEvents, (*Server).eventsDelete},
	{"calendar.events.move", "POST", "calendars/{calendarId}/events/{eventId}/move", moveEvents, (*Server).eventsMove},
	{"calendar.channels.stop", "POST", "channels/stop", stopChannel, (*Server).channelsStop},

	{"drive.about.get", "GET", "about", aboutDrive, (*Server).aboutGet},
	{"drive.files.list", "GET", "files", readFiles, (*Server).filesList},
	{"drive.files.create", "POST", "files", makeFiles, (*Server).filesCreate},
	{"drive.files.get", "GET", "files/{fileId}", readFiles, (*Server).filesGet},
	{"drive.files.update", "PATCH", "files/{fileId}", changeFiles, (*Server).filesUpdate},
	{"drive.files.delete", "DELETE", "files/{fileId}", makeFiles, (*Server).filesDelete},
	{"drive.files.copy", "POST", "files/{fileId}/copy", copyFiles, (*Server).filesCopy},
	{"drive.permissions.list", "GET", "files/{fileId}/permissions", readRights, (*Server).permissionsList},
	{"drive.permissions.create", "POST", "files/{fileId}/permissions", writeRights, (*Server).permissionsCreate},
	{"drive.permissions.get", "GET", "files/{fileId}/permissions/{permissionId}", readRights, (*Server).permissionsGet},
	{"drive.permissions.update", "PATCH", "files/{fileId}/permissions/{permissionId}", writeRights, (*Server).permissionsUpdate},
	{"drive.permissions.delete", "DELETE", "files/{fileId}/permissions/{permissionId}", writeRights, (*Server).permissionsDelete},

	{"docs.documents.create", "POST", "v1/documents", writeDocs, (*Server).documentsCreate},
	{"docs.documents.get", "GET", "v1/documents/{documentId}", readDocs, (*Server).documentsGet},
	{"docs.documents.batchUpdate", "POST", "v1/documents/{documentId}:batchUpdate", writeDocs, (*Server).documentsUpdate},
}
