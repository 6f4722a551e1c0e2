package prepdoc

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"google.golang.org/api/docs/v1"
	"google.golang.org/api/drive/v3"
	"google.golang.org/api/googleapi"
	"google.golang.org/api/option"

	"holdfast/internal/provider"
	"holdfast/internal/series"
)

// Scope is the least that the manager's client needs: files that Holdfast made or was given.
const Scope = drive.DriveFileScope

// AllScope is what it needs beyond that to copy a template that a person made: all files that the manager sees.
const AllScope = drive.DriveScope

// The keys of Marks among the document's appProperties.
const (
	keyMark     = "holdfast"
	reportMark  = "holdfastReport"
	addressMark = "holdfastAddress"
	sectionMark = "holdfastSection"
)

const (
	fileFields = "id,appProperties,trashed,writersCanShare,driveId,capabilities/canEdit,owners(me,permissionId)"
	permFields = "id,type,role,emailAddress,deleted,pendingOwner,expirationTime,permissionDetails,view"
)

// client acts at Google as one person.
type client struct {
	drive *drive.Service
	docs  *docs.Service
	quota googleapi.CallOption // whose quota a service account uses
}

// client opens the manager's client.
func (d *Docs) client(ctx context.Context, p series.Person) (*client, error) {
	h, err := d.Clients.ClientFor(ctx, p)
	if err != nil {
		if provider.KindOf(err) == provider.Permanent {
			err = &provider.Error{Kind: provider.Auth, Op: "sign in as " + p.ID, Err: err}
		}
		return nil, err
	}
	sum := sha256.Sum256([]byte(p.Email))
	c := &client{quota: googleapi.QuotaUser(hex.EncodeToString(sum[:20]))}
	if c.drive, err = drive.NewService(ctx, d.to(h, "/drive/v3/")...); err != nil {
		return nil, failure("reach Drive", err)
	}
	if c.docs, err = docs.NewService(ctx, d.to(h, "/")...); err != nil {
		return nil, failure("reach Docs", err)
	}
	return c, nil
}

// to are the options of a service at the endpoint's path.
func (d *Docs) to(h *http.Client, path string) []option.ClientOption {
	out := []option.ClientOption{option.WithHTTPClient(h)}
	if d.Endpoint != "" {
		out = append(out, option.WithEndpoint(strings.TrimSuffix(d.Endpoint, "/")+path))
	}
	return out
}

// look reads the metadata of the pair's document: that of the one which the calendar links to, so that two daemons come to one,
// else that of st.File, else of the one that bears the pair's mark, one in the trash last.
func (c *client) look(ctx context.Context, w Want, st State) (*Seen, error) {
	ids := []string{st.File}
	if known := FileID(w.Known); w.made() && known != st.File {
		ids = []string{known, st.File}
	}
	var trashed *Doc
	for _, id := range ids {
		if id == "" {
			continue
		}
		d, err := c.get(ctx, id)
		if err != nil {
			return nil, err
		}
		if d == nil || w.made() && !slices.Contains(w.keys(), d.Marks.Key) {
			continue
		}
		if !d.Trashed || !w.made() {
			return c.permissions(ctx, d)
		}
		trashed = d
	}
	if !w.made() {
		return &Seen{}, nil
	}
	for _, inTrash := range []bool{false, true} {
		if inTrash && trashed != nil {
			return &Seen{trashed}, nil
		}
		for _, key := range w.keys() {
			d, err := c.find(ctx, key, inTrash)
			if d != nil || err != nil {
				if err != nil {
					return nil, err
				}
				return c.permissions(ctx, d)
			}
		}
	}
	return &Seen{}, nil
}

// get reads one file's metadata; nil if it is not there or not to be seen.
func (c *client) get(ctx context.Context, id string) (*Doc, error) {
	f, err := c.drive.Files.Get(id).SupportsAllDrives(true).Fields(fileFields).Context(ctx).Do(c.quota)
	if err = failure("look at the document", err); err != nil {
		if n, reason := status(err); n == http.StatusNotFound || reason == "appNotAuthorizedToFile" {
			return nil, nil
		}
		return nil, err
	}
	return docOf(f), nil
}

// find searches the document of a key: the oldest, if a crash or a slow search led to a second one.
func (c *client) find(ctx context.Context, key string, trashed bool) (*Doc, error) {
	call := c.drive.Files.List().SupportsAllDrives(true).IncludeItemsFromAllDrives(true).PageSize(100).
		Q(fmt.Sprintf("appProperties has { key='%s' and value='%s' } and trashed = %t", keyMark, key, trashed)).
		Fields("nextPageToken", "files(createdTime,"+fileFields+")")
	var first *drive.File
	for token := ""; ; {
		page, err := call.PageToken(token).Context(ctx).Do(c.quota)
		if err != nil {
			return nil, failure("search the document", err)
		}
		for _, f := range page.Files {
			// Times of one form order as text.
			if first == nil || f.CreatedTime+f.Id < first.CreatedTime+first.Id {
				first = f
			}
		}
		if token = page.NextPageToken; token == "" {
			break
		}
	}
	if first == nil {
		return nil, nil
	}
	return docOf(first), nil
}

