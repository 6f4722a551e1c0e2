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
		return &squeezer{z: z}
	}}
	unsqueezers = sync.Pool{New: func() any { return flate.NewReader(nil) }}
)

type squeezer struct {
	z   *flate.Writer
	out bytes.Buffer
}

type unsqueezer interface {
	flate.Resetter
	Read([]byte) (int, error)
}

// squeeze compresses a text, for unsqueeze.
func squeeze(text []byte) string {
	if len(text) == 0 {
		return ""
	}
	x := squeezers.Get().(*squeezer)
	defer squeezers.Put(x)
	x.out.Reset()
	x.out.Write(binary.AppendUvarint(x.out.AvailableBuffer(), uint64(len(text))))
	x.z.Reset(&x.out)
	_, _ = x.z.Write(text) // into memory
	_ = x.z.Close()
	return x.out.String()
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
