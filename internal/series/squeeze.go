package series

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"strings"
	"sync"
)

// Those who compress are kept because each one is a megabyte; those who read because each is some ten kilobytes.
var (
	squeezers = sync.Pool{New: func() any {
		z, err := flate.NewWriter(nil, flate.BestSpeed)
		if err != nil {
			panic(err) // the level is one of flate's own
		}
		return z
	}}
	unsqueezers = sync.Pool{New: func() any { return flate.NewReader(nil) }}
)

type unsqueezer interface {
	flate.Resetter
	Read([]byte) (int, error)
}

// squeeze compresses a text, for unsqueeze.
func squeeze(s string) string {
	if s == "" {
		return ""
	}
	var b bytes.Buffer
	b.Write(binary.AppendUvarint(nil, uint64(len(s))))
	z := squeezers.Get().(*flate.Writer)
	defer squeezers.Put(z)
	z.Reset(&b)
	_, _ = z.Write([]byte(s)) // into memory
	_ = z.Close()
	return b.String()
}

// unsqueeze is what was squeezed.
func unsqueeze(s string) string {
	if s == "" {
		return ""
	}
	r := strings.NewReader(s)
	n, _ := binary.ReadUvarint(r) // squeeze wrote it
	z := unsqueezers.Get().(unsqueezer)
	defer unsqueezers.Put(z)
	_ = z.Reset(r, nil)
	b := make([]byte, n)
	for got := 0; got < len(b); { // from memory: there is all of it
		k, err := z.Read(b[got:])
		if got += k; err != nil {
			break
		}
	}
	return string(b)
}
