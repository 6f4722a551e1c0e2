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

// run is main as a function of the process, so that tests can be the process.
func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return cli.Run(ctx, os.Args[1:], cli.Terminal())
}
