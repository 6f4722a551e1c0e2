#!/usr/bin/python3
"""What a calendar that is subscribed to shows, in real programs, without a display.

  feed.py evolution|khal URL ZONE FROM TO

Prints a line for each meeting of the days from FROM to TO (2026-12-08), TO not included, on the clocks of ZONE, by
start:
2026-12-08T10:00 2026-12-08T11:00 TITLE @ PLACE
"""
import os
import subprocess
import sys
import tempfile
from urllib.parse import urlparse

CLIENT, URL, ZONE, FROM, TO = sys.argv[1:]

if 'HOLDFAST_CLIENT_HOME' not in os.environ:
    # A session bus and a home of its own; the services end with the bus, the home is removed here.
    with tempfile.TemporaryDirectory(prefix='feed.', dir='/tmp', ignore_cleanup_errors=True) as home:
        env = {k: v for k, v in os.environ.items() if not k.startswith(('DBUS_', 'XDG_', 'DISPLAY', 'WAYLAND'))}
        env.update(HOLDFAST_CLIENT_HOME=home, HOME=home, GSETTINGS_BACKEND='memory', GIO_USE_VFS='local', TZ=ZONE,
                   LC_ALL='C.UTF-8')
        for name in ('CONFIG_HOME', 'CACHE_HOME', 'DATA_HOME', 'RUNTIME_DIR'):
            env['XDG_' + name] = os.path.join(home, name.lower())
            os.makedirs(env['XDG_' + name], mode=0o700)
        done = subprocess.run(['dbus-run-session', '--', sys.executable, __file__] + sys.argv[1:], env=env, timeout=120,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
    sys.stdout.write(done.stdout)
    if done.returncode:
        sys.stderr.write(done.stderr)
    sys.exit(done.returncode)


def evolution():
    """Evolution's data server subscribes, and libecal tells what its views would draw."""
    import threading
    import time

    import gi
    gi.require_version('EDataServer', '1.2')
    gi.require_version('ECal', '2.0')
    gi.require_version('ICalGLib', '3.0')
    from gi.repository import ECal, EDataServer, GLib, ICalGLib

    u = urlparse(URL)
    sources = os.path.join(os.environ['XDG_CONFIG_HOME'], 'evolution', 'sources')
    os.makedirs(sources)
    with open(os.path.join(sources, 'feed.source'), 'w') as f:
        f.write(f'''[Data Source]
DisplayName=Feed
Enabled=true
Parent=webcal-stub

[Calendar]
BackendName=webcal
Selected=true

[Authentication]
Host={u.hostname}
Port={u.port or 80}
Method=none
ProxyUid=system-proxy

[Security]
Method=none

[WebDAV Backend]
ResourcePath={u.path}

[Offline]
StaySynchronized=true

[Refresh]
Enabled=false
''')
    threading.Thread(target=GLib.MainLoop().run, daemon=True).start()
    registry = EDataServer.SourceRegistry.new_sync(None)
    client = ECal.Client.connect_sync(registry.ref_source('feed'), ECal.ClientSourceType.EVENTS, 30, None)
    for _ in range(300):  # till it has fetched
        if client.get_object_list_sync('#t', None)[1]:
            break
        time.sleep(0.1)
    else:
        sys.exit(f'nothing came from {URL}')
    zone = ICalGLib.Timezone.get_builtin_timezone(ZONE)
    client.set_default_timezone(zone)

    def day(text):
        t = ICalGLib.Time.new_from_string(text.replace('-', '') + 'T000000')
        t.set_timezone(zone)
        return t.as_timet_with_zone(zone)

    out = []

    def text(t):
        t = t.convert_to_zone(zone)
        return '%04d-%02d-%02dT%02d:%02d' % (*t.get_date()[:3], *t.get_time()[:2])

    def each(comp, start, end, *_):
        out.append(f'{text(start)} {text(end)} {comp.get_summary()} @ {comp.get_location()}')
        return True

    client.generate_instances_sync(day(FROM), day(TO), None, each, None)
    return out


def khal():
    """khal shows what was imported; others fetch for it."""
    import urllib.request

    home = os.environ['HOLDFAST_CLIENT_HOME']
    config, feed = os.path.join(home, 'khal.conf'), os.path.join(home, 'feed.ics')
    os.mkdir(os.path.join(home, 'calendar'))
    with open(config, 'w') as f:
        f.write(f'''[calendars]
[[feed]]
path = {home}/calendar

[locale]
local_timezone = {ZONE}
default_timezone = {ZONE}
timeformat = %H:%M
dateformat = %Y-%m-%d
longdateformat = %Y-%m-%d
datetimeformat = %Y-%m-%dT%H:%M
longdatetimeformat = %Y-%m-%dT%H:%M
''')
    with urllib.request.urlopen(URL) as r, open(feed, 'wb') as f:
        f.write(r.read())
    run = lambda *args: subprocess.run(['khal', '-c', config, *args], check=True, capture_output=True, text=True).stdout
    run('import', '--batch', '-a', 'feed', feed)
    lines = run('list', '--day-format', '', '--format', '{start} {end} {title} @ {location}', FROM, TO)
    return [l for l in lines.splitlines() if l and l < TO]


print('\n'.join(sorted({'evolution': evolution, 'khal': khal}[CLIENT]())), flush=True)
os._exit(0)  # the main loop's thread would keep it
