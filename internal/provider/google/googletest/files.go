package googletest

import (
	"regexp"
	"slices"
	"strings"
	"time"
)

// What Drive answers when fields does not say.
const (
	fileDefault = "kind,id,name,mimeType"
	permDefault = "kind,id,type,role"
)

// defaultFields asks for what an answer holds by default.
func (r *request) defaultFields(fields string) {
	if !r.query.Has("fields") {
		r.query.Set("fields", fields)
	}
}

// fileShape is what clients may write of a file.
var fileShape = shape{"name": str, "mimeType": str, "description": str, "parents": of{str}, "appProperties": dict, "properties": dict,
	"trashed": boolean, "writersCanShare": boolean, "inheritedPermissionsDisabled": boolean}

func (s *Server) filesGet(c *caller, r *request) (any, *problem) {
	f, role, p := s.seen(c, r, r.path["fileId"])
	if p != nil {
		return nil, p
	}
	r.defaultFields(fileDefault)
	return s.renderFile(f, role, c), nil
}

// parentOf is the folder that a new file goes to; it takes a writer.
func (s *Server) parentOf(c *caller, r *request, body object) (string, *problem) {
	parents := texts(body, "parents")
	if len(parents) == 0 {
		return "", nil
	}
	if len(parents) > 1 {
		return "", bad("teamDrivesParentLimit", "A file can only have one parent.")
	}
	f, role, p := s.seen(c, r, parents[0])
	if p != nil {
		return "", p
	}
	if f.mime != FolderMIME || roleRanks[role] < roleRanks["writer"] {
		return "", insufficientFile()
	}
	return f.id, nil
}

// newlyMade finishes a new file: its maker's app may see it, and the domain where that is the default.
func (s *Server) newlyMade(c *caller, r *request, f *file, body object) (any, *problem) {
	f.apps[c.app] = true
	f.appProps[c.app] = merge(f.appProps[c.app], sub(body, "appProperties"))
	f.props = merge(f.props, sub(body, "properties"))
	f.description = text(body, "description")
	f.writersCanShare = value(body, "writersCanShare", true)
	if s.opt.Behavior.NewFilesSeenByDomain && r.query.Get("ignoreDefaultVisibility") != "true" && f.shared == nil {
		f.perms = append(f.perms, &permission{id: grantee("domain", s.opt.Domain), kind: "domain", role: "reader", domain: s.opt.Domain, discover: true})
	}
	r.defaultFields(fileDefault)
	return s.renderFile(f, s.roleOf(f, c.email), c), nil
}

func (s *Server) filesCreate(c *caller, r *request) (any, *problem) {
	body, p := fileShape.read(r.body, "")
	if p != nil {
		return nil, p
	}
	parent, p := s.parentOf(c, r, body)
	if p != nil {
		return nil, p
	}
	f := s.newFile(s.users[c.email], or(text(body, "name"), "Untitled"), or(text(body, "mimeType"), "application/octet-stream"), parent)
	return s.newlyMade(c, r, f, body)
}

// filesCopy copies a file with its properties. Without parents the copy goes to the source's folder, where the caller may
// put it there.
func (s *Server) filesCopy(c *caller, r *request) (any, *problem) {
	body, p := fileShape.read(r.body, "")
	if p != nil {
		return nil, p
	}
	src, _, p := s.seen(c, r, r.path["fileId"])
	if p != nil {
		return nil, p
	}
	if src.mime == FolderMIME {
		return nil, forbidden("global", "cannotCopyFile", "This file cannot be copied by the user.")
	}
	parent, p := s.parentOf(c, r, body)
	if p != nil {
		return nil, p
	}
	if folder := s.drive.files[src.parent]; parent == "" && folder != nil && roleRanks[s.roleOf(folder, c.email)] >= roleRanks["writer"] {
		parent = folder.id
	}
	f := s.newFile(s.users[c.email], or(text(body, "name"), "Copy of "+src.name), src.mime, parent)
	f.appProps[c.app], f.props = clone(src.appProps[c.app]), clone(src.props)
	if src.doc != nil {
		f.doc = src.doc.copy()
	}
	return s.newlyMade(c, r, f, body)
}

func (s *Server) filesUpdate(c *caller, r *request) (any, *problem) {
	f, role, p := s.changeable(c, r, r.path["fileId"])
	if p != nil {
		return nil, p
	}
	body, p := fileShape.read(r.body, "")
	if p != nil {
		return nil, p
	}
	if _, has := body["parents"]; has {
		return nil, forbidden("global", "fieldNotWritable", "The parents field is not directly writable in update requests. Use the addParents and removeParents parameters instead.")
	}
	if _, has := body["trashed"]; has && role != "owner" && f.shared == nil {
		return nil, insufficientFile()
	}
	if _, has := body["writersCanShare"]; has && !f.mayShare(role) {
		return nil, insufficientFile()
	}
	if to := r.query.Get("addParents"); to != "" {
		folder, folderRole, p := s.seen(c, r, to)
		if p != nil {
			return nil, p
		}
		if roleRanks[folderRole] < roleRanks["writer"] {
			return nil, insufficientFile()
		}
		f.parent = folder.id
	}
	f.name, f.description = or(text(body, "name"), f.name), or(text(body, "description"), f.description)
	f.trashed, f.writersCanShare, f.alone = value(body, "trashed", f.trashed), value(body, "writersCanShare", f.writersCanShare), value(body, "inheritedPermissionsDisabled", f.alone)
	f.appProps[c.app], f.props = merge(f.appProps[c.app], sub(body, "appProperties")), merge(f.props, sub(body, "properties"))
	s.changed(f)
	r.defaultFields(fileDefault)
	return s.renderFile(f, role, c), nil
}

