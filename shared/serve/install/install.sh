#!/bin/sh
# Installs the Vigie agent on a Linux machine, lets it join a site, and waits until its first samples have arrived.
#
#   printf '%s\n' vg1.… | sudo sh install.sh --from https://hub.example.org
#   sudo sh install.sh --from http://192.168.1.10:7802 --via 192.168.1.10:7801      from and through a site's relay
#
#   --from URL        the hub or relay that serves the agent's program
#   --via HOST:PORT   where this machine asks to join: a relay of the site; the token's addresses if left out
#   --name NAME       what people call this machine; its host name if left out
#   --user            for this user alone, without root
#   --prefix DIR      the program goes to DIR/bin; /usr/local, or ~/.local with --user
#   --dry-run         says what would be done, and changes nothing
#   --uninstall       stops and removes the agent; what it measured and who it is stay in its data folder
#   --purge           with --uninstall: these and its settings go, too
#
# The token (vg1.…) is read from VIGIE_TOKEN or from standard input, never from an argument: arguments are seen by all
# users of a machine. It holds no secret of yours beyond the right to join one site, and it pins the hub's key: whoever
# stands in between can neither use it nor pass for the hub. Nothing in this file is secret, and it is the same for all.
#
# Run again with the same program it does nothing, with another one it upgrades. When something fails before the end,
# what was there before is there again, and the reason is said. Ends with 0 when done, 1 failed, 2 wrong usage, and 6
# when the agent was started but nothing has arrived yet.

set -eu
umask 022

# The programs of whoever served this file: platform, bytes, SHA-256.
PROGRAMS='@PROGRAMS@'

FROM='' VIA='' NAME='' USER_MODE='' PREFIX='' DRY='' UNINSTALL='' PURGE='' TOKEN=''
STAGE='' MADE='' DONE='' UNDO=''

say() { printf '%s\n' "$*"; }
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }
wrong() { printf 'error: %s; nothing was changed\n' "$*" >&2; exit 2; }

main() {
  options "$@"
  places
  if [ -n "$UNINSTALL" ]; then uninstall; return; fi
  platform
  [ -n "$DRY" ] && { plan; return; }
  read_token
  trap finish EXIT
  trap 'exit 1' HUP INT PIPE TERM
  room
  download
  enrol
  put
  start
  DONE=1
  arrived
}

