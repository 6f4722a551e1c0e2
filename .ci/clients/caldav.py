#!/usr/bin/python3
"""What a person's script does with python3-caldav and icalendar: unconditional PUTs of the whole object.

  caldav.py OP CALENDAR_URL USER PASSWORD UID ARGS...

The operations are those of evolution.py.
"""
import copy
import datetime as dt
import os
import sys

sys.path = [p for p in sys.path if os.path.abspath(p or '.') != os.path.dirname(os.path.abspath(__file__))]  # this file's own name
import caldav
import icalendar
import pytz

DAYS = ('MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU')


class Event:
    def __init__(self, calendar, uid):
        self.calendar = calendar
        self.object = calendar.event_by_uid(uid)
        self.ical = self.object.icalendar_instance
        self.events = [c for c in self.ical.walk('VEVENT')]
        self.master = [c for c in self.events if 'RECURRENCE-ID' not in c][0]
        self.start = self.master['DTSTART'].dt

    def at(self, when):
        t = dt.datetime.fromisoformat(when)
        zone = self.start.tzinfo
        return zone.localize(t) if hasattr(zone, 'localize') else t.replace(tzinfo=zone)

    def put(self, comp, name, t):
        comp.pop(name, None)
        comp.add(name, t)
        if 'TZID' in self.master['DTSTART'].params:
            comp[name].params['TZID'] = self.master['DTSTART'].params['TZID']

    def span(self, comp):
        return comp['DTEND'].dt - comp['DTSTART'].dt if 'DTEND' in comp else comp['DURATION'].dt

    def times(self, comp, start, span):
        comp.pop('DURATION', None)
        self.put(comp, 'DTSTART', start)
        self.put(comp, 'DTEND', start + span)

    def occurrence(self, when):
        rid = self.at(when)
        for c in self.events:
            if 'RECURRENCE-ID' in c and c['RECURRENCE-ID'].dt == rid:
                return c
        one = copy.deepcopy(self.master)
        for name in ('RRULE', 'EXDATE', 'RDATE'):
            one.pop(name, None)
        self.put(one, 'RECURRENCE-ID', rid)
        self.times(one, rid, self.span(self.master))
        self.ical.add_component(one)
        return one

    def edit(self, which, change):
        comp = self.master if which == 'all' else self.occurrence(which)
        change(comp)
        comp['SEQUENCE'] = int(comp.get('SEQUENCE', 0)) + 1
        self.save()

    def save(self):
        self.object.icalendar_instance = self.ical
        self.object.save()

    def excluded(self):
        lists = self.master.get('EXDATE', [])
        lists = lists if isinstance(lists, list) else [lists]
        return [d.dt for x in lists for d in x.dts]

    def exclude(self, dates):
        self.master.pop('EXDATE', None)
        for d in dates:
            self.master.add('EXDATE', d)

    def store(self, uid, change):
        """Another object with all that this one has, but for UID and what change does."""
        other = copy.deepcopy(self.ical)
        other.subcomponents = [c for c in other.subcomponents if 'RECURRENCE-ID' not in c]
        for c in other.walk('VEVENT'):
            c['UID'] = uid
            change(c)
        self.calendar.save_event(other.to_ical().decode())


def move(e, when, new):
    e.edit(when, lambda c: e.times(c, e.at(new), e.span(c)))


def shorten(e, which, minutes):
    e.edit(which, lambda c: e.times(c, c['DTSTART'].dt, dt.timedelta(minutes=int(minutes))))


def cancel(e, when):
    e.ical.subcomponents = [c for c in e.ical.subcomponents
                            if 'RECURRENCE-ID' not in c or c['RECURRENCE-ID'].dt != e.at(when)]
    e.edit('all', lambda c: e.exclude(e.excluded() + [e.at(when)]))


def putback(e, when):
    def change(c):
        left = [d for d in e.excluded() if d != e.at(when)]
        if len(left) == len(e.excluded()):
            sys.exit(f'{when} is not taken out')
        e.exclude(left)

    e.edit('all', change)


