# Removes what was made, unless all went well.
finish() {
  code=$?
  trap - EXIT
  if [ -z "$DONE" ]; then
    case $UNDO in *program*) if [ -e "$STAGE/before" ]; then mv -f "$STAGE/before" "$PROGRAM"; else rm -f "$PROGRAM"; fi ;; esac
    case $UNDO in *others*) rm -rf "$OTHERS"; [ ! -d "$OTHERS.before" ] || mv "$OTHERS.before" "$OTHERS" ;; esac
    case $UNDO in *conf*) rm -f "$SETTINGS" ;; esac
    case $UNDO in *unit*) if [ -e "$STAGE/unit" ]; then mv -f "$STAGE/unit" "$UNIT"; else remove_unit; fi ;; esac
    case $UNDO in *data*) rm -rf "$DATA" ;; esac
    case $UNDO in *self*) rm -f "$ITSELF" ;; esac
    # One that ran before goes on as it was.
    case $UNDO in *restart*) systemctl "$SCOPE" daemon-reload; systemctl "$SCOPE" restart "$SERVICE" || : ;; esac
  fi
  [ -z "$STAGE" ] || rm -rf "$STAGE" ${OTHERS:+"$OTHERS.before"}
  if [ -z "$DONE" ]; then
    for dir in $MADE; do [ ! -d "$dir" ] || find "$dir" -depth -type d -exec rmdir {} \; 2>/dev/null || :; done
  fi
  exit "$code"
}

enrol() {
  if is_enrolled; then
    say "this machine is enrolled already; that stays as it is, and no token is used"
    return
  fi
  [ ! -e "$DATA" ] || fail "$DATA is there and holds no identity; look what it is and move it away; nothing was changed"
  [ "$WHAT" = agent ] || advertised
  say "joining with the token"
  mkdir -m 700 "$STAGE/data"
  set -- enrol --data "$STAGE/data"
  [ "$WHAT" = agent ] || set -- "$@" --advertise "$ADVERTISE"
  [ -z "$VIA" ] || set -- "$@" --via "$VIA"
  [ -z "$NAME" ] || set -- "$@" --name "$NAME"
  VIGIE_TOKEN=$TOKEN "$(fetched)" "$@" >"$STAGE/said" || fail "this machine did not join, for the reason above; nothing was changed"
  TOKEN=''
  head -n 1 "$STAGE/said"
}

# Agents learn where their relay is when they join: this machine's address on its network, unless somebody says better.
advertised() {
  [ -z "$ADVERTISE" ] || return 0
  own=$(hostname -I 2>/dev/null | tr ' ' '\n' | grep -m 1 '^[0-9][0-9.]*$' || :)
  [ -n "$own" ] || fail "this machine has no address that could be found: say where agents reach it, --advertise HOST:7801;" \
    "nothing was changed"
  ADVERTISE=$own:7801
  say "agents of the site will look for it at $ADVERTISE; --advertise says otherwise"
}

put() {
  if [ -x "$STAGE/$OWN" ]; then
    [ ! -e "$PROGRAM" ] || cp -p "$PROGRAM" "$STAGE/before"
    mv -f "$STAGE/$OWN" "$PROGRAM"
    UNDO="$UNDO program"
  fi
  [ ! -d "$STAGE/others" ] || put_others
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
  if [ ! -e "$SETTINGS" ]; then
    folder "$CONF"
    UNDO="$UNDO conf"
    settings >"$SETTINGS"
  elif [ -n "$PAGE" ]; then
    say "$SETTINGS is there and stays as it is: whether its page is at $PAGE is said there (http = …)"
  fi
  # What takes it away again is there without any line.
  if [ -f "$0" ] && [ ! -e "$ITSELF" ]; then UNDO="$UNDO self"; fi
  if [ -f "$0" ]; then cp "$0" "$ITSELF.new" && chmod 755 "$ITSELF.new" && mv -f "$ITSELF.new" "$ITSELF"; fi
}

put_others() {
  UNDO="$UNDO others"
  # It may be another file system: copied, then there under its name at once.
  if ! { rm -rf "$OTHERS.new" && cp -R "$STAGE/others" "$OTHERS.new" && chmod -R a+rX "$OTHERS.new"; }; then
    rm -rf "$OTHERS.new"
    fail "$OTHERS can not be written to; nothing was changed"
  fi
  [ ! -d "$OTHERS" ] || mv "$OTHERS" "$OTHERS.before"
  mv "$OTHERS.new" "$OTHERS"
}

settings() {
  say "# Settings of the Vigie $WHAT. Every key may be left out; the README of Vigie says which there are."
  [ -z "$NAME" ] || say "name = \"$NAME\""
  [ -z "$PAGE" ] || say "http = \"$PAGE\""
  if [ "$WHAT" = relay ]; then say "[install]"; say "folder = \"$OTHERS\""; fi
}

start() {
  [ -n "$SYSTEMD" ] || return 0
  folder "$UNITS"
  unit >"$STAGE/unit.new"
  # With the same program and the same unit one that runs is left alone.
  verb=restart
  case $UNDO in *program*) ;; *) if cmp -s "$STAGE/unit.new" "$UNIT"; then verb=start; fi ;; esac
  [ ! -e "$UNIT" ] || { cp -p "$UNIT" "$STAGE/unit"; UNDO="$UNDO restart"; }
  UNDO="$UNDO unit"
  cp "$STAGE/unit.new" "$UNIT"
  systemctl "$SCOPE" daemon-reload
  systemctl "$SCOPE" --quiet enable "$SERVICE"
  systemctl "$SCOPE" "$verb" "$SERVICE" ||
    fail "systemd could not start it: journalctl $SCOPE -u $OWN; what was there before is there again"
}

