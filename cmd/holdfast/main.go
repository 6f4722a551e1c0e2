// Command holdfast keeps weekly one-on-ones where they were put.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"holdfast/internal/cli"
)

func main() { os.Exit(run()) }

// terminal is what the program reads and writes, and the clock it goes by.
var terminal = cli.Terminal

// run is main as a function of the process, so that tests can be the process.
func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends it at once
	return cli.Run(ctx, os.Args[1:], terminal())
}