options() {
  while [ $# -gt 0 ]; do
    case $1 in
      --from | --via | --name | --prefix)
        [ -n "${2-}" ] || wrong "$1 needs a value"
        case $1 in --from) FROM=${2%/} ;; --via) VIA=$2 ;; --name) NAME=$2 ;; *) PREFIX=${2%/} ;; esac
        shift ;;
      --user) USER_MODE=1 ;;
      --dry-run) DRY=1 ;;
      --uninstall) UNINSTALL=1 ;;
      --purge) PURGE=1 ;;
      vg1.*) wrong "the token is given in VIGIE_TOKEN or on standard input: arguments are seen by all users of a machine" ;;
      *) wrong "$1 is no option of this installer: --from, --via, --name, --user, --prefix, --dry-run, --uninstall, --purge" ;;
    esac
    shift
  done
  case $NAME in *[!A-Za-z0-9._-]*) wrong "a machine's name has letters, digits, points, dashes and underlines" ;; esac
  case $PREFIX in '' | /*) ;; *) wrong "--prefix is a whole path, from / on" ;; esac
  case "$PREFIX${USER_MODE:+${HOME-}}" in *[!A-Za-z0-9._/@+-]*) wrong "the paths $PREFIX and ${HOME-} must do without spaces and signs" ;; esac
  [ -z "$PURGE" ] || [ -n "$UNINSTALL" ] || wrong "--purge goes with --uninstall"
}

# Where everything goes.
places() {
  if [ -n "$USER_MODE" ]; then
    [ -n "${HOME-}" ] || wrong "HOME is not set, and --user installs there"
    BIN=${PREFIX:-$HOME/.local}/bin
    CONF=${XDG_CONFIG_HOME:-$HOME/.config}/vigie
    DATA=${XDG_STATE_HOME:-$HOME/.local/state}/vigie-agent
    DATA_LINK=''
    UNITS=${XDG_CONFIG_HOME:-$HOME/.config}/systemd/user
    SCOPE=--user
  else
    [ "$(id -u)" = 0 ] || [ -n "$DRY" ] || wrong "this needs root (sudo), or --user to install for you alone"
    BIN=${PREFIX:-/usr/local}/bin
    CONF=/etc/vigie
    # Where systemd keeps the folders of services that have no user of their own, and the name that it gives them.
    DATA=/var/lib/private/vigie-agent
    DATA_LINK=/var/lib/vigie-agent
    UNITS=/etc/systemd/system
    SCOPE=--system
  fi
  PROGRAM=$BIN/vigie-agent
  UNIT=$UNITS/vigie-agent.service
  if has_systemd; then SYSTEMD=1; else SYSTEMD=''; fi
  # Without systemd nobody makes that link, and the folder stands where the agent looks for it.
  if [ -z "$SYSTEMD" ] && [ -n "$DATA_LINK" ] && [ ! -d "$DATA" ]; then DATA=$DATA_LINK DATA_LINK=''; fi
}

has_systemd() {
  command -v systemctl >/dev/null 2>&1 && systemctl "$SCOPE" show --property=Version >/dev/null 2>&1
}

platform() {
  [ -n "$FROM" ] || wrong "say where the program comes from: --from https://hub.example.org"
  case $FROM in http://* | https://*) ;; *) wrong "--from is an address that begins with http:// or https://" ;; esac
  [ "$(uname -s)" = Linux ] || wrong "this installer is for Linux, and this is $(uname -s)"
  case $(uname -m) in
    x86_64 | amd64) PLATFORM=x86_64-linux ;;
    aarch64 | arm64) PLATFORM=aarch64-linux ;;
    armv7*) PLATFORM=armv7-linux ;;
    *) PLATFORM=$(uname -m)-linux ;;
  esac
  FOUND=$(printf '%s\n' "$PROGRAMS" | while read -r name bytes sum; do
    if [ "$name" = "$PLATFORM" ]; then printf '%s %s\n' "$bytes" "$sum"; fi
  done)
  if [ -z "$FOUND" ]; then
    has=$(printf '%s\n' "$PROGRAMS" | cut -d ' ' -f 1 | tr '\n' ' ')
    fail "whoever served this file has no program for $PLATFORM (it has: ${has:-none}). Its operator puts" \
      "vigie-agent-$PLATFORM into the folder that its setting [install] names; nothing was changed"
  fi
  BYTES=${FOUND% *}
  SUM=${FOUND#* }
  command -v sha256sum >/dev/null 2>&1 || fail "sha256sum is not here, and nothing is installed unchecked; nothing was changed"
}

is_enrolled() { [ -d "$DATA/identity" ]; }

is_same_program() { [ -x "$PROGRAM" ] && [ "$(sha256sum <"$PROGRAM" | cut -d ' ' -f 1)" = "$SUM" ]; }

plan() {
  say "This would be done; nothing was changed:"
  if is_same_program; then say "  $PROGRAM is this program already"
  else say "  fetch $FROM/install/vigie-agent-$PLATFORM, $BYTES bytes, SHA-256 $SUM"; say "  put it at $PROGRAM"; fi
  if [ -e "$CONF/agent.toml" ]; then say "  leave $CONF/agent.toml as it is"; else say "  write $CONF/agent.toml"; fi
  if is_enrolled; then say "  stay enrolled as it is, in $DATA"; else say "  join with the token, and keep identity and buffer in $DATA"; fi
  if [ -n "$SYSTEMD" ]; then say "  write $UNIT, start it now and at each boot"
  else say "  start nothing: systemd does not run here"; fi
}

# A terminal is asked nothing: whoever has a token pastes the command that came with it.
read_token() {
  TOKEN=${VIGIE_TOKEN-}
  unset VIGIE_TOKEN
  if [ -z "$TOKEN" ] && [ ! -t 0 ]; then IFS= read -r TOKEN || :; fi
  if [ -z "$TOKEN" ] && ! is_enrolled; then
    fail "no token: give it in VIGIE_TOKEN or on standard input; nothing was changed"
  fi
}

# Removes what was made, unless all went well.
finish() {
  code=$?
  trap - EXIT
  if [ -z "$DONE" ]; then
    case $UNDO in *program*) if [ -e "$STAGE/before" ]; then mv -f "$STAGE/before" "$PROGRAM"; else rm -f "$PROGRAM"; fi ;; esac
    case $UNDO in *conf*) rm -f "$CONF/agent.toml" ;; esac
    case $UNDO in *unit*) if [ -e "$STAGE/unit" ]; then mv -f "$STAGE/unit" "$UNIT"; else remove_unit; fi ;; esac
    case $UNDO in *data*) rm -rf "$DATA" ;; esac
    case $UNDO in *self*) rm -f "$BIN/vigie-agent-install" ;; esac
    # An agent that ran before goes on as it was.
    case $UNDO in *restart*) systemctl "$SCOPE" daemon-reload; systemctl "$SCOPE" restart vigie-agent.service || : ;; esac
  fi
  [ -z "$STAGE" ] || rm -rf "$STAGE"
  if [ -z "$DONE" ]; then
    for dir in $MADE; do [ ! -d "$dir" ] || find "$dir" -depth -type d -exec rmdir {} \; 2>/dev/null || :; done
  fi
  exit "$code"
}

# Makes a folder, and remembers the first part of its path that was not there.
folder() {
  top=''
  dir=$1
  while [ ! -d "$dir" ]; do top=$dir; dir=$(dirname "$dir"); done
  [ -n "$top" ] || return 0
  MADE="$MADE $top"
  mkdir -p "$1" || fail "the folder $1 can not be made; nothing was changed"
}

room() {
  folder "$BIN"
  STAGE=$(mktemp -d "$BIN/.vigie-install.XXXXXX") || fail "$BIN can not be written to; nothing was changed"
  folder "$(dirname "$DATA")"
  needs "$BIN" $((BYTES / 1024 + 1024))
  # A day of a usual machine.
  needs "$(dirname "$DATA")" 16384
}

needs() {
  free=$(df -Pk "$1" | awk 'NR == 2 { print $4 }')
  [ "${free:-0}" -ge "$2" ] || fail "$1 has room for $((free / 1024)) MiB, and $(($2 / 1024)) are needed; nothing was changed"
}

download() {
  is_same_program && { say "$PROGRAM is this program already"; return; }
  say "fetching the agent from $FROM"
  new=$STAGE/vigie-agent
  url=$FROM/install/vigie-agent-$PLATFORM
  if command -v curl >/dev/null 2>&1; then
    curl -fsSL --connect-timeout 20 -o "$new" "$url" || fail "$url could not be fetched; nothing was changed"
  elif command -v wget >/dev/null 2>&1; then
    wget -q -T 20 -O "$new" "$url" || fail "$url could not be fetched; nothing was changed"
  else
    fail "neither curl nor wget is here; nothing was changed"
  fi
  sum=$(sha256sum <"$new" | cut -d ' ' -f 1)
  [ "$sum" = "$SUM" ] || fail "what came from $url is not what it should be (SHA-256 $sum, not $SUM): it was changed on" \
    "the way, or is being replaced there; nothing was changed"
  chmod 755 "$new"
  "$new" --version >/dev/null 2>&1 || fail "the program does not run on this machine (it was made for $PLATFORM and another" \
    "system library, or $BIN lets no program run); nothing was changed"
}

# The program that was fetched, or the same that is there.
fetched() { if [ -x "$STAGE/vigie-agent" ]; then printf %s "$STAGE/vigie-agent"; else printf %s "$PROGRAM"; fi; }

enrol() {
  if is_enrolled; then
    say "this machine is enrolled already; that stays as it is, and no token is used"
    return
  fi
  [ ! -e "$DATA" ] || fail "$DATA is there and holds no identity; look what it is and move it away; nothing was changed"
  say "joining with the token"
  mkdir -m 700 "$STAGE/data"
  set -- enrol --data "$STAGE/data"
  [ -z "$VIA" ] || set -- "$@" --via "$VIA"
  [ -z "$NAME" ] || set -- "$@" --name "$NAME"
  VIGIE_TOKEN=$TOKEN "$(fetched)" "$@" >"$STAGE/said" || fail "this machine did not join, for the reason above; nothing was changed"
  TOKEN=''
  head -n 1 "$STAGE/said"
}

put() {
  if [ -x "$STAGE/vigie-agent" ]; then
    [ ! -e "$PROGRAM" ] || cp -p "$PROGRAM" "$STAGE/before"
    mv -f "$STAGE/vigie-agent" "$PROGRAM"
    UNDO="$UNDO program"
  fi
  if [ -d "$STAGE/data" ]; then
    # systemd's own folder for these is closed to all others.
    case $DATA in /var/lib/private/*) chmod 700 /var/lib/private ;; esac
    UNDO="$UNDO data"
    # It may be another file system: copied, then there under its name at once.
    if ! { cp -a "$STAGE/data" "$DATA.joining" && mv "$DATA.joining" "$DATA"; }; then
      rm -rf "$DATA.joining"
      fail "$DATA can not be written to; nothing was changed"
    fi
  fi
  if [ ! -e "$CONF/agent.toml" ]; then
    folder "$CONF"
    UNDO="$UNDO conf"
    settings >"$CONF/agent.toml"
  fi
  # What takes it away again is there without any line.
  if [ -f "$0" ] && [ ! -e "$BIN/vigie-agent-install" ]; then UNDO="$UNDO self"; fi
  if [ -f "$0" ]; then cp "$0" "$BIN/vigie-agent-install.new" && chmod 755 "$BIN/vigie-agent-install.new" &&
    mv -f "$BIN/vigie-agent-install.new" "$BIN/vigie-agent-install"; fi
}

settings() {
  say "# Settings of the Vigie agent. Every key may be left out; the README of Vigie says which there are."
  [ -z "$NAME" ] || say "name = \"$NAME\""
}

start() {
  [ -n "$SYSTEMD" ] || return 0
  folder "$UNITS"
  unit >"$STAGE/unit.new"
  # With the same program and the same unit an agent that runs is left alone.
  verb=restart
  case $UNDO in *program*) ;; *) if cmp -s "$STAGE/unit.new" "$UNIT"; then verb=start; fi ;; esac
  [ ! -e "$UNIT" ] || { cp -p "$UNIT" "$STAGE/unit"; UNDO="$UNDO restart"; }
  UNDO="$UNDO unit"
  cp "$STAGE/unit.new" "$UNIT"
  systemctl "$SCOPE" daemon-reload
  systemctl "$SCOPE" --quiet enable vigie-agent.service
  systemctl "$SCOPE" "$verb" vigie-agent.service ||
    fail "systemd could not start it: journalctl $SCOPE -u vigie-agent; what was there before is there again"
}

# What the agent may do: read, measure, speak with the next hop, and write into its own folder.
unit() {
  cat <<UNIT
[Unit]
Description=Vigie agent: measures this machine and loses nothing
Wants=network-online.target
After=network-online.target

[Service]
ExecStart=$PROGRAM run --data ${DATA_LINK:-$DATA} --config $CONF/agent.toml
Restart=always
RestartSec=5
UMask=0077
NoNewPrivileges=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
RestrictRealtime=yes
RestrictNamespaces=yes
RestrictSUIDSGID=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
SystemCallArchitectures=native
SystemCallErrorNumber=EPERM
UNIT
  if [ -n "$USER_MODE" ]; then
    printf '\n[Install]\nWantedBy=default.target\n'
    return
  fi
  cat <<UNIT
# A user that exists while it runs, and owns nothing but these folders.
DynamicUser=yes
User=vigie-agent
StateDirectory=vigie-agent
StateDirectoryMode=0700
RuntimeDirectory=vigie-agent
CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=strict
# Read, because how full /home is belongs to what is measured.
ProtectHome=read-only
PrivateTmp=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
DevicePolicy=closed
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
KeyringMode=private

[Install]
WantedBy=multi-user.target
UNIT
}

arrived() {
  if [ -z "$SYSTEMD" ]; then
    say "installed; systemd does not run here, so nothing was started. Start it as your system starts programs:"
    say "  $PROGRAM run --data $DATA --config $CONF/agent.toml"
    return
  fi
  say "started; waiting for the first samples to arrive"
  tries=0
  while [ "$tries" -lt 60 ]; do
    if status=$("$PROGRAM" status --data "$DATA" 2>/dev/null) && has_arrived "$status"; then
      printf '%s\n' "$status"
      say "done: what this machine measures arrives"
      [ -z "$USER_MODE" ] || say "it ends when you sign out, unless: loginctl enable-linger"
      return
    fi
    tries=$((tries + 1))
    sleep 1
  done
  "$PROGRAM" status --data "$DATA" >&2 || :
  "$PROGRAM" doctor --data "$DATA" --config "$CONF/agent.toml" >&2 || :
  printf '%s\n' "installed and started, but nothing has arrived within a minute; it keeps what it measures and goes on trying." \
    "What is wrong stands above; again: $PROGRAM doctor --data $DATA" >&2
  exit 6
}

has_arrived() {
  printf '%s\n' "$1" | awk '/^  (at the hub|passed on) / { if ($0 !~ / 0( |$)/) some = 1 } END { exit !some }'
}

remove_unit() {
  [ -e "$UNIT" ] || return 0
  systemctl "$SCOPE" --quiet disable vigie-agent.service 2>/dev/null || :
  systemctl "$SCOPE" stop vigie-agent.service 2>/dev/null || :
  rm -f "$UNIT"
  systemctl "$SCOPE" daemon-reload 2>/dev/null || :
}

uninstall() {
  if [ -n "$DRY" ]; then
    say "This would be removed; nothing was changed:"
    for one in "$UNIT" "$PROGRAM" "$BIN/vigie-agent-install"; do [ ! -e "$one" ] || say "  $one"; done
    [ -z "$PURGE" ] || say "  $DATA and $CONF/agent.toml"
    return
  fi
  gone=''
  if [ -e "$UNIT" ]; then remove_unit; say "stopped, and removed $UNIT"; gone=1; fi
  for one in "$PROGRAM" "$BIN/vigie-agent-install"; do
    if [ -e "$one" ]; then rm -f "$one"; say "removed $one"; gone=1; fi
  done
  if [ -n "$PURGE" ]; then
    for one in "$DATA" "$CONF/agent.toml"; do
      if [ -e "$one" ]; then rm -rf "$one"; say "removed $one"; gone=1; fi
    done
    if [ -n "$DATA_LINK" ] && [ -L "$DATA_LINK" ]; then rm -f "$DATA_LINK"; fi
    rmdir "$CONF" 2>/dev/null || :
  elif [ -e "$DATA" ]; then
    say "kept: $DATA (what was measured, and who this machine is) and $CONF/agent.toml; --uninstall --purge removes them"
  fi
  [ -n "$gone" ] || say "nothing of the agent is here"
}

main "$@"
