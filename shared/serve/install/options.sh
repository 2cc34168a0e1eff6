#!/bin/sh
# Installs the Vigie agent on a Linux machine, lets it join a site, and waits until its first samples have arrived.
# With --relay it installs the relay of a site on one of its machines, and waits until that one has reached the hub.
#
#   printf '%s\n' vg1.… | sudo sh install.sh --from https://hub.example.org
#   sudo sh install.sh --from http://192.168.1.10:7802 --via 192.168.1.10:7801      from and through a site's relay
#   printf '%s\n' vg1.… | sudo sh install.sh --from https://hub.example.org --relay --page 0.0.0.0:7802
#
#   --from URL        the hub or relay that serves the program
#   --via HOST:PORT   where this machine asks to join: a relay of the site; the token's addresses if left out
#   --name NAME       what people call this machine; its host name if left out
#   --relay           the relay rather than the agent; it gets the programs, too, that machines of its site install from it
#   --advertise LIST  with --relay: where agents reach it, HOST:PORT and more after commas; this machine's address if left out
#   --page IP:PORT    with --relay: where people reach its page; 127.0.0.1:7802, this machine alone, if left out
#   --user            for this user alone, without root
#   --prefix DIR      the program goes to DIR/bin; /usr/local, or ~/.local with --user
#   --dry-run         says what would be done, and changes nothing
#   --uninstall       stops and removes it; what it keeps and who it is stay in its data folder
#   --purge           with --uninstall: these and its settings go, too
#
# The token (vg1.…) is read from VIGIE_TOKEN or from standard input, never from an argument: arguments are seen by all
# users of a machine. It holds no secret of yours beyond the right to join one site, and it pins the hub's key: whoever
# stands in between can neither use it nor pass for the hub. Nothing in this file is secret, and it is the same for all.
#
# Run again with the same program it does nothing, with another one it upgrades. When something fails before the end,
# what was there before is there again, and the reason is said. Ends with 0 when done, 1 failed, 2 wrong usage, and 6
# when it was started but nothing has arrived yet.

set -eu
umask 022

# The programs of whoever served this file: name and platform, bytes, SHA-256.
PROGRAMS='@PROGRAMS@'

FROM='' VIA='' NAME='' USER_MODE='' PREFIX='' DRY='' UNINSTALL='' PURGE='' TOKEN='' ADVERTISE='' PAGE=''
# What is installed: agent, or relay. What takes a relay away again is called so.
WHAT=agent
case $0 in *vigie-relay-install) WHAT=relay ;; esac
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
  [ "$WHAT" = agent ] || download_others
  enrol
  put
  start
  DONE=1
  arrived
}

options() {
  while [ $# -gt 0 ]; do
    case $1 in
      --from | --via | --name | --prefix | --advertise | --page)
        [ -n "${2-}" ] || wrong "$1 needs a value"
        case $1 in
          --from) FROM=${2%/} ;;
          --via) VIA=$2 ;;
          --name) NAME=$2 ;;
          --advertise) ADVERTISE=$2 ;;
          --page) PAGE=$2 ;;
          *) PREFIX=${2%/} ;;
        esac
        shift ;;
      --relay) WHAT=relay ;;
      --user) USER_MODE=1 ;;
      --dry-run) DRY=1 ;;
      --uninstall) UNINSTALL=1 ;;
      --purge) PURGE=1 ;;
      vg1.*) wrong "the token is given in VIGIE_TOKEN or on standard input: arguments are seen by all users of a machine" ;;
      *) wrong "$1 is no option of this installer: --from, --via, --name, --relay, --advertise, --page, --user, --prefix," \
        "--dry-run, --uninstall, --purge" ;;
    esac
    shift
  done
  case $NAME in *[!A-Za-z0-9._-]*) wrong "a machine's name has letters, digits, points, dashes and underlines" ;; esac
  case $PREFIX in '' | /*) ;; *) wrong "--prefix is a whole path, from / on" ;; esac
  case "$PREFIX${USER_MODE:+${HOME-}}" in *[!A-Za-z0-9._/@+-]*) wrong "the paths $PREFIX and ${HOME-} must do without spaces and signs" ;; esac
  [ -z "$PURGE" ] || [ -n "$UNINSTALL" ] || wrong "--purge goes with --uninstall"
  [ "$WHAT" = relay ] || [ -z "$ADVERTISE$PAGE" ] || wrong "--advertise and --page go with --relay"
  case "$ADVERTISE$PAGE" in *[!A-Za-z0-9.:,_\[\]-]*) wrong "--advertise and --page are addresses such as 192.168.1.10:7801" ;; esac
  # What all of it is called.
  OWN=vigie-$WHAT
  SERVICE=$OWN.service
}

# Where everything goes.
places() {
  if [ -n "$USER_MODE" ]; then
    [ -n "${HOME-}" ] || wrong "HOME is not set, and --user installs there"
    BIN=${PREFIX:-$HOME/.local}/bin
    CONF=${XDG_CONFIG_HOME:-$HOME/.config}/vigie
    DATA=${XDG_STATE_HOME:-$HOME/.local/state}/$OWN
    DATA_LINK=''
    OTHERS=${PREFIX:-$HOME/.local}/lib/vigie-relay
    UNITS=${XDG_CONFIG_HOME:-$HOME/.config}/systemd/user
    SCOPE=--user
  else
    [ "$(id -u)" = 0 ] || [ -n "$DRY" ] || wrong "this needs root (sudo), or --user to install for you alone"
    BIN=${PREFIX:-/usr/local}/bin
    CONF=/etc/vigie
    # Where systemd keeps the folders of services that have no user of their own, and the name that it gives them.
    DATA=/var/lib/private/$OWN
    DATA_LINK=/var/lib/$OWN
    OTHERS=${PREFIX:-/usr/local}/lib/vigie-relay
    UNITS=/etc/systemd/system
    SCOPE=--system
  fi
  PROGRAM=$BIN/$OWN
  UNIT=$UNITS/$SERVICE
  SETTINGS=$CONF/$WHAT.toml
  ITSELF=$BIN/$OWN-install
  # Only a relay hands programs out.
  [ "$WHAT" = relay ] || OTHERS=''
  if has_systemd; then SYSTEMD=1; else SYSTEMD=''; fi
  # Without systemd nobody makes that link, and the folder stands where the program looks for it.
  if [ -z "$SYSTEMD" ] && [ -n "$DATA_LINK" ] && [ ! -d "$DATA" ]; then DATA=$DATA_LINK DATA_LINK=''; fi
}

has_systemd() {
  command -v systemctl >/dev/null 2>&1 && systemctl "$SCOPE" show --property=Version >/dev/null 2>&1
}