func (s *Server) filesDelete(c *caller, r *request) (any, *problem) {
	f, role, p := s.changeable(c, r, r.path["fileId"])
	if p != nil {
		return nil, p
	}
	if role != "owner" && role != "organizer" {
		return nil, insufficientFile()
	}
	delete(s.drive.files, f.id)
	return nil, nil
}

// test is one condition of a search.
type test func(f *file, c *caller) bool

var conditions = []struct {
	form *regexp.Regexp
	make func(m []string) test
}{
	{regexp.MustCompile(`^appProperties has \{\s*key\s*=\s*'((?:[^'\\]|\\.)*)'\s+and\s+value\s*=\s*'((?:[^'\\]|\\.)*)'\s*\}`), func(m []string) test {
		return func(f *file, c *caller) bool { return text(f.appProps[c.app], plain(m[1])) == plain(m[2]) }
	}},
	{regexp.MustCompile(`^mimeType\s*=\s*'((?:[^'\\]|\\.)*)'`), func(m []string) test {
		return func(f *file, _ *caller) bool { return f.mime == plain(m[1]) }
	}},
	{regexp.MustCompile(`^name\s*=\s*'((?:[^'\\]|\\.)*)'`), func(m []string) test {
		return func(f *file, _ *caller) bool { return f.name == plain(m[1]) }
	}},
	{regexp.MustCompile(`^'((?:[^'\\]|\\.)*)'\s+in\s+parents`), func(m []string) test {
		return func(f *file, _ *caller) bool { return f.parent == plain(m[1]) }
	}},
	{regexp.MustCompile(`^trashed\s*=\s*(true|false)`), func(m []string) test {
		return func(f *file, _ *caller) bool { return f.trashed == (m[1] == "true") }
	}},
}

func plain(quoted string) string {
	return strings.NewReplacer(`\'`, `'`, `\\`, `\`).Replace(quoted)
}

// readQuery reads the part of Drive's search language that the double knows; all else is an error.
func readQuery(q string) ([]test, bool) {
	var out []test
	for rest := strings.TrimSpace(q); rest != ""; {
		i := slices.IndexFunc(conditions, func(c struct {
			form *regexp.Regexp
			make func(m []string) test
		}) bool {
			return c.form.MatchString(rest)
		})
		if i < 0 {
			return nil, false
		}
		m := conditions[i].form.FindStringSubmatch(rest)
		out = append(out, conditions[i].make(m))
		rest = strings.TrimSpace(rest[len(m[0]):])
		after, ok := strings.CutPrefix(rest, "and ")
		if rest != "" && !ok {
			return nil, false
		}
		rest = strings.TrimSpace(after)
	}
	return out, true
}

func (s *Server) filesList(c *caller, r *request) (any, *problem) {
	tests, ok := readQuery(r.query.Get("q"))
	if !ok {
		return nil, invalid("q")
	}
	size, p := r.count("pageSize", 100, 1000)
	if p != nil {
		return nil, p
	}
	var found []*file
	for _, id := range sorted(s.drive.files) {
		f := s.drive.files[id]
		read, _ := c.all()
		if strings.HasPrefix(id, "root-") || !read && !f.apps[c.app] || !s.listed(f, c) || f.shared != nil && r.query.Get("includeItemsFromAllDrives") != "true" {
			continue
		}
		if !slices.ContainsFunc(tests, func(t test) bool { return !t(f, c) }) {
			found = append(found, f)
		}
	}
	if r.empty {
		found = nil
	}
	from := 0
	if token := r.query.Get("pageToken"); token != "" {
		var at cursor
		if !unseal(token, &at) || at.Kind != "files" || at.Query != digest(r.query) {
			return nil, invalid("pageToken")
		}
		from = at.Offset
	}
	end := min(from+size, len(found))
	files := []any{}
	for _, f := range found[min(from, end):end] {
		files = append(files, s.renderFile(f, s.roleOf(f, c.email), c))
	}
	out := object{"kind": "drive#fileList", "incompleteSearch": false, "files": files}
	if end < len(found) {
		out["nextPageToken"] = s.sealed(cursor{Kind: "files", Query: digest(r.query), Offset: end, Given: time.Time{}})
	}
	r.defaultFields("kind,nextPageToken,incompleteSearch,files(" + fileDefault + ")")
	return out, nil
}

// listed: a search finds what the user has a permission for by name, or what may be discovered.
func (s *Server) listed(f *file, c *caller) bool {
	u := s.users[c.email]
	return slices.ContainsFunc(s.effective(f), func(p *permission) bool {
		return p.kind == "user" && (p.email == c.email || u.is(p.email)) || p.discover && p.kind == "domain" && p.domain == domainOf(c.email)
	})
}

func (s *Server) aboutGet(c *caller, r *request) (any, *problem) {
	if !r.query.Has("fields") {
		return nil, required("The 'fields' parameter is required for this method.")
	}
	return object{"kind": "drive#about", "user": s.user(s.users[c.email], c)}, nil
}
