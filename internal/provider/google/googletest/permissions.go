package googletest

import (
	"slices"
	"strings"
	"time"
)

// permShape is what clients may write of a permission.
var permShape = shape{"type": str, "role": str, "emailAddress": str, "domain": str, "allowFileDiscovery": boolean, "expirationTime": str, "view": str}

// rights finds the file of a request about permissions. Reading them takes a writer, changing them who may share.
func (s *Server) rights(c *caller, r *request, change bool) (*file, *problem) {
	f, role, p := s.changeable(c, r, r.path["fileId"])
	if !change {
		f, role, p = s.seen(c, r, r.path["fileId"])
	}
	if p != nil {
		return nil, p
	}
	if change && !f.mayShare(role) || roleRanks[role] < roleRanks["writer"] {
		return nil, insufficientFile()
	}
	return f, nil
}

func (s *Server) permissionsList(c *caller, r *request) (any, *problem) {
	f, p := s.rights(c, r, false)
	if p != nil {
		return nil, p
	}
	def := 100
	rows := s.effective(f)
	size, p := r.count("pageSize", def, 100)
	if p != nil {
		return nil, p
	}
	from := 0
	if token := r.query.Get("pageToken"); token != "" {
		var at cursor
		if !unseal(token, &at) || at.Kind != "permissions" || at.Key != f.id {
			return nil, invalid("pageToken")
		}
		from = at.Offset
	}
	end := min(from+size, len(rows))
	all := []any{}
	for _, row := range rows[min(from, end):end] {
		all = append(all, s.renderPermission(row, f))
	}
	out := object{"kind": "drive#permissionList", "permissions": all}
	if end < len(rows) {
		out["nextPageToken"] = s.sealed(cursor{Kind: "permissions", Key: f.id, Offset: end})
	}
	r.defaultFields("kind,nextPageToken,permissions(" + permDefault + ")")
	return out, nil
}

func (s *Server) permissionsGet(c *caller, r *request) (any, *problem) {
	f, p := s.rights(c, r, false)
	if p != nil {
		return nil, p
	}
	for _, row := range s.effective(f) {
		if row.id == r.path["permissionId"] {
			r.defaultFields(permDefault)
			return s.renderPermission(row, f), nil
		}
	}
	return nil, noPermission(r.path["permissionId"])
}

func noPermission(id string) *problem {
	return &problem{code: 404, domain: "global", reason: "notFound", text: "Permission not found: " + id + ".", locationType: "parameter", location: "permissionId"}
}

// begin is where a change of permissions starts from: as they were when the request came in. So of two at a time only the
// last is applied.
func (f *file) begin(r *request) []*permission {
	var out []*permission
	for _, p := range r.rows {
		q := *p
		out = append(out, &q)
	}
	return out
}

func (s *Server) permissionsCreate(c *caller, r *request) (any, *problem) {
	f, p := s.rights(c, r, true)
	if p != nil {
		return nil, p
	}
	body, p := permShape.read(r.body, "")
	if p != nil {
		return nil, p
	}
	row, p := s.newPermission(f, body, r)
	if p != nil {
		return nil, p
	}
	rows := f.begin(r)
	if i := slices.IndexFunc(rows, func(o *permission) bool { return o.id == row.id }); i >= 0 {
		if roleRanks[row.role] > roleRanks[rows[i].role] {
			rows[i].role = row.role
		}
		row = rows[i]
	} else {
		rows = append(rows, row)
	}
	if f.perms = rows; row.kind == "user" && r.query.Get("sendNotificationEmail") != "false" {
		s.mails = append(s.mails, Mail{At: s.now(), By: c.email, Method: r.method.id, Kind: "share", To: []string{row.email}, Event: f.id})
	}
	s.changed(f)
	r.defaultFields(permDefault)
	return s.renderPermission(row, f), nil
}

func (s *Server) newPermission(f *file, body object, r *request) (*permission, *problem) {
	row := &permission{kind: text(body, "type"), role: text(body, "role"), email: strings.ToLower(text(body, "emailAddress")), domain: text(body, "domain"),
		discover: yes(body, "allowFileDiscovery")}
	who := row.email
	switch row.kind {
	case "user", "group":
		u := s.users[row.email]
		if row.kind == "user" && u == nil {
			return nil, bad("invalidSharingRequest", "Bad Request. User message: \"There is no Google account associated with this email address.\"")
		}
		if u != nil {
			row.email, who = u.Email, u.Email
		}
	case "domain":
		who = row.domain
	case "anyone":
	default:
		return nil, required("The permission type field is required.")
	}
	if row.kind != "anyone" && who == "" {
		return nil, required("The permission is missing its grantee.")
	}
	row.id = grantee(row.kind, who)
	switch {
	case roleRanks[row.role] == 0:
		return nil, required("The permission role field is required.")
	case row.role == "owner" && r.query.Get("transferOwnership") != "true":
		return nil, forbidden("global", "forbidden", "The transferOwnership parameter must be enabled when the permission role is 'owner'.")
	case (row.role == "organizer" || row.role == "fileOrganizer") && f.shared == nil:
		return nil, forbidden("global", "invalidPermissionRole", "This role is for shared drives only.")
	}
	var err error
	if v := text(body, "expirationTime"); v != "" {
		if row.expires, err = time.Parse(time.RFC3339, v); err != nil || !row.expires.After(s.now()) {
			return nil, invalid("expirationTime")
		}
	}
	return row, nil
}

// own finds a permission that can be changed on the file itself.
func (s *Server) own(f *file, r *request, rows []*permission) (int, *problem) {
	id := r.path["permissionId"]
	i := slices.IndexFunc(rows, func(o *permission) bool { return o.id == id })
	switch {
	case i < 0 && slices.ContainsFunc(s.effective(f), func(o *permission) bool { return o.id == id }):
		return 0, forbidden("global", "cannotModifyInheritedPermission", "Cannot update or delete an inherited permission.")
	case i < 0:
		return 0, noPermission(id)
	case rows[i].role == "owner":
		return 0, insufficientFile()
	}
	return i, nil
}

func (s *Server) permissionsUpdate(c *caller, r *request) (any, *problem) {
	f, p := s.rights(c, r, true)
	if p != nil {
		return nil, p
	}
	rows := f.begin(r)
	i, p := s.own(f, r, rows)
	if p != nil {
		return nil, p
	}
	role := text(r.body, "role")
	if roleRanks[role] == 0 || role == "owner" {
		return nil, forbidden("global", "forbidden", "The transferOwnership parameter must be enabled when the permission role is 'owner'.")
	}
	rows[i].role = role
	if r.query.Get("removeExpiration") == "true" {
		rows[i].expires = time.Time{}
	}
	f.perms = rows
	s.changed(f)
	r.defaultFields(permDefault)
	return s.renderPermission(rows[i], f), nil
}

func (s *Server) permissionsDelete(c *caller, r *request) (any, *problem) {
	f, p := s.rights(c, r, true)
	if p != nil {
		return nil, p
	}
	rows := f.begin(r)
	i, p := s.own(f, r, rows)
	if p != nil {
		return nil, p
	}
	f.perms = slices.Delete(rows, i, i+1)
	s.changed(f)
	return nil, nil
}
