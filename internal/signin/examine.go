package signin

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"holdfast/internal/clock"
)

// Examined is what a provider answers.
type Examined struct {
	Issuer string        // how it writes itself, where that is not as in the settings; "": as there
	Ahead  time.Duration // of its clock before ours, to the second; 0 where it tells no time
}

// Examine asks the provider what it is like. The error is that it does not answer as it should.
func Examine(ctx context.Context, o OIDC, now clock.Clock) (x Examined, err error) {
	d := dated{of: http.DefaultTransport, now: now}
	client := &http.Client{Timeout: patience}
	if o.Client != nil {
		client.Timeout, d.of = o.Client.Timeout, cmp.Or(o.Client.Transport, d.of)
	}
	client.Transport = &d
	o.Client = client
	_, err = newProvider(o, "", now).discover(ctx)
	if other := (*oidc.IssuerMismatchError)(nil); errors.As(err, &other) {
		x.Issuer, err = other.Discovered, nil
	}
	x.Ahead = d.ahead
	return x, err
}

// dated notes by how much the clock of who answers is ahead.
type dated struct {
	of    http.RoundTripper
	now   clock.Clock
	ahead time.Duration
}

func (d *dated) RoundTrip(r *http.Request) (*http.Response, error) {
	a, err := d.of.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if date, err := http.ParseTime(a.Header.Get("Date")); err == nil {
		d.ahead = date.Sub(d.now().Truncate(time.Second))
	}
	return a, nil
}