def guests(c):
    g = c.get('ATTENDEE', [])
    return g if isinstance(g, list) else [g]


def decline(e, which):
    def change(c):
        mine = [g for g in guests(c) if g.lower() == f'mailto:{USER}@example.test']
        if not mine:
            sys.exit(f'{USER} is not invited')
        mine[0].params['PARTSTAT'] = 'DECLINED'

    e.edit(which, change)


def relocate(e, which, place):
    def change(c):
        c.pop('LOCATION', None)
        c.add('LOCATION', place)

    e.edit(which, change)


def unlink(e, which):
    def change(c):
        lines = str(c.pop('DESCRIPTION', '')).split('\n')
        text = '\n'.join(line for line in lines if not line.startswith('Agenda:')).strip()
        if text:
            c.add('DESCRIPTION', text)
        c.pop('ATTACH', None)
        c.pop('URL', None)

    e.edit(which, change)


def addguest(e, which, address):
    def change(c):
        g = icalendar.vCalAddress('mailto:' + address)
        g.params['PARTSTAT'] = 'NEEDS-ACTION'
        c.add('ATTENDEE', g, encode=0)

    e.edit(which, change)


def setfree(e, which):
    def change(c):
        c.pop('TRANSP', None)
        c.add('TRANSP', 'TRANSPARENT')

    e.edit(which, change)


def slide(e, c, first, delta):
    """The series in c begins delta later than first, on its own clock, and on that weekday."""
    local = first.replace(tzinfo=None) + delta
    e.times(c, e.at(local.isoformat()), e.span(c))
    if 'BYDAY' in c['RRULE']:
        c['RRULE']['BYDAY'] = [DAYS[local.weekday()]]


def delta(when, new):
    return dt.datetime.fromisoformat(new) - dt.datetime.fromisoformat(when)


def moveall(e, when, new):
    e.edit('all', lambda c: slide(e, c, e.start, delta(when, new)))


def until(c, t):
    c['RRULE'].pop('COUNT', None)
    c['RRULE']['UNTIL'] = [(t - dt.timedelta(seconds=1)).astimezone(pytz.utc)]


def split(e, when, new):
    e.store(UID + '-later', lambda c: slide(e, c, e.at(when), delta(when, new)))
    endseries(e, when)


def endseries(e, when):
    e.ical.subcomponents = [c for c in e.ical.subcomponents
                            if 'RECURRENCE-ID' not in c or c['RECURRENCE-ID'].dt < e.at(when)]
    e.edit('all', lambda c: until(c, e.at(when)))


def duplicate(e, uid):
    e.store(uid, lambda c: None)


def delete(e):
    e.object.delete()


def addevent(calendar, uid, when, zone, minutes, title, *people):
    c = icalendar.Event()
    c.add('UID', uid)
    c.add('DTSTAMP', dt.datetime.now(pytz.utc))
    c.add('SUMMARY', title)
    start = pytz.timezone(zone).localize(dt.datetime.fromisoformat(when)).astimezone(pytz.utc)
    c.add('DTSTART', start)
    c.add('DTEND', start + dt.timedelta(minutes=int(minutes)))
    if people:
        c.add('ORGANIZER', f'mailto:{USER}@example.test')
        for address in people:
            c.add('ATTENDEE', 'mailto:' + address)
    ical = icalendar.Calendar()
    ical.add('PRODID', '-//test//caldav.py//EN')
    ical.add('VERSION', '2.0')
    ical.add_component(c)
    calendar.save_event(ical.to_ical().decode())


if len(sys.argv) < 6:
    sys.exit(__doc__)
OP, URL, USER, PASSWORD, UID, *ARGS = sys.argv[1:]
CALENDAR = caldav.DAVClient(url=URL, username=USER, password=PASSWORD).calendar(url=URL)
if OP == 'addevent':
    addevent(CALENDAR, UID, *ARGS)
else:
    {f.__name__: f for f in (move, shorten, cancel, putback, decline, relocate, unlink, addguest, setfree, moveall, split,
                             endseries, duplicate, delete)}[OP](Event(CALENDAR, UID), *ARGS)
