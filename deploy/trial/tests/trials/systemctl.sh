#!/bin/sh
# The user's systemd as far as an installer needs it: what a service's unit says is started is started.
set -u
[ "$1" = --user ] || exit 1
shift
[ "$1" != --quiet ] || shift
unit=$HOME/.config/systemd/user/${2-}
pid=$STAND_IN/${2-}.pid
end() {
  [ -e "$pid" ] || return 0
  kill "$(cat "$pid")" 2>/dev/null
  while kill -0 "$(cat "$pid")" 2>/dev/null; do sleep 0.1; done
  rm -f "$pid"
}
case $1 in
  show) echo Version=252 ;;
  daemon-reload) ;;
  enable | disable) [ -e "$unit" ] && echo "$1" >>"$STAND_IN/said" ;;
  stop) end ;;
  stop-all) for pid in "$STAND_IN"/*.pid; do end; done ;;
  start | restart)
    if [ "$1" = start ] && [ -e "$pid" ]; then exit 0; fi
    end
    line=$(sed -n 's/^ExecStart=//p' "$unit")
    [ -n "$line" ] || exit 1
    # Nobody's child: it lives on when this ends.
    setsid sh -c "echo \$\$ >'$pid'; exec $line" >>"$STAND_IN/log" 2>&1 </dev/null &
    while [ ! -s "$pid" ]; do sleep 0.05; done ;;
  *) exit 1 ;;
esac
