package cli

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestSlotsSolve(t *testing.T) {
	const org = `{"format":"one2one-instance/1","grid":2,"weeks":1,"row_max":3,"weights":{"unplaced":1000,"prefer_mgr":6},"zones":[{"offset":[0]}],
		"people":[{"zone":0,"work":[[36,44]],"core":[36,44],"prefer":[[36,40]]},{"zone":0,"work":[[36,44]],"core":[36,44]},{"zone":0,"work":[[38,42]],"core":[36,44]}],
		"pairs":[[0,1,4,-1,-1,0],[0,2,4,-1,-1,0]]}`
	run := func(in string, args ...string) (code int, out, err string) {
		var o, e bytes.Buffer
		code = Run(context.Background(), append([]string{"slots", "solve"}, args...), IO{In: strings.NewReader(in), Out: &o, Err: &e, Clock: func() time.Time { return time.Time{} }})
		return code, o.String(), e.String()
	}
	for _, c := range []struct {
		in        string
		args      []string
		code      int
		out, text string
	}{
		{org, []string{"-"}, exitOK, `{"format":"one2one-assignment/1","slots":[36,-1]}` + "\n", "2 pairs, 1 without a slot; the plan costs 1000, and none costs less\n"},
		{"{}", []string{"-"}, exitError, "",
			"holdfast: -: the format is \"\", not \"one2one-instance/1\"\n" +
				"hint: `holdfast slots solve --help` says what it reads\n",
		},
		{strings.Replace(org, `"grid":2`, `"grid":0`, 1), []string{"-"}, exitError, "", "holdfast: -: choose slots: a grid of 0 quarters\n"},
		{"", nil, exitError, "", "holdfast: slots solve needs one file\nhint: like `holdfast slots solve org.json.gz`\n"},
		{"", []string{"nowhere.json"}, exitError, "",
			"holdfast: open nowhere.json: no such file or directory\nhint: `holdfast slots solve --help` says what it reads\n",
		},
	} {
		code, out, text := run(c.in, c.args...)
		if diff := cmp.Diff([]any{c.code, c.out, c.text}, []any{code, out, text}); diff != "" {
			t.Error(diff)
		}
	}
}
