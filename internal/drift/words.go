package drift

// Words name what is different, for logs and tests: "moved 2026-12-08 from 2026-12-08T10:00:00+01:00 to ...". People
// are told by package say.
func (f Flag) Words() string {
	s := string(f.Kind)
	if !f.Occurrence.IsZero() {
		s += " " + f.Occurrence.String()
	}
	if from := f.From.String(); from != "" {
		s += " from " + from
	}
	if to := f.To.String(); to != "" {
		s += " to " + to
	}
	if f.Detail != "" {
		s += ": " + f.Detail
	}
	return s
}
