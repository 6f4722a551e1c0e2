// Makes ../days.txt.gz, the table of public holidays, from the npm package date-holidays. Building and testing Holdfast
// needs none of this; run it for a newer table:
//
//	mkdir /tmp/holidays && cd /tmp/holidays && npm install date-holidays@3.37.0
//	NODE_PATH=/tmp/holidays/node_modules TZ=UTC node .../internal/holidays/gen/gen.js
//	go test ./internal/holidays ./internal/roster
//
// LICENSE is that of the package, with the attribution that its data asks for: copy it anew, too.
//
// The first line is "<version> <first year> <last year>". Each further line is a region, its fields split by tabs: code,
// English name where there is one, the days that are holidays in every year, then those of each year, all as MMDD without
// anything in between.
const fs = require('fs'), path = require('path'), zlib = require('zlib')
const Holidays = require('date-holidays')
const version = require('date-holidays/package.json').version
const first = 2025, last = 2040
const hour = 3600e3, day = 24 * hour

// days are the public holidays of a region that take the whole of a working day: one that begins at noon or at sunset
// leaves that morning's 1:1 where it is. `date` is the first day on the region's clock, "2027-03-09 00:00:00", with
// " -0600" where the holiday begins at the sunset before.
function days(where) {
  const region = new Holidays(...where), found = new Set()
  for (let year = first - 1; year <= last + 1; year++) {
    for (const h of region.getHolidays(year) || []) {
      if (h.type !== 'public') continue
      let start = Date.parse(h.date.slice(0, 19).replace(' ', 'T') + 'Z')
      if (h.date.endsWith(' -0600')) start -= 6 * hour
      const end = start + (h.end - h.start)
      for (let d = start - start % day; d < end; d += day) {
        if (start <= d + 9 * hour && end >= d + 17 * hour) found.add(new Date(d).toISOString().slice(0, 10))
      }
    }
  }
  return [...found].sort()
}

function line(code, name, where) {
  const years = []
  for (const d of days(where)) {
    const i = d.slice(0, 4) - first
    if (i >= 0 && i <= last - first) (years[i] ||= []).push(d.slice(5, 7) + d.slice(8, 10))
  }
  for (let i = 0; i <= last - first; i++) years[i] ||= []
  const always = years[0].filter(d => years.every(y => y.includes(d)))
  return [code, name, always.join(''), ...years.map(y => y.filter(d => !always.includes(d)).join(''))].join('\t')
}

const all = new Holidays(), lines = []
for (const [c, country] of Object.entries(all.getCountries('en'))) {
  lines.push(line(c, country, [c]))
  for (const [s, state] of Object.entries(all.getStates(c, 'en') || {})) {
    lines.push(line(`${c}-${s}`, state, [c, s]))
    for (const [r, part] of Object.entries(all.getRegions(c, s, 'en') || {})) {
      lines.push(line(`${c}-${s}-${r}`, part, [c, s, r]))
    }
  }
}
const text = [`${version} ${first} ${last}`, ...lines.sort()].join('\n') + '\n'
fs.writeFileSync(path.join(__dirname, '..', 'days.txt.gz'), zlib.gzipSync(text, { level: 9 }))
