package google

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"holdfast/internal/series"
)

const (
	// markKey is the private extended property that carries the mark.
	markKey = "holdfast"
	// maxMark is the length of a value that Google keeps whole; it cuts longer ones without a word.
	maxMark = 1024
	// packed begins a mark that had to be compressed.
	packed = "z"
	// deliveredKey is the property that carries a copy's Delivered, in as many values as it takes: the first has the key
	// itself, and begins with how many there are; the others have a number after it.
	deliveredKey = "holdfast-delivered"
	// videoKey is the property of an event that was made without the video conference it was to have: videoRefused.
	videoKey     = "holdfast-video"
	videoRefused = "refused"
	// maxUnpacked bounds what a compressed mark may become.
	maxUnpacked = 1 << 16
)

// stored is the mark with what only this provider keeps beside it.
type stored struct {
	series.Mark
	client    bool   // Holdfast delivers the series to its guests: Google is to tell nobody
	derived   bool   // of a copy that Holdfast made: the organizer's Event.Derived
	delivered string // of a copy that Holdfast made: Event.Delivered
}

// markText is a stored mark as JSON; a line that is the slot's own is "=".
type markText struct {
	Org        string                  `json:"o"`
	Pair       series.Pair             `json:"p"`
	Generation int                     `json:"g"`
	Slot       string                  `json:"s,omitempty"`
	Line       string                  `json:"l,omitempty"`
	Skips      []string                `json:"k,omitempty"`
	MadeUp     []string                `json:"m,omitempty"`
	Written    map[series.Field]string `json:"w,omitempty"`
	Carried    string                  `json:"r,omitempty"`
	Client     bool                    `json:"c,omitempty"`
	Derived    bool                    `json:"d,omitempty"`
	Delivered  string                  `json:"v,omitempty"` // as earlier releases kept it
}

// String is the mark as the property's value. It is plain JSON, or compressed where that is too long; where even that
// is, the oldest skips are left out, then the oldest make-ups, and last what was written.
func (m stored) String() string {
	t := markText{Org: m.Org, Pair: m.Pair, Generation: m.Generation, Line: m.Line, Written: m.Written, Carried: m.Carried,
		Client: m.client, Derived: m.derived}
	if !m.Slot.IsZero() {
		if t.Slot = m.Slot.Line(); t.Line == t.Slot {
			t.Line = "="
		}
	}
	skips := slices.SortedStableFunc(slices.Values(m.Skips), func(a, b series.Skip) int { return a.Date.Compare(b.Date) })
	t.Skips = skipRuns(skips)
	for _, x := range m.MadeUp {
		t.MadeUp = append(t.MadeUp, x.String())
	}
	for {
		text := t.encode()
		switch {
		case len(text) <= maxMark:
			return text
		case len(t.Skips) > 0:
			t.Skips = t.Skips[1:]
		case len(t.MadeUp) > 0:
			t.MadeUp = t.MadeUp[1:]
		default:
			t = markText{Org: t.Org, Pair: t.Pair, Generation: t.Generation, Client: t.Client, Derived: t.Derived}
			return t.encode()
		}
	}
}

func (t markText) encode() string {
	var plain bytes.Buffer
	e := json.NewEncoder(&plain)
	e.SetEscapeHTML(false)
	_ = e.Encode(t) // strings, numbers and booleans into memory: cannot fail
	return pack(strings.TrimSuffix(plain.String(), "\n"))
}

// pack is the text, compressed where it is too long for one value.
func pack(text string) string {
	if len(text) <= maxMark {
		return text
	}
	var small bytes.Buffer
	w, _ := flate.NewWriter(&small, flate.BestCompression) // fails only for a level that does not exist
	_, _ = w.Write([]byte(text))
	_ = w.Close()
	return packed + base64.RawURLEncoding.EncodeToString(small.Bytes())
}

