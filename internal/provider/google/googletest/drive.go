package googletest

import (
	"encoding/hex"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
	"time"
)

// MIME types of Drive's own.
const (
	DocMIME    = "application/vnd.google-apps.document"
	FolderMIME = "application/vnd.google-apps.folder"
)

// drive is everybody's files.
type drive struct {
	files  map[string]*file
	drives map[string]*sharedDrive
}

type sharedDrive struct {
	id      string
	members []*permission
}

// file is a file or folder.
type file struct {
	id, name, mime, parent string
	description            string
	owner                  *User        // nil in a shared drive
	shared                 *sharedDrive // nil in somebody's own Drive
	created, modified      time.Time
	version                int64
	trashed                bool
	writersCanShare        bool
	alone                  bool // inheritedPermissionsDisabled
	apps                   map[string]bool
	appProps               map[string]object // by app
	props                  object
	perms                  []*permission
	doc                    *document
}

// permission is one row of who may do what. Its id is that of its grantee, on every file.
type permission struct {
	id, kind, role, email, domain string
	discover, pending, deleted    bool
	expires                       time.Time
	view                          string
	inherited                     string // id of where it comes from, "" for the file's own
}

func (d *drive) init() { d.files, d.drives = map[string]*file{}, map[string]*sharedDrive{} }

// grantee is the permission id of a user, domain or of everybody.
func grantee(kind, who string) string {
	if kind == "anyone" {
		return "anyoneWithLink"
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(kind + " " + strings.ToLower(who))) // never fails
	return strconv.FormatUint(h.Sum64(), 10)
}

func (s *Server) rootOf(u *User) string {
	id := "root-" + hex.EncodeToString([]byte(u.Email))
	if s.drive.files[id] == nil {
		s.drive.files[id] = &file{id: id, name: "My Drive", mime: FolderMIME, owner: u, created: s.now(), modified: s.now(), writersCanShare: true,
			perms: []*permission{{id: grantee("user", u.Email), kind: "user", role: "owner", email: u.Email}}}
	}
	return id
}

func (s *Server) newFile(u *User, name, mime, parent string) *file {
	f := &file{id: "1" + s.newID() + "_" + s.newID()[:6], name: name, mime: mime, owner: u, created: s.now(), modified: s.now(), version: 1,
		writersCanShare: true, apps: map[string]bool{}, appProps: map[string]object{}, props: object{}}
	if f.parent = parent; parent == "" {
		f.parent = s.rootOf(u)
	}
	if p := s.drive.files[f.parent]; p != nil && p.shared != nil {
		f.shared, f.owner = p.shared, nil
	} else {
		f.perms = []*permission{{id: grantee("user", u.Email), kind: "user", role: "owner", email: u.Email}}
	}
	if mime == DocMIME {
		f.doc = newDocument("")
	}
	s.drive.files[f.id] = f
	return f
}

// changed is a change of the file.
func (s *Server) changed(f *file) {
	f.version++
	f.modified = s.now()
}

// roleRanks orders what Drive lets people do.
var roleRanks = map[string]int{"reader": 1, "commenter": 2, "writer": 3, "fileOrganizer": 4, "organizer": 5, "owner": 6}

// effective are the file's own permissions and those it inherits. Of a grantee with both the greater counts.
func (s *Server) effective(f *file) []*permission {
	out := slices.Clone(f.perms)
	add := func(p *permission, from string) {
		i := slices.IndexFunc(out, func(o *permission) bool { return o.id == p.id })
		q := *p
		if q.inherited = from; q.role == "owner" && f.owner != nil && f.owner.is(q.email) {
			return
		}
		if q.role == "owner" {
			q.role = "writer" // the owner of the folder is no owner of what others put there
		}
		if i < 0 {
			out = append(out, &q)
		} else if roleRanks[q.role] > roleRanks[out[i].role] {
			out[i] = &q
		}
	}
	if f.alone {
		return out
	}
	if parent := s.drive.files[f.parent]; parent != nil && !strings.HasPrefix(parent.id, "root-") {
		for _, p := range s.effective(parent) {
			from := p.inherited
			if from == "" {
				from = parent.id
			}
			add(p, from)
		}
	} else if f.shared != nil {
		for _, p := range f.shared.members {
			add(p, f.shared.id)
		}
	}
	return out
}

// roleOf is what the user may do with the file: "" for nothing. Domain and link count.
func (s *Server) roleOf(f *file, email string) string {
	best := ""
	u := s.users[email]
	for _, p := range s.effective(f) {
		if !p.expires.IsZero() && !s.now().Before(p.expires) || p.deleted || p.view != "" {
			continue
		}
		on := p.kind == "user" && (p.email == email || u.is(p.email)) || p.kind == "domain" && domainOf(email) == p.domain || p.kind == "anyone"
		if on && roleRanks[p.role] > roleRanks[best] {
			best = p.role
		}
	}
	return best
}

// all reports whether the scopes let the app see every file, and change every one.
func (c *caller) all() (read, write bool) {
	has := func(n string) bool { return c.scopes[scopeRoot+n] }
	return has("drive") || has("drive.readonly") || has("drive.metadata") || has("drive.metadata.readonly") || has("documents") || has("documents.readonly"), has("drive") || has("documents")
}

