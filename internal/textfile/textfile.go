// Package textfile reads the small files that people write, and nothing else: a pipe, a device or a huge file in the
// place of one is refused instead of waited for or swallowed.
package textfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// ErrLarge is what Read wraps for a file of more than limit bytes.
var ErrLarge = errors.New("has more than")

// Read is the content of a regular file of at most limit bytes. The error does not repeat the path.
func Read(path string, limit int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, bare(err)
	}
	switch mode := info.Mode(); {
	case mode.IsDir():
		return nil, errors.New("is a directory")
	case !mode.IsRegular():
		return nil, errors.New("is not a regular file")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, bare(err)
	}
	defer f.Close()
	// The size that was reported is not asked: that of a file under /proc is 0, and a file may grow meanwhile.
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	switch {
	case err != nil:
		return nil, bare(err)
	case int64(len(data)) > limit:
		return nil, fmt.Errorf("%w %s", ErrLarge, size(limit))
	}
	return data, nil
}

// bare is err without operation and path.
func bare(err error) error {
	if e := (*fs.PathError)(nil); errors.As(err, &e) {
		return e.Err
	}
	return err
}

func size(n int64) string {
	if n < 1<<20 {
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d MiB", n>>20)
}
