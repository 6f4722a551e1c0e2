#!/usr/bin/python3
"""What a person does in Evolution or GNOME Calendar, done by Evolution's own data server and libecal, without a display.

  evolution.py OP CALENDAR_URL USER PASSWORD UID ARGS...

WHICH is the original start of one occurrence, 2026-12-08T10:00 on the event's own clock ("this instance only"), or
"all". A person's address is USER@example.test.

  move UID WHEN NEW           one occurrence to another start
  shorten UID WHICH MINUTES
  cancel UID WHEN             as Evolution does it: EXDATE in UTC
  putback UID WHEN            what undo does: the EXDATE goes
  decline UID WHICH           by USER
  relocate UID WHICH PLACE
  unlink UID WHICH            the agenda line, the attachment and the URL go
  addguest UID WHICH ADDRESS
  setfree UID WHICH           shown as free
  moveall UID WHEN NEW        the whole series, by dragging that occurrence to NEW
  split UID WHEN NEW          "this and future"
  endseries UID WHEN          the last occurrence is the one before
  duplicate UID NEW_UID       copy and paste
  delete UID
  addevent UID WHEN ZONE MINUTES TITLE [ADDRESS...]   a single event, with those people
"""
import os
import sqlite3
import sys
import tempfile
import threading
import time
from urllib.parse import urlparse

