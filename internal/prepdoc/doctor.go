package prepdoc

import (
	"context"
	"errors"
	"net/http"

	"holdfast/internal/provider"
	"holdfast/internal/series"
)

const googleDoc = "application/vnd.google-apps.document"

// Check looks, as the manager and without writing, whether the document that s wants can be made: the template is a
// Google document that may be copied, and the folder takes it. Of a given one it looks only whether Drive answers: what becomes of
// the document is for flags. The error, of package provider, says what to do.
func (d *Docs) Check(ctx context.Context, s series.Series) error {
	given := FileID(s.Link)
	if s.Doc.Template == "" && given == "" {
		return nil
	}
	c, err := d.client(ctx, s.Manager)
	if err != nil {
		return err
	}
	if s.Doc.Template == "" {
		_, err := c.get(ctx, given)
		return err
	}
	fail := func(err error, hint string) error {
		return &provider.Error{Kind: provider.Auth, Op: "prep doc: look at template and folder", Hint: hint, Err: err}
	}
	for _, id := range []string{s.Doc.Template, s.Doc.Folder} {
		if id == "" {
			continue
		}
		f, err := c.drive.Files.Get(id).SupportsAllDrives(true).
			Fields("mimeType,trashed,capabilities(canCopy,canAddChildren)").Context(ctx).Do(c.quota)
		if err = failure("look at template and folder", err); err != nil {
			if n, _ := status(err); n == http.StatusNotFound {
				return fail(errors.Unwrap(err), seeTemplate)
			}
			return err
		}
		switch template := id == s.Doc.Template; {
		case f.Trashed:
			return fail(errors.New("it is in the trash"), "take template and folder out of the trash, or name others in the roster")
		case template && f.MimeType != googleDoc:
			return fail(errors.New("the template is no Google document"), "name a Google document as template in the roster")
		case template && (f.Capabilities == nil || !f.Capabilities.CanCopy):
			return fail(errors.New("the manager may not copy the template"), hints["cannotCopyFile"])
		case !template && (f.Capabilities == nil || !f.Capabilities.CanAddChildren):
			return fail(errors.New("the manager may not put anything into the folder"), "let the managers edit the folder, or name none")
		}
	}
	return nil
}
