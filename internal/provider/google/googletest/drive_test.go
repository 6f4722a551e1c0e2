package googletest

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
)

const files = "/drive/v3/files"

// all is a token that sees every file of the user.
func (w *world) all(user string) {
	w.tokens[user] = w.Token(user, "app", "drive", "documents")
}

func (w *world) copied(user, id string, body object, params ...string) object {
	w.Helper()
	return w.call(user, "POST", files+"/"+id+"/copy"+query1(append(params, "fields=*")), body).ok()
}

// rights are the rows of a file: type, role and who.
func (w *world) rights(user, id string) string {
	w.Helper()
	var out []string
	for _, p := range list(w.call(user, "GET", files+"/"+id+"/permissions?supportsAllDrives=true&fields=*", nil).ok(), "permissions") {
		p := p.(object)
		row := text(p, "type") + " " + text(p, "role") + " " + text(p, "emailAddress") + text(p, "domain")
		if d := list(p, "permissionDetails")[0].(object); yes(d, "inherited") {
			row += " inherited"
		}
		out = append(out, strings.TrimSpace(row))
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

func TestB37Copy(t *testing.T) {
	w := open(t)
	folder := w.AddFile(NewFile{Owner: mia, Name: "Templates", MIME: FolderMIME, Apps: []string{"app"}})
	w.Grant(folder, "user", lee, "reader")
	template := w.AddFile(NewFile{Owner: mia, Name: "Template", Parent: folder, Text: "= {title}\n- one\n", Apps: []string{"app"}})
	a := w.call(mia, "POST", files+"/"+template+"/copy", object{"name": "Mia and Raj"}).ok()
	if len(a) != 4 || text(a, "mimeType") != DocMIME {
		t.Errorf("without fields %v", a)
	}
	// Without parents the copy takes the template's folder, and who sees that.
	if got := w.rights(mia, text(a, "id")); got != "user owner mia@example.com, user reader lee@example.com inherited" {
		t.Errorf("without parents: %s", got)
	}
	own := w.copied(mia, template, object{"parents": []any{"root"}, "appProperties": object{"pair": "mia/raj"}})
	if got := w.rights(mia, text(own, "id")); got != "user owner mia@example.com" || text(sub(own, "appProperties"), "pair") != "mia/raj" || !yes(own, "ownedByMe") {
		t.Errorf("with parents: %s %v", got, own)
	}
	if _, ok := own["version"].(string); !ok {
		t.Errorf("version is %T", own["version"])
	}
	if got := w.Doc(text(own, "id")); got != "= {title}\n- one\n" {
		t.Errorf("the copy says %q", got)
	}
	w.Configure(func(b *Behavior) { b.NewFilesSeenByDomain = true })
	open, kept := w.copied(mia, template, object{"parents": []any{"root"}}), w.copied(mia, template, object{"parents": []any{"root"}}, "ignoreDefaultVisibility=true")
	if got := w.rights(mia, text(open, "id")); got != "domain reader example.com, user owner mia@example.com" {
		t.Errorf("default visibility: %s", got)
	}
	if got := w.rights(mia, text(kept, "id")); got != "user owner mia@example.com" {
		t.Errorf("ignoreDefaultVisibility: %s", got)
	}
	w.call(mia, "POST", files+"/"+folder+"/copy", object{}).wrong(403, "cannotCopyFile")
	w.call(mia, "POST", files+"/"+template+"/copy", object{"parents": []any{"nowhere"}}).wrong(404, "notFound")
	made := w.call(mia, "POST", files+"?fields=*", object{"name": "Notes", "mimeType": DocMIME}).ok()
	if w.Doc(text(made, "id")) != "\n" || text(made, "name") != "Notes" {
		t.Errorf("made %v", made)
	}
}

func TestB37List(t *testing.T) {
	w := open(t)
	folder := text(w.call(mia, "POST", files, object{"name": "F", "mimeType": FolderMIME}).ok(), "id")
	for i := range 3 {
		w.call(mia, "POST", files, object{"name": fmt.Sprint(i), "mimeType": DocMIME, "parents": []any{folder}, "appProperties": object{"pair": fmt.Sprintf("it's \\ %d", i%2)}}).ok()
	}
	find := func(q string) string {
		var names []string
		page := ""
		for {
			a := w.call(mia, "GET", files+"?pageSize=2&fields=nextPageToken,files(name)&q="+url.QueryEscape(q)+page, nil).ok()
			for _, f := range list(a, "files") {
				names = append(names, text(f.(object), "name"))
			}
			if page = text(a, "nextPageToken"); page == "" {
				slices.Sort(names)
				return strings.Join(names, " ")
			}
			page = "&pageToken=" + page
		}
	}
	trashed := w.call(mia, "GET", files+"?q="+url.QueryEscape("name = '2'"), nil).ok()
	w.call(mia, "PATCH", files+"/"+text(list(trashed, "files")[0].(object), "id"), object{"trashed": true}).ok()
	for q, want := range map[string]string{
		"": "0 1 2 F",
		`appProperties has { key='pair' and value='it\'s \\ 0' }`:                   "0 2",
		`appProperties has { key='pair' and value='it\'s \\ 0' } and trashed=false`: "0",
		`appProperties has { key='pair' and value='nobody' }`:                       "",
		"mimeType = '" + FolderMIME + "'":                                           "F",
		"'" + folder + "' in parents and trashed = false":                           "0 1",
		"name = '1' and mimeType='" + DocMIME + "' and '" + folder + "' in parents": "1",
		"trashed = true": "2",
	} {
		if got := find(q); got != want {
			t.Errorf("%s: %q, want %q", q, got, want)
		}
	}
	w.call(mia, "GET", files+"?q="+url.QueryEscape("fullText contains 'x'"), nil).wrong(400, "invalid")
	w.call(mia, "GET", files+"?q="+url.QueryEscape("trashed=false or name = 'x'"), nil).wrong(400, "invalid")
	// appProperties are the app's own.
	w.tokens[mia] = w.Token(mia, "other", "drive")
	if got := find(`appProperties has { key='pair' and value='it\'s \\ 0' }`); got != "" {
		t.Errorf("another app finds %q", got)
	}
	w.FailNth("drive.files.list", 1, Fault{EmptyList: true})
	if find("") != "" || find("") == "" {
		t.Error("the empty list is not one that passes")
	}
}

func TestB37Permissions(t *testing.T) {
	w := open(t)
	w.all(raj)
	w.all(lee)
	id := w.AddFile(NewFile{Owner: mia, Name: "D", Apps: []string{"app"}})
	perms := files + "/" + id + "/permissions"
	give := func(user, who, role string, params ...string) reply {
		return w.call(user, "POST", perms+query1(params), object{"type": "user", "role": role, "emailAddress": who})
	}
	w.call(raj, "GET", files+"/"+id, nil).wrong(404, "notFound")
	p := give(mia, raj, "writer").ok()
	if len(p) != 4 || text(p, "role") != "writer" {
		t.Errorf("%v", p)
	}
	if m := w.Mails(); len(m) != 1 || m[0].Kind != "share" || m[0].To[0] != raj {
		t.Errorf("mails %v", m)
	}
	w.Reset()
	give(mia, lee, "reader", "sendNotificationEmail=false").ok()
	if m := w.Mails(); len(m) != 0 {
		t.Errorf("mails %v", m)
	}
	if again := give(mia, "RAJ@example.com", "writer").ok(); again["id"] != p["id"] {
		t.Error("a second row for one person")
	}
	if got := w.rights(raj, id); got != "user owner mia@example.com, user reader lee@example.com, user writer raj@example.com" {
		t.Errorf("%s", got)
	}
	w.call(lee, "GET", perms, nil).wrong(403, "insufficientFilePermissions")
	w.call(lee, "PATCH", files+"/"+id, object{"name": "x"}).wrong(403, "insufficientFilePermissions")
	give(raj, lee, "writer").ok() // writers may share
	w.call(mia, "PATCH", files+"/"+id, object{"writersCanShare": false}).ok()
	give(raj, lee, "writer").wrong(403, "insufficientFilePermissions")
	w.call(raj, "PATCH", files+"/"+id, object{"writersCanShare": true}).wrong(403, "insufficientFilePermissions")
	w.call(raj, "PATCH", files+"/"+id, object{"trashed": true}).wrong(403, "insufficientFilePermissions")
	if f := w.call(raj, "GET", files+"/"+id+"?fields=*", nil).ok(); f["permissions"] != nil || !yes(sub(f, "capabilities"), "canEdit") || yes(sub(f, "capabilities"), "canShare") {
		t.Errorf("who cannot share sees %v", f)
	}
	give(mia, "nobody@elsewhere.test", "writer").wrong(400, "invalidSharingRequest")
	give(mia, raj, "owner").wrong(403, "forbidden")
	give(mia, raj, "king").wrong(400, "required")
	row := perms + "/" + text(p, "id")
	if got := text(w.call(mia, "PATCH", row, object{"role": "reader"}).ok(), "role"); got != "reader" {
		t.Errorf("role %s", got)
	}
	if got := text(w.call(mia, "GET", row, nil).ok(), "role"); got != "reader" {
		t.Errorf("role %s", got)
	}
	if a := w.call(mia, "DELETE", row, nil); a.code != 204 {
		t.Errorf("%d", a.code)
	}
	w.call(mia, "DELETE", row, nil).wrong(404, "notFound")
	w.call(mia, "DELETE", perms+"/"+grantee("user", mia), nil).wrong(403, "insufficientFilePermissions")
	w.call(mia, "POST", perms, object{"type": "anyone", "role": "reader"}).ok()
	w.call(mia, "POST", perms, object{"type": "domain", "role": "reader", "domain": "example.com"}).ok()
	w.call(raj, "GET", files+"/"+id, nil).ok() // by the link
	if n := len(list(w.call(raj, "GET", files, nil).ok(), "files")); n != 0 {
		t.Error("a search finds what is only linked")
	}
	if got := w.rights(mia, id); got != "anyone reader, domain reader example.com, user owner mia@example.com, user writer lee@example.com" {
		t.Errorf("%s", got)
	}
	for i := range 120 {
		u := fmt.Sprintf("p%d@example.com", i)
		w.AddUser(User{Email: u})
		give(mia, u, "reader").ok()
	}
	a := w.call(mia, "GET", perms, nil).ok()
	b := w.call(mia, "GET", perms+"?pageToken="+text(a, "nextPageToken"), nil).ok()
	if len(list(a, "permissions")) != 100 || len(list(b, "permissions")) != 24 || text(b, "nextPageToken") != "" {
		t.Errorf("pages of %d and %d", len(list(a, "permissions")), len(list(b, "permissions")))
	}
}

// Of two changes of one file's permissions at a time, the last is all that is left.
func TestB37LastOneWins(t *testing.T) {
	w := open(t)
	id := w.AddFile(NewFile{Owner: mia, Name: "D", Apps: []string{"app"}})
	perms := files + "/" + id + "/permissions"
	hold, arrived, done := make(chan struct{}), make(chan struct{}), make(chan int)
	w.FailNth("drive.permissions.create", 1, Fault{Hold: hold, Arrived: arrived})
	go func() {
		done <- w.call(mia, "POST", perms, object{"type": "user", "role": "writer", "emailAddress": raj}).code
	}()
	<-arrived
	w.call(mia, "POST", perms, object{"type": "user", "role": "writer", "emailAddress": lee}).ok()
	close(hold)
	if code := <-done; code != 200 {
		t.Fatal(code)
	}
	if got := w.rights(mia, id); got != "user owner mia@example.com, user writer raj@example.com" {
		t.Errorf("%s", got)
	}
}

func TestB37SharedDrive(t *testing.T) {
	w := open(t)
	w.all(raj)
	top := w.AddSharedDrive("Team", map[string]string{mia: "organizer", lee: "reader"})
	w.Open(top, "app")
	f := w.call(mia, "POST", files+"?supportsAllDrives=true&fields=*", object{"name": "D", "mimeType": DocMIME, "parents": []any{top}}).ok()
	if text(f, "driveId") == "" || f["permissions"] != nil || f["owners"] != nil || f["writersCanShare"] != nil {
		t.Errorf("%v", f)
	}
	id := text(f, "id")
	if got := w.rights(mia, id); got != "user organizer mia@example.com inherited, user reader lee@example.com inherited" {
		t.Errorf("%s", got)
	}
	w.call(mia, "GET", files+"/"+id, nil).wrong(404, "notFound") // without supportsAllDrives
	perms := files + "/" + id + "/permissions"
	w.call(mia, "POST", perms+"?supportsAllDrives=true", object{"type": "user", "role": "writer", "emailAddress": raj}).ok()
	w.call(mia, "DELETE", perms+"/"+grantee("user", lee)+"?supportsAllDrives=true", nil).wrong(403, "cannotModifyInheritedPermission")
	w.call(mia, "PATCH", files+"/"+id+"?supportsAllDrives=true", object{"inheritedPermissionsDisabled": true}).ok()
	if got := w.rights(raj, id); got != "user writer raj@example.com" {
		t.Errorf("alone: %s", got)
	}
}

func TestB38Documents(t *testing.T) {
	w := open(t)
	w.all(raj)
	id := w.AddFile(NewFile{Owner: mia, Name: "1:1", Text: "= {title}\n# Old\n- 😀 one\n", Apps: []string{"app"}})
	get := func(user string) object { return w.call(user, "GET", "/v1/documents/"+id, nil).ok() }
	update := func(revision string, requests ...object) reply {
		body := object{"requests": anys(requests)}
		if revision != "" {
			body["writeControl"] = object{"requiredRevisionId": revision}
		}
		return w.call(mia, "POST", "/v1/documents/"+id+":batchUpdate", body)
	}
	d := get(mia)
	content := list(sub(d, "body"), "content")
	last := content[len(content)-1].(object)
	if text(d, "title") != "1:1" || len(content) != 4 || number(last, "endIndex") != 20 || text(sub(sub(last, "paragraph"), "bullet"), "listId") == "" {
		t.Errorf("%v", d)
	}
	style := func(i int) string {
		return text(sub(sub(content[i].(object), "paragraph"), "paragraphStyle"), "namedStyleType")
	}
	if style(1) != "TITLE" || style(2) != "HEADING_1" {
		t.Errorf("styles %s, %s", style(1), style(2))
	}
	replace := object{"replaceAllText": object{"containsText": object{"text": "{title}", "matchCase": true}, "replaceText": "Mia & Raj"}}
	for i, want := range []int{1, 0} { // safe to repeat
		a := update("", replace).ok()
		if n := number(sub(list(a, "replies")[0].(object), "replaceAllText"), "occurrencesChanged"); n != want {
			t.Errorf("time %d: %d changed", i, n)
		}
	}
	rev := text(get(mia), "revisionId")
	a := update(rev, object{"insertText": object{"endOfSegmentLocation": object{}, "text": " two"}},
		object{"insertText": object{"location": object{"index": 11}, "text": "Tue 1 Dec\n"}},
		object{"updateParagraphStyle": object{"range": object{"startIndex": 11, "endIndex": 21}, "paragraphStyle": object{"namedStyleType": "HEADING_2"}, "fields": "namedStyleType"}},
		object{"createNamedRange": object{"name": "s", "range": object{"startIndex": 12, "endIndex": 20}}}).ok()
	if got := w.Doc(id); got != "= Mia & Raj\n## Tue 1 Dec\n# Old\n- 😀 one two\n" || len(list(a, "replies")) != 4 || text(sub(list(a, "replies")[3].(object), "createNamedRange"), "namedRangeId") == "" {
		t.Errorf("%q, %v", got, a)
	}
	if now := text(get(mia), "revisionId"); now == rev || now != text(sub(a, "writeControl"), "requiredRevisionId") {
		t.Errorf("revision %s", now)
	}
	e := update(rev, replace)
	if e.code != 400 || text(sub(e.body, "error"), "status") != "FAILED_PRECONDITION" {
		t.Errorf("an old revision: %d %v", e.code, e.body)
	}
	rev = text(get(mia), "revisionId")
	w.TypeAt(id, 1, "Our ") // somebody types in between
	if update(rev, replace).code != 400 {
		t.Error("the revision of before somebody typed is taken")
	}
	ranges := func() object {
		all := list(sub(sub(get(mia), "namedRanges"), "s"), "namedRanges")
		if len(all) == 0 {
			return nil
		}
		return list(all[0].(object), "ranges")[0].(object)
	}
	if r := ranges(); number(r, "startIndex") != 16 || number(r, "endIndex") != 24 {
		t.Errorf("the named range is at %v", r)
	}
	// All or nothing.
	before := w.Doc(id)
	for what, bad := range map[string]object{
		"past the end":       {"insertText": object{"location": object{"index": 999}, "text": "x"}},
		"at 0":               {"insertText": object{"location": object{"index": 0}, "text": "x"}},
		"the last newline":   {"deleteContentRange": object{"range": object{"startIndex": 40, "endIndex": 44}}},
		"half a character":   {"deleteContentRange": object{"range": object{"startIndex": 33, "endIndex": 34}}},
		"an empty range":     {"deleteContentRange": object{"range": object{"startIndex": 5, "endIndex": 5}}},
		"an unknown request": {"insertPageBreak": object{"endOfSegmentLocation": object{}}},
	} {
		if a := update("", object{"insertText": object{"location": object{"index": 1}, "text": "gone"}}, bad); a.code != 400 || text(sub(a.body, "error"), "status") != "INVALID_ARGUMENT" || !strings.Contains(text(sub(a.body, "error"), "message"), "requests[1]") {
			t.Errorf("%s: %d %v", what, a.code, a.body)
		}
	}
	if w.Doc(id) != before {
		t.Errorf("half done: %q", w.Doc(id))
	}
	update("", object{"deleteContentRange": object{"range": object{"startIndex": 1, "endIndex": 5}}}, object{"deleteParagraphBullets": object{"range": object{"startIndex": 30, "endIndex": 31}}},
		object{"updateTextStyle": object{"range": object{"startIndex": 1, "endIndex": 4}, "textStyle": object{"bold": true}, "fields": "bold"}}).ok()
	p := sub(list(sub(get(mia), "body"), "content")[1].(object), "paragraph")
	if runs := list(p, "elements"); len(runs) != 2 || !yes(sub(sub(runs[0].(object), "textRun"), "textStyle"), "bold") || text(sub(runs[0].(object), "textRun"), "content") != "Mia" {
		t.Errorf("runs %v", runs)
	}
	if got := w.Doc(id); got != "= Mia & Raj\n## Tue 1 Dec\n# Old\n😀 one two\n" {
		t.Errorf("%q", got)
	}
	update("", object{"createParagraphBullets": object{"range": object{"startIndex": 27, "endIndex": 28}, "bulletPreset": "BULLET_CHECKBOX"}}, object{"deleteNamedRange": object{"name": "s"}}).ok()
	if ranges() != nil || !strings.HasSuffix(w.Doc(id), "- 😀 one two\n") {
		t.Errorf("%v %q", ranges(), w.Doc(id))
	}
	w.Grant(id, "user", raj, "reader")
	if get(raj)["revisionId"] != nil {
		t.Error("a reader is told the revision")
	}
	a403 := w.call(raj, "POST", "/v1/documents/"+id+":batchUpdate", object{"requests": []any{replace}})
	if a403.code != 403 || text(sub(a403.body, "error"), "status") != "PERMISSION_DENIED" {
		t.Errorf("a reader writes: %d", a403.code)
	}
	made := w.call(mia, "POST", "/v1/documents", object{"title": "New"}).ok()
	if text(w.call(mia, "GET", "/v1/documents/"+text(made, "documentId")+"?includeTabsContent=true", nil).ok(), "title") != "New" {
		t.Error("not made")
	}
	w.call(mia, "GET", "/v1/documents/nothing", nil).wrong(404, "notFound")
}

func TestB39DriveFile(t *testing.T) {
	w := open(t)
	theirs := w.AddFile(NewFile{Owner: mia, Name: "Template", Text: "x"})
	for _, path := range []string{files + "/" + theirs, files + "/" + theirs + "/permissions", "/v1/documents/" + theirs} {
		w.call(mia, "GET", path, nil).wrong(404, "notFound")
	}
	w.call(mia, "POST", files+"/"+theirs+"/copy", object{}).wrong(404, "notFound")
	if n := len(list(w.call(mia, "GET", files, nil).ok(), "files")); n != 0 {
		t.Errorf("%d files listed", n)
	}
	w.Open(theirs, "app") // the user picked it
	id := text(w.call(mia, "POST", files+"/"+theirs+"/copy", object{}).ok(), "id")
	w.call(mia, "GET", files+"/"+id, nil).ok()
	other := w.Token(mia, "other", "drive.file")
	w.raw(other, "GET", files+"/"+id, nil).wrong(404, "notFound")
	// Reading everything is not writing everything.
	reads := w.Token(mia, "third", "drive.file", "drive.readonly")
	w.raw(reads, "GET", files+"/"+id, nil).ok()
	w.raw(reads, "PATCH", files+"/"+id, object{"name": "x"}).wrong(403, "appNotAuthorizedToFile")
	w.raw(reads, "POST", files+"/"+id+"/copy", object{}).ok()
	w.Trash(id, true)
	if f := w.call(mia, "GET", files+"/"+id+"?fields=trashed", nil).ok(); !yes(f, "trashed") {
		t.Errorf("%v", f)
	}
	w.DeleteFile(id)
	w.call(mia, "GET", files+"/"+id, nil).wrong(404, "notFound")
	if u := sub(w.call(mia, "GET", "/drive/v3/about?fields=user", nil).ok(), "user"); text(u, "emailAddress") != mia || !yes(u, "me") {
		t.Errorf("%v", u)
	}
}
