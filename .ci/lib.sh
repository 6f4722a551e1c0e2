# What .ci/run and .ci/servers/* share. Sourced by bash.

say() { printf '%s\n' "$*"; }
die() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }

# apt_install PACKAGE...: those that are missing, without starting the services they bring (policy-rc.d(8)).
apt_install() {
  local p missing=() policy=/usr/sbin/policy-rc.d ours=
  for p in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null || true)" = installed ] || missing+=("$p")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  [ "$(id -u)" = 0 ] || die "needs root to install: ${missing[*]}"
  if [ ! -e $policy ]; then
    printf '#!/bin/sh\nexit 101\n' >$policy
    chmod 755 $policy
    ours=yes
  fi
  local rc=0
  {
    apt-get -q -o DPkg::Lock::Timeout=300 update &&
      DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 \
        install --no-install-recommends "${missing[@]}"
  } </dev/null >&2 || rc=$?
  [ -z "$ours" ] || rm -f $policy
  return $rc
}

# listening PORT: does anything answer on that port of the loopback?
listening() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# free_port: a port that nothing listens on.
free_port() {
  local p
  while :; do
    p=$((20000 + RANDOM % 12000))
    listening $p || { say $p; return; }
  done
}

# is_ours PIDFILE WORD: is the process of that file alive, with WORD in its command line?
is_ours() {
  local pid
  pid=$(cat "$1" 2>/dev/null) && [ -n "$pid" ] && tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep -qF -- "$2"
}

# stop_pid PIDFILE WORD: ends that process and waits until it is gone.
stop_pid() {
  local pid i
  if is_ours "$1" "$2"; then
    pid=$(cat "$1")
    kill "$pid"
    for ((i = 0; i < 100; i++)); do
      [ -d "/proc/$pid" ] || break
      sleep 0.1
    done
    [ ! -d "/proc/$pid" ] || kill -9 "$pid"
  fi
  rm -f "$1"
}

# dav USER METHOD URL [BODY]: the status of that request; the password is USER-pw.
dav() {
  local body=()
  [ $# -lt 4 ] || body=(-H 'Content-Type: application/xml; charset=utf-8' --data-binary "$4")
  curl -s -o /dev/null -w '%{http_code}' -m 20 -u "$1:$1-pw" -X "$2" -H 'Depth: 0' "${body[@]}" "$3" || true
}

# wait_for STATUS USER URL: until a PROPFIND there answers so, 20 s at most.
wait_for() {
  local i code=
  for ((i = 0; i < 200; i++)); do
    code=$(dav "$2" PROPFIND "$3")
    [ "$code" != "$1" ] || return 0
    sleep 0.1
  done
  die "PROPFIND $3 by $2: $code instead of $1"
}

# The accounts of every test server, in teams of a manager, a report and a third person. go test runs packages at the same
# time, so that each has its own: internal/provider/caldav mia, raj, lee; on Cyrus also dan, eva, leo, whom
# internal/daemon has on Radicale; the stories of cmd/holdfast, several at once, the rest.
STORY_TEAMS=(ana,bo,kim ida,tom,eve uma,jan,lou)
USERS=(mia raj lee dan eva leo ${STORY_TEAMS[*]//,/ })

# describe BASE PRINCIPAL CALENDAR SERVICE_CALENDAR STATE: what a started server prints, for tests to read; {user} is a
# person's account, whose mail address is {user}@example.test. The service account may write every person's calendar.
describe() {
  local u accounts=()
  for u in "${USERS[@]}"; do accounts+=("$u:$u-pw"); done
  cat <<O
NAME=${0##*/}
BASE_URL=$1
PRINCIPAL_URL=$2
CALENDAR_HOME=${3%/*/}/
DEFAULT_CALENDAR=$3
EMAIL={user}@example.test
USERS=${accounts[*]}
STORY_TEAMS=${STORY_TEAMS[*]}
SERVICE_ACCOUNT=svc:svc-pw
SERVICE_CALENDAR=$4
STATE_DIR=$5
O
}

# server_main ARG...: the command line of a server script, which defines do_install, do_start PORT STATE, do_stop STATE.
server_main() {
  case "${1:-} $#" in
    "install 1") do_install ;;
    "start 3")
      listening "$2" && die "port $2 is taken"
      mkdir -p "$3"
      chmod 755 "$3"
      do_start "$2" "$(cd "$3" && pwd)"
      ;;
    "stop 2") do_stop "$2" ;;
    *) die "usage: ${0##*/} install | start PORT STATE_DIR | stop STATE_DIR" ;;
  esac
}
