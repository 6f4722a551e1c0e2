package googletest

import (
	"strings"
	"unicode/utf16"
)

func units16(s string) int { return len(utf16.Encode([]rune(s))) }

// NewFile is a file that a person makes in Drive's own pages.
type NewFile struct {
	Owner, Name string
	MIME        string // default DocMIME
	Parent      string // id of a folder; default the owner's My Drive
	// Text of a document: "# " begins a heading (to "###### "), "= " a title, "- " a bullet.
	Text string
	Apps []string // apps that the owner opened it with
}

// AddFile makes a file and returns its id.
func (s *Server) AddFile(n NewFile) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.newFile(s.users[strings.ToLower(n.Owner)], n.Name, or(n.MIME, DocMIME), n.Parent)
	if f.doc != nil {
		f.doc = newDocument(n.Text)
	}
	for _, a := range n.Apps {
		f.apps[a] = true
	}
	return f.id
}

// AddSharedDrive makes a shared drive with members (address to role) and returns the id of its top folder.
func (s *Server) AddSharedDrive(name string, members map[string]string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := &sharedDrive{id: "0A" + s.newID()[:17]}
	for _, m := range sorted(members) {
		d.members = append(d.members, &permission{id: grantee("user", m), kind: "user", role: members[m], email: m})
	}
	s.drive.drives[d.id] = d
	s.drive.files[d.id] = &file{id: d.id, name: name, mime: FolderMIME, shared: d, created: s.now(), modified: s.now(), apps: map[string]bool{}, appProps: map[string]object{}, props: object{}}
	return d.id
}

// Open gives an app a file: the user picked it, or opened it with the app.
func (s *Server) Open(id, app string) { s.onFile(id, func(f *file) { f.apps[app] = true }) }

// Grant is what a person sets in the sharing dialog: kind user, group, domain or anyone; role "" takes it away.
func (s *Server) Grant(id, kind, who, role string) {
	s.onFile(id, func(f *file) {
		row := &permission{id: grantee(kind, who), kind: kind, role: role}
		switch kind {
		case "user", "group":
			row.email = strings.ToLower(who)
		case "domain":
			row.domain = who
		}
		var rows []*permission
		for _, p := range f.perms {
			if p.id != row.id {
				rows = append(rows, p)
			}
		}
		if f.perms = rows; role != "" {
			f.perms = append(f.perms, row)
		}
	})
}

// Trash puts a file into the trash, or takes it out.
func (s *Server) Trash(id string, in bool) { s.onFile(id, func(f *file) { f.trashed = in }) }

// DeleteFile deletes a file for ever.
func (s *Server) DeleteFile(id string) {
	s.onFile(id, func(*file) { delete(s.drive.files, id) })
}

// Type is a person typing into a document before its last newline; TypeAt before an index.
func (s *Server) Type(id, text string) {
	s.onFile(id, func(f *file) { f.typed(f.doc.end()-1, text) })
}

// TypeAt is a person typing into a document before an index.
func (s *Server) TypeAt(id string, index int, text string) {
	s.onFile(id, func(f *file) { f.typed(index, text) })
}

func (f *file) typed(index int, text string) {
	d := f.doc.copy()
	if err := d.insert(index, text); err != nil {
		panic(err) // the test names a place that is not there
	}
	d.revision++
	f.doc = d
}

// SetDoc makes a person's text of a whole document, in the form of NewFile.Text. Named ranges go.
func (s *Server) SetDoc(id, text string) {
	s.onFile(id, func(f *file) {
		d := newDocument(text)
		d.revision = f.doc.revision + 1
		f.doc = d
	})
}

// Doc is a document's text, in the form of NewFile.Text.
func (s *Server) Doc(id string) string {
	out := ""
	s.onFile(id, func(f *file) { out = f.doc.String() })
	return out
}

// Files are the ids of all files but root folders.
func (s *Server) Files() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for _, id := range sorted(s.drive.files) {
		if !strings.HasPrefix(id, "root-") {
			out = append(out, id)
		}
	}
	return out
}

func (s *Server) onFile(id string, do func(f *file)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.drive.files[id]
	if f == nil {
		panic("googletest: no file " + id)
	}
	do(f)
	s.changed(f)
}