// parseMark reads what String wrote.
func parseMark(value string) (stored, error) {
	text, err := unpack(value)
	if err != nil {
		return stored{}, fmt.Errorf("mark: %w", err)
	}
	var t markText
	if err := json.Unmarshal(text, &t); err != nil {
		return stored{}, fmt.Errorf("mark: %w", err)
	}
	if t.Org == "" || t.Pair == (series.Pair{}) {
		return stored{}, fmt.Errorf("mark without org or pair")
	}
	m := stored{
		Mark: series.Mark{
			Org:        t.Org,
			Pair:       t.Pair,
			Generation: t.Generation,
			Line:       t.Line,
			MadeUp:     series.ParseMadeUp(t.MadeUp),
			Written:    t.Written,
			Carried:    t.Carried,
		},
		client:    t.Client,
		derived:   t.Derived,
		delivered: t.Delivered,
	}
	if slot, err := series.ParseSlotLine(t.Slot); err == nil {
		m.Slot = slot
	}
	if t.Line == "=" {
		m.Line = t.Slot
	}
	for _, s := range t.Skips {
		day, why, _ := strings.Cut(s, " ")
		n, step := 1, 0
		day, run, _ := strings.Cut(day, "*")
		if _, err := fmt.Sscanf(run, "%d/%d", &n, &step); err != nil {
			n = 1
		}
		d, err := series.ParseDate(day)
		for range min(n, maxRun) {
			if err == nil {
				m.Skips = append(m.Skips, series.Skip{Date: d, Why: series.SkipReason(why)})
				d = d.AddDays(step)
			}
		}
	}
	return m, nil
}

// unpack is what pack was given.
func unpack(value string) ([]byte, error) {
	data, ok := strings.CutPrefix(value, packed)
	if !ok {
		return []byte(value), nil
	}
	small, err := base64.RawURLEncoding.DecodeString(data)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(small)), maxUnpacked))
}

// properties are the private extended properties that carry m.
func (m stored) properties() map[string]string {
	out := map[string]string{markKey: m.String()}
	if m.delivered == "" {
		return out
	}
	text := pack(m.delivered)
	const room = maxMark - len("99 ")
	chunks := slices.Collect(slices.Chunk([]byte(text), room)) // digits, letters and marks of ASCII only
	for i, c := range chunks {
		if i == 0 {
			out[deliveredKey] = strconv.Itoa(len(chunks)) + " " + string(c)
		} else {
			out[deliveredKey+"-"+strconv.Itoa(i)] = string(c)
		}
	}
	return out
}

// deliveredOf is the Delivered that the properties carry, "" for none, or where a part of it is missing.
func deliveredOf(properties map[string]string) string {
	count, text, _ := strings.Cut(properties[deliveredKey], " ")
	n, _ := strconv.Atoi(count)
	for i := 1; i < n; i++ {
		text += properties[deliveredKey+"-"+strconv.Itoa(i)] // one that is missing is no compressed text any more
	}
	whole, err := unpack(text)
	if err != nil {
		return ""
	}
	return string(whole)
}

// maxRun bounds what a run of skips may become: more than two years of weeks.
const maxRun = 110

// skipRuns are skips in few characters: a leave of half a year is "2026-12-01*26/7 leave", 26 days a week apart.
func skipRuns(skips []series.Skip) []string {
	var out []string
	for i := 0; i < len(skips); {
		first, n, step := skips[i], 1, 0
		if i+1 < len(skips) {
			step = skips[i+1].Date.DaysSince(first.Date)
		}
		for i+n < len(skips) && n < maxRun && skips[i+n].Why == first.Why &&
			skips[i+n].Date == first.Date.AddDays(step*n) {
			n++
		}
		day := first.Date.String()
		if n > 1 {
			day += fmt.Sprintf("*%d/%d", n, step)
		}
		out = append(out, strings.TrimSpace(day+" "+first.Why))
		i += n
	}
	return out
}