func docOf(f *drive.File) *Doc {
	d := &Doc{ID: f.Id, Trashed: f.Trashed, WritersCanShare: f.WritersCanShare, SharedDrive: f.DriveId != "",
		CanEdit: f.Capabilities != nil && f.Capabilities.CanEdit,
		Marks:   Marks{Key: f.AppProperties[keyMark], Report: f.AppProperties[reportMark], Address: f.AppProperties[addressMark]}}
	if s, err := series.ParseDate(f.AppProperties[sectionMark]); err == nil {
		d.Marks.Section = s
	}
	for _, o := range f.Owners {
		if o.Me {
			d.Owner = o.PermissionId
		}
	}
	return d
}

// permissions adds who may do what with d.
func (c *client) permissions(ctx context.Context, d *Doc) (*Seen, error) {
	if d.Trashed {
		return &Seen{d}, nil
	}
	d.Permissions = nil
	call := c.drive.Permissions.List(d.ID).SupportsAllDrives(true).PageSize(100).Fields("nextPageToken", "permissions("+permFields+")")
	for token := ""; ; {
		page, err := call.PageToken(token).Context(ctx).Do(c.quota)
		if err = failure("list who has access", err); err != nil {
			if n, reason := status(err); n == http.StatusForbidden && reason == "insufficientFilePermissions" {
				d.Permissions, d.Private = nil, true
				return &Seen{d}, nil
			}
			return nil, err
		}
		for _, p := range page.Permissions {
			d.Permissions = append(d.Permissions, permissionOf(p))
		}
		if token = page.NextPageToken; token == "" {
			return &Seen{d}, nil
		}
	}
}

func permissionOf(p *drive.Permission) Permission {
	out := Permission{ID: p.Id, Type: p.Type, Role: p.Role, Address: series.Address(p.EmailAddress), View: p.View, Deleted: p.Deleted,
		Pending:   p.PendingOwner,
		Inherited: len(p.PermissionDetails) > 0 && !slices.ContainsFunc(p.PermissionDetails, func(x *drive.PermissionPermissionDetails) bool { return !x.Inherited })}
	if p.ExpirationTime != "" {
		// A time that cannot be read is no expiry: whoever it is may see the document.
		out.Expires, _ = time.Parse(time.RFC3339, p.ExpirationTime)
	}
	return out
}

// copy makes the pair's document. The folder is always named: a copy without one takes that of its template, and who may see
// it (drive-api.json, File.parents).
func (c *client) copy(ctx context.Context, w Want) (string, error) {
	folder := w.Series.Doc.Folder
	if folder == "" {
		folder = "root"
	}
	f, err := c.drive.Files.Copy(w.Series.Doc.Template, &drive.File{Name: w.Series.Title, Parents: []string{folder},
		AppProperties: map[string]string{keyMark: w.keys()[0]},
		// A copy has the properties of its source: those of another pair's document go (drive-api.json, File.appProperties).
		NullFields: []string{"AppProperties." + reportMark, "AppProperties." + addressMark, "AppProperties." + sectionMark}}).
		IgnoreDefaultVisibility(true).SupportsAllDrives(true).Fields(fileFields).Context(ctx).Do(c.quota)
	if err = failure("copy the template", err); err != nil {
		if n, _ := status(err); n == http.StatusNotFound {
			err = &provider.Error{Kind: provider.Auth, Op: "prep doc: copy the template", Hint: seeTemplate, Err: errors.Unwrap(err)}
		}
		return "", err
	}
	return f.Id, nil
}

// lock lets nobody but the owner share the document.
func (c *client) lock(ctx context.Context, id string) error {
	_, err := c.drive.Files.Update(id, &drive.File{ForceSendFields: []string{"WritersCanShare"}}).
		SupportsAllDrives(true).Fields("id").Context(ctx).Do(c.quota)
	return failure("keep the document from being shared on", err)
}

// share lets the report edit the document. No mail: the link comes with the invitation.
func (c *client) share(ctx context.Context, id string, report series.Person) (Permission, error) {
	p, err := c.drive.Permissions.Create(id, &drive.Permission{Type: "user", Role: "writer", EmailAddress: report.Email}).
		SendNotificationEmail(false).SupportsAllDrives(true).Fields(permFields).Context(ctx).Do(c.quota)
	if err = failure("share the document with "+report.ID, err); err != nil {
		return Permission{}, err
	}
	return permissionOf(p), nil
}

// mark writes the marks onto the document.
func (c *client) mark(ctx context.Context, id string, m Marks) error {
	props := map[string]string{keyMark: m.Key}
	if m.Report != "" {
		props[reportMark], props[addressMark] = m.Report, m.Address
	}
	if !m.Section.IsZero() {
		props[sectionMark] = m.Section.String()
	}
	_, err := c.drive.Files.Update(id, &drive.File{AppProperties: props}).SupportsAllDrives(true).Fields("id").Context(ctx).Do(c.quota)
	return failure("mark the document", err)
}
