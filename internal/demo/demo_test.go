package demo

import (
	"bytes"
	"testing"

	"github.com/rs/zerolog"

	"holdfast/internal/clock"
)

func TestOnce(t *testing.T) {
	var out bytes.Buffer
	err := Run(t.Context(), Options{Once: true, Out: &out, Clock: clock.System, Log: zerolog.New(zerolog.NewTestWriter(t)).Level(zerolog.WarnLevel)})
	if err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	t.Log(out.String())
}
