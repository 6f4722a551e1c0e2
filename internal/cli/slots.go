package cli

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"holdfast/internal/slotting"
	"holdfast/internal/slotting/instance"
)

func (a *app) slotsCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "slots", Short: "See how slots are chosen",
		Long: "Slots of pairs with `slot: auto` are chosen together: the plan that costs everyone the least."}
	cmd.AddCommand(a.slotsShowCommand(), a.slotsExplainCommand(), a.slotsCheckCommand(), a.slotsSolveCommand())
	return cmd
}

// maxInstance is how large a file `slots solve` reads.
const maxInstance = 1 << 30

func (a *app) slotsSolveCommand() *cobra.Command {
	return &cobra.Command{Use: "solve FILE", Short: "Solve an instance of the exchange format, to compare", Args: need("file", "org.json.gz"),
		Long: "Reads an instance (" + instance.Format + ", as JSON or packed by gzip; - is stdin) and prints the assignment (" + instance.Assignment + ").\n" +
			"No settings and no calendar are read. What the plan costs, and what any plan costs at least, goes to stderr.",
		Example: "  holdfast slots solve org.json.gz > slots.json",
		RunE: func(cmd *cobra.Command, args []string) error {
			b, err := a.read(args[0])
			if err != nil {
				return err
			}
			p, err := instance.Read(b)
			if err != nil {
				return hinted{fmt.Errorf("%s: %w", args[0], err), "`holdfast slots solve --help` says what it reads"}
			}
			s, err := slotting.Solve(p)
			if err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			out, err := instance.Write(s)
			if err != nil {
				return err
			}
			fmt.Fprintln(a.Err, a.summary(s))
			_, err = a.Out.Write(out)
			return err
		}}
}

// read is the content of the file of that name, "-" for stdin.
func (a *app) read(name string) ([]byte, error) {
	in := a.In
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, hinted{err, "`holdfast slots solve --help` says what it reads"}
		}
		defer f.Close()
		in = f
	}
	b, err := io.ReadAll(io.LimitReader(in, maxInstance+1))
	if err == nil && len(b) > maxInstance {
		err = fmt.Errorf("more than %d bytes", maxInstance)
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return b, nil
}

// summary tells what a plan costs, and how good that is.
func (a *app) summary(s slotting.Solution) string {
	unplaced := 0
	for _, slot := range s.Slots {
		if slot == slotting.None {
			unplaced++
		}
	}
	pairs := a.say().Count(len(s.Slots), "pair")
	text := fmt.Sprintf("%s, %d without a slot; the plan costs %d", pairs, unplaced, s.Cost())
	if s.Proven {
		return text + ", and none costs less"
	}
	return text + fmt.Sprintf(", not proven the best: none costs less than %d", s.Bound)
}