// seen finds a file for a request, with the caller's role. What the app neither made nor was given is not there.
func (s *Server) seen(c *caller, r *request, id string) (*file, string, *problem) {
	if id == "root" && s.users[c.email] != nil {
		id = s.rootOf(s.users[c.email])
	}
	f := s.drive.files[id]
	missing := &problem{code: 404, domain: "global", reason: "notFound", text: "File not found: " + id + ".", locationType: "parameter", location: "fileId"}
	if f == nil {
		return nil, "", missing
	}
	role := s.roleOf(f, c.email)
	read, _ := c.all()
	if role == "" || !read && !f.apps[c.app] && !strings.HasPrefix(f.id, "root-") ||
		f.shared != nil && strings.HasPrefix(r.method.id, "drive.") && r.query.Get("supportsAllDrives") != "true" {
		return nil, "", missing
	}
	return f, role, nil
}

// changeable is seen for a change: it takes a writer, and an app that may change the file.
func (s *Server) changeable(c *caller, r *request, id string) (*file, string, *problem) {
	f, role, p := s.seen(c, r, id)
	if p != nil {
		return nil, "", p
	}
	if _, write := c.all(); !write && !f.apps[c.app] {
		return nil, "", forbidden("global", "appNotAuthorizedToFile", "The user has not granted the app write access to the file "+id+".")
	}
	if roleRanks[role] < roleRanks["writer"] {
		return nil, "", insufficientFile()
	}
	return f, role, nil
}

func insufficientFile() *problem {
	return forbidden("global", "insufficientFilePermissions", "The user does not have sufficient permissions for this file.")
}

// mayShare: owners and organizers may; writers where the file lets them.
func (f *file) mayShare(role string) bool {
	if f.shared != nil {
		return roleRanks[role] >= roleRanks["fileOrganizer"]
	}
	return role == "owner" || roleRanks[role] >= roleRanks["writer"] && f.writersCanShare
}

// user is a person as Drive tells them.
func (s *Server) user(u *User, c *caller) object {
	return object{"kind": "drive#user", "displayName": u.Name, "me": u.Email == c.email, "permissionId": grantee("user", u.Email), "emailAddress": u.Email}
}

// link is where people open the file.
func (f *file) link() string {
	switch f.mime {
	case DocMIME:
		return "https://docs.google.com/document/d/" + f.id + "/edit?usp=drivesdk"
	case FolderMIME:
		return "https://drive.google.com/drive/folders/" + f.id
	}
	return "https://drive.google.com/file/d/" + f.id + "/view?usp=drivesdk"
}

// render is the whole of a file; answers show of it what fields asks for.
func (s *Server) renderFile(f *file, role string, c *caller) object {
	writer, shares := roleRanks[role] >= roleRanks["writer"], f.mayShare(role)
	out := object{"kind": "drive#file", "id": f.id, "name": f.name, "mimeType": f.mime, "trashed": f.trashed, "explicitlyTrashed": f.trashed,
		"createdTime": milli(f.created), "modifiedTime": milli(f.modified), "version": strconv.FormatInt(f.version, 10), "webViewLink": f.link(),
		"isAppAuthorized": f.apps[c.app], "starred": false, "spaces": []any{"drive"}, "parents": []any{f.parent},
		"capabilities": object{"canEdit": writer, "canCopy": role != "", "canShare": shares, "canComment": roleRanks[role] >= roleRanks["commenter"], "canDownload": role != "",
			"canAddChildren": writer && f.mime == FolderMIME, "canListChildren": f.mime == FolderMIME, "canRename": writer, "canModifyContent": writer,
			"canTrash": role == "owner" || f.shared != nil && writer, "canDelete": role == "owner" || role == "organizer"}}
	if f.description != "" {
		out["description"] = f.description
	}
	if f.mime != FolderMIME {
		out["size"], out["quotaBytesUsed"] = "1024", "1024"
	}
	if props := f.appProps[c.app]; len(props) > 0 {
		out["appProperties"] = clone(props)
	}
	if len(f.props) > 0 {
		out["properties"] = clone(f.props)
	}
	if f.alone {
		out["inheritedPermissionsDisabled"] = true
	}
	if f.shared != nil {
		out["driveId"] = f.shared.id
		return out
	}
	rows := s.effective(f)
	out["owners"], out["ownedByMe"] = []any{s.user(f.owner, c)}, f.owner.Email == c.email
	out["writersCanShare"], out["shared"] = f.writersCanShare, len(rows) > 1
	if shares {
		var all, ids []any
		for _, p := range rows {
			all, ids = append(all, s.renderPermission(p, f)), append(ids, p.id)
		}
		out["permissions"], out["permissionIds"] = all, ids
	}
	return out
}

func (s *Server) renderPermission(p *permission, f *file) object {
	out := object{"kind": "drive#permission", "id": p.id, "type": p.kind, "role": p.role}
	switch p.kind {
	case "user", "group":
		out["emailAddress"], out["displayName"], out["deleted"] = p.email, s.nameOf(p.email), p.deleted
		if f.shared == nil {
			out["pendingOwner"] = p.pending
		}
	case "domain":
		out["domain"], out["displayName"], out["allowFileDiscovery"] = p.domain, p.domain, p.discover
	case "anyone":
		out["allowFileDiscovery"] = p.discover
	}
	if !p.expires.IsZero() {
		out["expirationTime"] = milli(p.expires)
	}
	if p.view != "" {
		out["view"] = p.view
	}
	detail := object{"permissionType": "file", "role": p.role, "inherited": p.inherited != ""}
	if p.inherited != "" {
		detail["inheritedFrom"] = p.inherited
		if f.shared != nil && p.inherited == f.shared.id {
			detail["permissionType"] = "member"
		}
	}
	out["permissionDetails"] = []any{detail}
	return out
}