if 'HOLDFAST_CLIENT_HOME' not in os.environ:
    # A session bus and a home of its own; the services end with the bus, the home is removed here.
    import shutil
    import subprocess
    home = tempfile.mkdtemp(prefix='evolution.', dir='/tmp')
    env = {k: v for k, v in os.environ.items() if not k.startswith(('DBUS_', 'XDG_', 'DISPLAY', 'WAYLAND'))}
    env.update(HOLDFAST_CLIENT_HOME=home, HOME=home, GSETTINGS_BACKEND='memory', GIO_USE_VFS='local')
    for name in ('CONFIG_HOME', 'CACHE_HOME', 'DATA_HOME', 'RUNTIME_DIR'):
        env['XDG_' + name] = os.path.join(home, name.lower())
        os.makedirs(env['XDG_' + name], mode=0o700)
    try:
        done = subprocess.run(['dbus-run-session', '--', sys.executable, __file__] + sys.argv[1:], env=env, timeout=120,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    sys.stdout.write(done.stdout)
    if done.returncode:
        sys.stderr.write(done.stderr)
    sys.exit(done.returncode)

import gi
gi.require_version('EDataServer', '1.2')
gi.require_version('ECal', '2.0')
gi.require_version('ICalGLib', '3.0')
from gi.repository import ECal, EDataServer, GLib, ICalGLib

K = ICalGLib.PropertyKind
TZID = ICalGLib.ParameterKind.TZID_PARAMETER


def connect(url, user, password):
    """The person's calendar as Evolution opens it, with the registry that keeps it open."""
    u = urlparse(url)
    sources = os.path.join(os.environ['XDG_CONFIG_HOME'], 'evolution', 'sources')
    os.makedirs(sources)
    with open(os.path.join(sources, 'person.source'), 'w') as f:
        f.write(f'''[Data Source]
DisplayName=Person
Enabled=true
Parent=caldav-stub

[Calendar]
BackendName=caldav
Selected=true

[Authentication]
Host={u.hostname}
Port={u.port or 80}
Method=plain/password
ProxyUid=system-proxy
RememberPassword=false
User={user}

[Security]
Method=none

[WebDAV Backend]
AvoidIfmatch=false
CalendarAutoSchedule=true
DisplayName=Person
EmailAddress={user}@example.test
ResourcePath={u.path}

[Offline]
StaySynchronized=true

[Refresh]
Enabled=false
''')
    threading.Thread(target=GLib.MainLoop().run, daemon=True).start()
    registry = EDataServer.SourceRegistry.new_sync(None)
    source = registry.ref_source('person')
    asked = []

    def credentials(s, *_):
        asked.append(s)
        if len(asked) <= 3:
            c = EDataServer.NamedParameters.new()
            c.set('username', user)
            c.set('password', password)
            s.invoke_authenticate(c, None, None)

    source.connect('credentials-required', credentials)
    client = ECal.Client.connect_sync(source, ECal.ClientSourceType.EVENTS, 30, None)
    for _ in range(300):  # till then it works offline, and what is made stays here
        if source.get_connection_status() == EDataServer.SourceConnectionStatus.CONNECTED:
            return registry, client
        time.sleep(0.1)
    sys.exit(f'not connected to {url}')


def stamp(when):
    """20261208T100000 of 2026-12-08T10:00."""
    return when.replace('-', '').replace(':', '') + '00'


def properties(comp, kind):
    out, p = [], comp.get_first_property(kind)
    while p is not None:
        out.append(p)
        p = comp.get_next_property(kind)
    return out


def drop(comp, *kinds):
    for kind in kinds:
        for p in properties(comp, kind):
            comp.remove_property(p)


class Event:
    """An event of the calendar: the series, and what is needed to name its occurrences."""

    def __init__(self, client, uid):
        self.client, self.uid = client, uid
        for attempt in range(120):
            try:
                self.master = client.get_object_sync(uid, None, None)[1]
                break
            except GLib.Error as e:  # not synchronised yet
                if attempt == 119:
                    sys.exit(f'no event {uid}: {e.message}')
                time.sleep(0.25)
        start = properties(self.master, K.DTSTART_PROPERTY)[0]
        p = start.get_first_parameter(TZID)
        self.tzid = p.get_tzid() if p is not None else None
        self.start = self.master.get_dtstart()
        self.utc = self.start.is_utc()
        self.zone = self.start.get_timezone()
        if self.zone is None and self.tzid:
            self.zone = client.get_timezone_sync(self.tzid, None)[1]

    def at(self, when):
        t = ICalGLib.Time.new_from_string(stamp(when) + ('Z' if self.utc else ''))
        if self.zone is not None:
            t.set_timezone(self.zone)
        return t

    def put(self, comp, kind, t):
        """Sets DTSTART, DTEND or RECURRENCE-ID with the zone by its own name, as Evolution's views do."""
        make = {K.DTSTART_PROPERTY: ICalGLib.Property.new_dtstart, K.DTEND_PROPERTY: ICalGLib.Property.new_dtend,
                K.RECURRENCEID_PROPERTY: ICalGLib.Property.new_recurrenceid}[kind]
        drop(comp, kind)
        p = make(t)
        while (z := p.get_first_parameter(TZID)) is not None:
            p.remove_parameter_by_ref(z)
        if self.tzid and not t.is_utc():
            p.set_parameter(ICalGLib.Parameter.new_tzid(self.tzid))
        comp.add_property(p)

    def times(self, comp, start, seconds):
        end = start.clone()
        end.adjust(0, 0, 0, seconds)
        drop(comp, K.DURATION_PROPERTY)
        self.put(comp, K.DTSTART_PROPERTY, start)
        self.put(comp, K.DTEND_PROPERTY, end)

    def seconds(self, comp):
        return comp.get_dtend().as_timet() - comp.get_dtstart().as_timet()

    def occurrence(self, when):
        """The occurrence as a component of its own, ready to be edited."""
        rid = self.at(when)
        try:
            one = self.client.get_object_sync(self.uid, rid.as_ical_string(), None)[1]
            if one.get_first_property(K.RECURRENCEID_PROPERTY) is not None:
                return one
        except GLib.Error:
            pass
        one = self.construct(when)
        drop(one, K.RRULE_PROPERTY, K.RDATE_PROPERTY, K.EXDATE_PROPERTY, K.EXRULE_PROPERTY)
        return one

    def construct(self, when):
        rid = self.at(when)
        one = ECal.util_construct_instance(self.master, rid)
        if one is None:
            sys.exit(f'{when} is no occurrence of {self.uid}')
        self.put(one, K.RECURRENCEID_PROPERTY, rid)
        self.times(one, rid, self.seconds(self.master))
        return one

    def edit(self, which, change):
        comp = self.master if which == 'all' else self.occurrence(which)
        change(comp)
        self.modify(comp, ECal.ObjModType.ALL if which == 'all' else ECal.ObjModType.THIS)

    def modify(self, comp, mod):
        comp.set_sequence(comp.get_sequence() + 1)
        self.client.modify_object_sync(comp, mod, ECal.OperationFlags.NONE, None)

    def remove(self, when, mod):
        rid = self.at(when).as_ical_string() if when else None
        self.client.remove_object_sync(self.uid, rid, mod, ECal.OperationFlags.NONE, None)


def move(e, when, new):
    e.edit(when, lambda c: e.times(c, e.at(new), e.seconds(c)))


def shorten(e, which, minutes):
    e.edit(which, lambda c: e.times(c, c.get_dtstart() if which != 'all' else e.start, int(minutes) * 60))


def cancel(e, when):
    e.remove(when, ECal.ObjModType.THIS)


def putback(e, when):
    local = e.at(when)
    utc = local.convert_to_zone(ICalGLib.Timezone.get_utc_timezone())

    def change(c):
        gone = [p for p in properties(c, K.EXDATE_PROPERTY)
                if p.get_exdate().as_ical_string() in (local.as_ical_string(), utc.as_ical_string())]
        if not gone:
            sys.exit(f'{when} is not taken out')
        for p in gone:
            c.remove_property(p)

    e.edit('all', change)


def decline(e, which):
    def change(c):
        mine = [p for p in properties(c, K.ATTENDEE_PROPERTY) if p.get_attendee().lower() == f'mailto:{USER}@example.test']
        if not mine:
            sys.exit(f'{USER} is not invited')
        mine[0].set_parameter(ICalGLib.Parameter.new_partstat(ICalGLib.ParameterPartstat.DECLINED))

    e.edit(which, change)


def relocate(e, which, place):
    e.edit(which, lambda c: c.set_location(place))


def unlink(e, which):
    def change(c):
        lines = (c.get_description() or '').split('\n')
        drop(c, K.ATTACH_PROPERTY, K.URL_PROPERTY, K.DESCRIPTION_PROPERTY)
        text = '\n'.join(line for line in lines if not line.startswith('Agenda:')).strip()
        if text:
            c.set_description(text)

    e.edit(which, change)


def addguest(e, which, address):
    def change(c):
        p = ICalGLib.Property.new_attendee('mailto:' + address)
        p.set_parameter(ICalGLib.Parameter.new_partstat(ICalGLib.ParameterPartstat.NEEDSACTION))
        p.set_parameter(ICalGLib.Parameter.new_rsvp(ICalGLib.ParameterRsvp.TRUE))
        c.add_property(p)

    e.edit(which, change)


def setfree(e, which):
    def change(c):
        drop(c, K.TRANSP_PROPERTY)
        c.add_property(ICalGLib.Property.new_transp(ICalGLib.PropertyTransp.TRANSPARENT))

    e.edit(which, change)


def slide(e, comp, start):
    """The series in comp begins at start, on that weekday."""
    days = ('SU', 'MO', 'TU', 'WE', 'TH', 'FR', 'SA')
    rule = properties(comp, K.RRULE_PROPERTY)[0]
    text = rule.get_value_as_string().replace('BYDAY=' + days[e.start.day_of_week() - 1], 'BYDAY=' + days[start.day_of_week() - 1])
    comp.remove_property(rule)
    comp.add_property(ICalGLib.Property.new_from_string('RRULE:' + text))
    e.times(comp, start, e.seconds(comp))


def moveall(e, when, new):
    start = e.start.clone()
    start.adjust(0, 0, 0, e.at(new).as_timet() - e.at(when).as_timet())  # on one clock: neither carries an offset
    e.edit('all', lambda c: slide(e, c, start))


def split(e, when, new):
    later = e.construct(when)
    slide(e, later, e.at(new))
    e.modify(later, ECal.ObjModType.THIS_AND_FUTURE)


def endseries(e, when):
    e.remove(when, ECal.ObjModType.THIS_AND_FUTURE)


def duplicate(e, uid):
    c = e.master.clone()
    c.set_uid(uid)
    e.client.create_object_sync(c, ECal.OperationFlags.NONE, None)


def delete(e):
    e.remove(None, ECal.ObjModType.ALL)


def addevent(client, uid, when, zone, minutes, title, *people):
    c = ICalGLib.Component.new(ICalGLib.ComponentKind.VEVENT_COMPONENT)
    c.set_uid(uid)
    c.set_summary(title)
    z = ICalGLib.Timezone.get_builtin_timezone(zone)
    start = ICalGLib.Time.new_from_string(stamp(when))
    end = start.clone()
    end.adjust(0, 0, int(minutes), 0)
    for make, t in ((ICalGLib.Property.new_dtstart, start), (ICalGLib.Property.new_dtend, end)):
        t.set_timezone(z)
        c.add_property(make(t.convert_to_zone(ICalGLib.Timezone.get_utc_timezone())))
    if people:
        c.add_property(ICalGLib.Property.new_organizer(f'mailto:{USER}@example.test'))
        for address in people:
            c.add_property(ICalGLib.Property.new_attendee('mailto:' + address))
    client.create_object_sync(c, ECal.OperationFlags.NONE, None)


def settled():
    """Waits until the server has all that was done: what is done while Evolution is connecting is kept back for a moment."""
    cache = os.path.join(os.environ['XDG_CACHE_HOME'], 'evolution', 'calendar', 'person', 'cache.db')
    for _ in range(300):
        db = sqlite3.connect(cache, timeout=10)
        kept_back = db.execute('SELECT COUNT(*) FROM ECacheObjects WHERE ECacheState <> 0').fetchone()[0]
        db.close()
        if not kept_back:
            return
        time.sleep(0.1)
    sys.exit(f'{kept_back} changes were not sent')


if len(sys.argv) < 6:
    sys.exit(__doc__)
OP, URL, USER, PASSWORD, UID, *ARGS = sys.argv[1:]
REGISTRY, CLIENT = connect(URL, USER, PASSWORD)
if OP == 'addevent':
    addevent(CLIENT, UID, *ARGS)
else:
    {f.__name__: f for f in (move, shorten, cancel, putback, decline, relocate, unlink, addguest, setfree, moveall, split,
                             endseries, duplicate, delete)}[OP](Event(CLIENT, UID), *ARGS)
settled()
os._exit(0)  # the main loop's thread would keep it
