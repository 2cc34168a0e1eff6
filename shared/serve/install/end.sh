arrived() {
  if [ -z "$SYSTEMD" ]; then
    say "installed; systemd does not run here, so nothing was started. Start it as your system starts programs:"
    say "  $PROGRAM run --data $DATA --config $SETTINGS"
    return
  fi
  case $WHAT in agent) awaited="the first samples to arrive" ;; *) awaited="it to reach the hub" ;; esac
  say "started; waiting for $awaited"
  tries=0
  while [ "$tries" -lt 60 ]; do
    if status=$("$PROGRAM" status --data "$DATA" 2>/dev/null) && has_arrived "$status"; then
      printf '%s\n' "$status"
      case $WHAT in
        agent) say "done: what this machine measures arrives" ;;
        *) say "done: this relay has reached the hub${ADVERTISE:+; agents reach it at $ADVERTISE}" ;;
      esac
      [ -z "$USER_MODE" ] || say "it ends when you sign out, unless: loginctl enable-linger"
      return
    fi
    tries=$((tries + 1))
    sleep 1
  done
  "$PROGRAM" status --data "$DATA" >&2 || :
  "$PROGRAM" doctor --data "$DATA" --config "$SETTINGS" >&2 || :
  printf '%s\n' "installed and started, but nothing has arrived within a minute; it keeps what it has and goes on trying." \
    "What is wrong stands above; again: $PROGRAM doctor --data $DATA" >&2
  exit 6
}

has_arrived() {
  if [ "$WHAT" = relay ]; then printf '%s\n' "$1" | grep -q '^uplink *connected'; return; fi
  printf '%s\n' "$1" | awk '/^  (at the hub|passed on) / { if ($0 !~ / 0( |$)/) some = 1 } END { exit !some }'
}

remove_unit() {
  [ -e "$UNIT" ] || return 0
  systemctl "$SCOPE" --quiet disable "$SERVICE" 2>/dev/null || :
  systemctl "$SCOPE" stop "$SERVICE" 2>/dev/null || :
  rm -f "$UNIT"
  systemctl "$SCOPE" daemon-reload 2>/dev/null || :
}

uninstall() {
  if [ -n "$DRY" ]; then
    say "This would be removed; nothing was changed:"
    for one in "$UNIT" "$PROGRAM" "$ITSELF" ${OTHERS:+"$OTHERS"}; do [ ! -e "$one" ] || say "  $one"; done
    [ -z "$PURGE" ] || say "  $DATA and $SETTINGS"
    return
  fi
  gone=''
  if [ -e "$UNIT" ]; then remove_unit; say "stopped, and removed $UNIT"; gone=1; fi
  for one in "$PROGRAM" "$ITSELF" ${OTHERS:+"$OTHERS"}; do
    if [ -e "$one" ]; then rm -rf "$one"; say "removed $one"; gone=1; fi
  done
  if [ -n "$PURGE" ]; then
    for one in "$DATA" "$SETTINGS"; do
      if [ -e "$one" ]; then rm -rf "$one"; say "removed $one"; gone=1; fi
    done
    if [ -n "$DATA_LINK" ] && [ -L "$DATA_LINK" ]; then rm -f "$DATA_LINK"; fi
    rmdir "$CONF" 2>/dev/null || :
  elif [ -e "$DATA" ]; then
    say "kept: $DATA (what was measured, and who this machine is) and $SETTINGS; --uninstall --purge removes them"
  fi
  [ -n "$gone" ] || say "nothing of the $WHAT is here"
}

main "$@"
