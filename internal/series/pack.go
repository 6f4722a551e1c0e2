package series

import (
	"iter"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Packed is a Snapshot as it is kept: as a value it takes some kilobytes for each calendar, and most are at rest.
type Packed struct {
	At     time.Time // as in Snapshot
	FullAt time.Time
	Cursor string
	*parts // nil: of a zero Snapshot
}

// parts are what a reading that finds nothing new leaves as it is.
type parts struct {
	facts
	body atomic.Pointer[body]
}

// facts are what can be asked without unpacking.
type facts struct {
	interest, network                 string
	emptied, schedules, quiet, singly bool
	rests                             int64 // Snapshot.rests
}

// body is the rest. Another one that says the same may take its place (Settle).
type body struct {
	text string // what a coder makes of the rest
	raws string // the Raw of all events, one after another, compressed
}

// blank are the parts of a zero Snapshot.
var blank = Pack(Snapshot{}).parts

func (p Packed) is() *parts {
	if p.parts == nil {
		return blank
	}
	return p.parts
}

// Same reports whether p and q say the same, but for when they were taken and where to go on from.
func (p Packed) Same(q Packed) bool {
	x, y := p.is(), q.is()
	return x == y || x.facts == y.facts && *x.body.Load() == *y.body.Load()
}

// bodyBlock is how many bytes of bodies lie in one piece of memory.
const bodyBlock = 64 << 10

// Settle lays what the snapshots hold side by side: they stay for long, and were made one by one among much that was
// thrown away since. What was unpacked of them before goes on holding what it was unpacked from.
func Settle(all iter.Seq[Packed]) {
	var xs []*parts
	met, size := map[*parts]bool{}, 0
	flush := func() {
		text, bodies := make([]byte, 0, size), make([]body, len(xs))
		for _, x := range xs {
			b := x.body.Load()
			text = append(append(text, b.text...), b.raws...)
		}
		rest := string(text)
		for i, x := range xs {
			b := x.body.Load()
			n := len(b.text)
			bodies[i] = body{rest[:n], rest[n : n+len(b.raws)]}
			rest = rest[n+len(b.raws):]
			x.body.Store(&bodies[i])
		}
		xs, size = xs[:0], 0
	}
	for p := range all {
		x := p.is()
		if met[x] || x == blank {
			continue
		}
		met[x] = true
		b := x.body.Load()
		if xs, size = append(xs, x), size+len(b.text)+len(b.raws); size >= bodyBlock {
			flush()
		}
	}
	flush()
}

// Equal reports whether they are so in that, too.
func (p Packed) Equal(q Packed) bool {
	return p.Same(q) && p.At.Equal(q.At) && p.FullAt.Equal(q.FullAt) && p.Cursor == q.Cursor
}

// Interest is Snapshot.Interest.
func (p Packed) Interest() string { return p.is().interest }

// Network is Snapshot.Network.
func (p Packed) Network() string { return p.is().network }

// Like reports whether a reading has the same said of it as a whole: Interest, Network, Schedules, Quiet, Singly.
func (p Packed) Like(s Snapshot) bool {
	x := p.is()
	return x.interest == s.Interest && x.network == s.Network && x.schedules == s.Schedules && x.quiet == s.Quiet &&
		x.singly == s.Singly
}

// Rests reports whether a reading at that moment that shows nothing new leaves p as it is.
func (p Packed) Rests(at time.Time) bool { return at.Unix() < p.is().rests }

// Schedules is Snapshot.Schedules.
func (p Packed) Schedules() bool { return p.is().schedules }

// Emptied is Snapshot.Emptied.
func (p Packed) Emptied() bool { return p.is().emptied }

// Owner is Snapshot.Owner.
func (p Packed) Owner() (owner []string) {
	c := &coder{in: p.is().body.Load().text}
	c.texts(&owner) // what stands first
	return owner
}

// ZoneDoubts is Snapshot.ZoneDoubts.
func (p Packed) ZoneDoubts() []string { return p.heading().doubts }

// heading is what is asked of everybody in each round, and so stands first.
type heading struct {
	owner, doubts []string
	had           []had
}

func (p Packed) heading() (h heading) {
	c := &coder{in: p.is().body.Load().text}
	c.heading(&h)
	return h
}

// had is a pair of which a snapshot has something of ours, and what.
type had struct {
	pair Pair
	what int
}

// What of a pair a snapshot has.
const (
	hadSeries = iota
	hadCopy
	hadGone
)

// Pairs are those of which the snapshot has or had a series or a copy of ours.
func (p Packed) Pairs() iter.Seq[Pair] {
	return func(yield func(Pair) bool) {
		for _, h := range p.heading().had {
			if !yield(h.pair) {
				return
			}
		}
	}
}

// Gone reports whether there is anything in Snapshot.Gone.
func (p Packed) Gone() bool {
	return slices.ContainsFunc(p.heading().had, func(h had) bool { return h.what == hadGone })
}

// With is p as it was taken then.
func (p Packed) With(at, full time.Time, cursor string) Packed {
	if cursor == p.Cursor { // of two that are equal the one is kept that is held already
		cursor = p.Cursor
	}
	return Packed{at, full, cursor, p.parts}
}

// Unread is Snapshot.Unread.
func (p Packed) Unread() Packed {
	x := &parts{facts: p.is().facts}
	x.interest = ""
	x.body.Store(p.is().body.Load())
	return Packed{p.At, p.FullAt, p.Cursor, x}
}

// writers are kept: what they grow to while they write would lie between all that is packed, which stays.
var writers = sync.Pool{New: func() any { return &coder{writing: true, known: map[string]int{}} }}

// Pack packs s.
func Pack(s Snapshot) Packed {
	c := writers.Get().(*coder)
	defer writers.Put(c)
	c.out, c.raws = c.out[:0], c.raws[:0]
	clear(c.known)
	first := heading{owner: s.Owner, doubts: s.ZoneDoubts()}
	ours := &first.had
	for _, e := range s.Series {
		*ours = append(*ours, had{e.Mark.Pair, hadSeries})
	}
	for _, e := range s.Copies {
		*ours = append(*ours, had{e.Mark.Pair, hadCopy})
	}
	for _, g := range s.Gone {
		*ours = append(*ours, had{g.Pair, hadGone})
	}
	c.heading(&first)
	c.snapshot(&s)
	x := &parts{facts: facts{s.Interest, s.Network, s.Emptied, s.Schedules, s.Quiet, s.Singly, s.rests()}}
	x.body.Store(&body{string(c.out), squeeze(c.raws)})
	return Packed{s.At, s.FullAt, s.Cursor, x}
}

// Snapshot is what was packed, each instant on the clock of its event's zone.
func (p Packed) Snapshot() Snapshot { return p.unpack(unsqueeze(p.is().body.Load().raws), false) }

// Bare is Snapshot without the Raw of its events, which takes half the time.
func (p Packed) Bare() Snapshot { return p.unpack("", false) }

// Events is Bare without Objects, which no decision reads.
func (p Packed) Events() Snapshot { return p.unpack("", true) }

func (p Packed) unpack(raw string, events bool) Snapshot {
	x := p.is()
	s := Snapshot{
		At: p.At, FullAt: p.FullAt, Cursor: p.Cursor, Interest: x.interest, Network: x.network, Emptied: x.emptied,
		Schedules: x.schedules, Quiet: x.quiet, Singly: x.singly,
	}
	c := &coder{in: x.body.Load().text, raw: raw, events: events, met: make([]string, 0, 96)}
	var first heading
	c.heading(&first)
	s.Owner = first.owner
	c.snapshot(&s)
	return s
}

// coder writes values, or reads them again: one description of each type serves for both. Equal texts are written once,
// and what is read are parts of the one text that was written.
type coder struct {
	writing bool
	out     []byte
	raws    []byte
	known   map[string]int // places of texts in met, from 1 on

	in, raw string // what is left to read
	events  bool   // only as far as Events wants it
	met     []string
}

func (c *coder) heading(h *heading) {
	c.texts(&h.owner)
	c.texts(&h.doubts)
	list(c, &h.had, func(x *had) { number(c, &x.what); c.pair(&x.pair) })
}

func (c *coder) snapshot(s *Snapshot) {
	list(c, &s.Series, c.event)
	list(c, &s.Copies, c.event)
	list(c, &s.Candidates, func(x *Candidate) { c.pair(&x.Pair); c.event(&x.Event); c.flag(&x.Foreign) })
	list(c, &s.StandIns, func(x *StandIn) {
		c.text(&x.ID)
		c.pair(&x.Pair)
		c.time(&x.Start, "")
		number(c, &x.Duration)
		c.flag(&x.LookAlike)
	})
	list(c, &s.Busy, c.busy)
	list(c, &s.Gone, c.gone)
	if c.events {
		return
	}
	table(c, &s.Objects, func(x *Object) { c.text(&x.Version); c.pair(&x.Pair); c.texts(&x.ZoneDoubts) })
}

func (c *coder) busy(x *Busy) {
	c.text(&x.ID)
	c.text(&x.Zone)
	c.time(&x.Start, x.Zone)
	number(c, &x.Duration)
	c.flag(&x.AllDay)
	c.text(&x.RRule)
	c.text(&x.ExRule)
	c.times(&x.RDates, x.Zone)
	c.times(&x.ExDates, x.Zone)
	name(c, &x.Kind)
	list(c, &x.Except, func(a *Available) {
		c.text(&a.Zone)
		c.time(&a.Start, a.Zone)
		number(c, &a.Duration)
		c.text(&a.RRule)
		c.times(&a.RDates, a.Zone)
		c.times(&a.ExDates, a.Zone)
	})
}

func (c *coder) gone(x *Gone) {
	c.text(&x.ID)
	c.pair(&x.Pair)
	number(c, &x.Generation)
	c.time(&x.Since, "")
	number(c, &x.Rounds)
	c.flag(&x.Proven)
	c.flag(&x.Copy)
	c.event(&x.Last)
	c.flag(&x.Ours)
	c.flag(&x.Emptied)
}

func (c *coder) event(e *Event) {
	c.text(&e.ID)
	c.text(&e.Version)
	c.text(&e.UID)
	c.flag(&e.Derived)
	c.mark(&e.Mark)
	c.text(&e.Zone)
	c.time(&e.Start, e.Zone)
	number(c, &e.Duration)
	c.flag(&e.Rule.Plain)
	number(c, &e.Rule.Every)
	c.time(&e.Rule.Until, e.Zone)
	c.times(&e.Rule.Starts, e.Zone)
	c.text(&e.Title)
	c.text(&e.Place)
	c.text(&e.Link)
	c.text(&e.Organizer)
	list(c, &e.Guests, c.guest)
	list(c, &e.Rooms, c.guest)
	c.flag(&e.Free)
	c.flag(&e.Cancelled)
	c.flag(&e.NoVideo)
	c.times(&e.Excluded, e.Zone)
	list(c, &e.Overrides, func(o *Override) {
		c.time(&o.Original, e.Zone)
		c.time(&o.Start, e.Zone)
		number(c, &o.Duration)
		c.flag(&o.Cancelled)
		c.text(&o.Place)
		c.text(&o.Link)
		list(c, &o.Guests, c.guest)
		list(c, &o.Rooms, c.guest)
		c.flag(&o.Free)
		c.flag(&o.MadeUp)
	})
	c.text(&e.Delivered)
	c.rawText(&e.Raw)
	c.texts(&e.Earlier)
}

func (c *coder) mark(m *Mark) {
	c.text(&m.Org)
	c.pair(&m.Pair)
	number(c, &m.Generation)
	number(c, &m.Slot.Weekday)
	number(c, &m.Slot.At)
	number(c, &m.Slot.Duration)
	number(c, &m.Slot.Every)
	c.text(&m.Slot.Zone)
	c.text(&m.Line)
	list(c, &m.Skips, func(x *Skip) {
		number(c, &x.Date.Year)
		number(c, &x.Date.Month)
		number(c, &x.Date.Day)
		c.text(&x.Why)
	})
	list(c, &m.MadeUp, func(x *MadeUp) { c.time(&x.Original, ""); c.time(&x.Start, "") })
	table(c, &m.Written, c.text)
	c.text(&m.Carried)
}

func (c *coder) pair(p *Pair)       { c.text(&p.Manager); c.text(&p.Report) }
func (c *coder) guest(g *Guest)     { c.text(&g.Address); name(c, &g.Answer) }
func (c *coder) texts(xs *[]string) { list(c, xs, c.text) }
func (c *coder) text(s *string)     { name(c, s) }
func (c *coder) times(xs *[]time.Time, zone string) {
	list(c, xs, func(t *time.Time) { c.time(t, zone) })
}

// time is an instant, which is read on the zone's clock; UTC where it has none.
func (c *coder) time(t *time.Time, zone string) {
	seconds, nanos := t.Unix(), t.Nanosecond()
	number(c, &seconds)
	number(c, &nanos)
	if c.writing {
		return
	}
	if *t = time.Unix(seconds, int64(nanos)).UTC(); t.IsZero() {
		*t = time.Time{}
	} else if zone != "" {
		*t = t.In(location(zone))
	}
}

func (c *coder) flag(b *bool) {
	n := 0
	if *b {
		n = 1
	}
	number(c, &n)
	*b = n != 0
}

// rawText is a text that stands with others of its kind.
func (c *coder) rawText(s *string) {
	n := len(*s)
	number(c, &n)
	switch {
	case c.writing:
		c.raws = append(c.raws, *s...)
	case c.raw != "": // else it is not wanted
		*s, c.raw = c.raw[:n], c.raw[n:]
	}
}

// number is a whole number, seven bits a byte, small ones of either sign in few of them.
func number[T ~int | ~int64](c *coder, n *T) {
	if c.writing {
		for u := uint64(*n)<<1 ^ uint64(*n>>63); ; u >>= 7 {
			if u < 0x80 {
				c.out = append(c.out, byte(u))
				return
			}
			c.out = append(c.out, byte(u)|0x80)
		}
	}
	u := uint64(0)
	for i := 0; ; i++ {
		b := c.in[i]
		u |= uint64(b&0x7f) << (7 * i)
		if b < 0x80 {
			c.in = c.in[i+1:]
			break
		}
	}
	*n = T(int64(u>>1) ^ -int64(u&1))
}

// name is a text: its place where it was met before, else 0 and itself.
func name[T ~string](c *coder, s *T) {
	var at, n int
	if c.writing {
		at, n = c.known[string(*s)], len(*s)
	}
	if number(c, &at); at > 0 {
		if !c.writing {
			*s = T(c.met[at-1])
		}
		return
	}
	number(c, &n)
	if c.writing {
		c.known[string(*s)] = len(c.known) + 1
		c.out = append(c.out, *s...)
		return
	}
	*s, c.in = T(c.in[:n]), c.in[n:]
	c.met = append(c.met, string(*s))
}

// list is a slice, which is nil again where it was.
func list[T any](c *coder, xs *[]T, each func(*T)) {
	n := len(*xs) + 1
	if *xs == nil {
		n = 0
	}
	number(c, &n)
	if !c.writing && n > 0 {
		*xs = make([]T, n-1)
	}
	for i := range *xs {
		each(&(*xs)[i])
	}
}

// table is a map, by key.
func table[K ~string, V any](c *coder, m *map[K]V, each func(*V)) {
	var keys []K
	if *m != nil {
		keys = slices.AppendSeq(make([]K, 0, len(*m)), maps.Keys(*m))
		slices.Sort(keys)
	}
	n := len(keys) + 1
	if *m == nil {
		n = 0
	}
	number(c, &n)
	if !c.writing && n > 0 {
		*m, keys = make(map[K]V, n-1), make([]K, n-1)
	}
	for _, k := range keys {
		v := (*m)[k]
		name(c, &k)
		if each(&v); !c.writing {
			(*m)[k] = v
		}
	}
}
