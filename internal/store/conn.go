package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"strings"
)

const (
	// idleConns are kept open: to open one anew takes longer than most of what a page asks.
	idleConns = 8
	// keptStatements is how many each of them keeps, more than this package has.
	keptStatements = 128
)

// connector opens connections that keep the queries they were asked, ready to be asked again: to prepare one takes as
// long as to answer it, where it reads a few rows by index.
type connector struct {
	of   driver.Driver
	name string
}

// openKept is the database of that name, as the driver has it.
func openKept(name string) (*sql.DB, error) {
	db, err := sql.Open("sqlite", name) // it opens nothing yet
	if err != nil {
		return nil, err
	}
	c := connector{db.Driver(), name}
	if err := db.Close(); err != nil {
		return nil, err
	}
	db = sql.OpenDB(c)
	db.SetMaxIdleConns(idleConns)
	return db, nil
}

// Driver is driver.Connector's.
func (c connector) Driver() driver.Driver { return c.of }

// Connect is driver.Connector's.
func (c connector) Connect(context.Context) (driver.Conn, error) {
	is, err := c.of.Open(c.name)
	if err != nil {
		return nil, err
	}
	return &conn{is.(plainConn), map[string]*statement{}}, nil
}

// plainConn is what the driver's connections can.
type plainConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

type conn struct {
	plainConn
	kept map[string]*statement // by text
}

// statement is a query that is kept. While its rows are read it is of no use to another.
type statement struct {
	driver.Stmt
	busy bool
}

// QueryContext is driver.QueryerContext's.
func (c *conn) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Rows, error) {
	s := c.kept[text]
	if s == nil && len(c.kept) < keptStatements && strings.HasPrefix(text, "SELECT") {
		is, err := c.PrepareContext(ctx, text)
		if err != nil {
			return nil, err
		}
		s = &statement{Stmt: is}
		c.kept[text] = s
	}
	if s == nil || s.busy {
		return c.plainConn.QueryContext(ctx, text, args)
	}
	is, err := s.Stmt.(driver.StmtQueryContext).QueryContext(ctx, args)
	if err != nil {
		return nil, err
	}
	s.busy = true
	return &rows{is, s}, nil
}

// Close is driver.Conn's.
func (c *conn) Close() error {
	var err error
	for _, s := range c.kept {
		err = errors.Join(err, s.Close())
	}
	return errors.Join(err, c.plainConn.Close())
}

// rows are those of a kept query.
type rows struct {
	driver.Rows
	of *statement
}

// Close is driver.Rows'.
func (r *rows) Close() error {
	err := r.Rows.Close()
	r.of.busy = false
	return err
}
