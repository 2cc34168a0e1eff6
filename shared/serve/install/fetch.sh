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
    if [ "$name" = "$OWN-$PLATFORM" ]; then printf '%s %s\n' "$bytes" "$sum"; fi
  done)
  if [ -z "$FOUND" ]; then
    has=$(printf '%s\n' "$PROGRAMS" | cut -d ' ' -f 1 | tr '\n' ' ')
    fail "whoever served this file has no $OWN for $PLATFORM (it has: ${has:-none}). Its operator puts" \
      "$OWN-$PLATFORM into the folder that its setting [install] names; nothing was changed"
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
  else say "  fetch $FROM/install/$OWN-$PLATFORM, $BYTES bytes, SHA-256 $SUM"; say "  put it at $PROGRAM"; fi
  if [ "$WHAT" = relay ]; then say "  put what machines install from it into $OTHERS"; fi
  if [ -e "$SETTINGS" ]; then say "  leave $SETTINGS as it is"; else say "  write $SETTINGS"; fi
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
  [ -z "$OTHERS" ] || folder "$(dirname "$OTHERS")"
  needs "$BIN" $(((BYTES + $(bytes_of_others)) / 1024 + 1024))
  # A day of a usual machine, or of a site of twenty.
  if [ "$WHAT" = agent ]; then needs "$(dirname "$DATA")" 16384; else needs "$(dirname "$DATA")" 262144; fi
}

# What a relay hands out, it must have.
bytes_of_others() {
  [ "$WHAT" = relay ] || { echo 0; return; }
  printf '%s\n' "$PROGRAMS" | awk '{ all += $2 } END { print all + 0 }'
}

needs() {
  free=$(df -Pk "$1" | awk 'NR == 2 { print $4 }')
  [ "${free:-0}" -ge "$2" ] || fail "$1 has room for $((free / 1024)) MiB, and $(($2 / 1024)) are needed; nothing was changed"
}

download() {
  is_same_program && { say "$PROGRAM is this program already"; return; }
  say "fetching the $WHAT from $FROM"
  fetch "$OWN-$PLATFORM" "$SUM" "$STAGE/$OWN"
  chmod 755 "$STAGE/$OWN"
  "$STAGE/$OWN" --version >/dev/null 2>&1 || fail "the program does not run on this machine (it was made for $PLATFORM and" \
    "another system library, or $BIN lets no program run); nothing was changed"
}

# The programs that machines of a relay's site install from it: the very ones of this script, so that the line that the hub
# made for them holds at the relay, too.
download_others() {
  mkdir "$STAGE/others"
  printf '%s\n' "$PROGRAMS" >"$STAGE/programs"
  while read -r name _ sum; do
    for there in "$OTHERS/$name" "$STAGE/$OWN" "$PROGRAM"; do
      if [ -f "$there" ] && [ "$(sha256sum <"$there" | cut -d ' ' -f 1)" = "$sum" ]; then cp "$there" "$STAGE/others/$name"; break; fi
    done
    [ -e "$STAGE/others/$name" ] || { say "fetching $name"; fetch "$name" "$sum" "$STAGE/others/$name"; }
  done <"$STAGE/programs"
}

# Fetches a program by its name, which must have this SHA-256, into a file.
fetch() {
  url=$FROM/install/$1
  if command -v curl >/dev/null 2>&1; then
    curl -fsSL --connect-timeout 20 -o "$3" "$url" || fail "$url could not be fetched; nothing was changed"
  elif command -v wget >/dev/null 2>&1; then
    wget -q -T 20 -O "$3" "$url" || fail "$url could not be fetched; nothing was changed"
  else
    fail "neither curl nor wget is here; nothing was changed"
  fi
  got=$(sha256sum <"$3" | cut -d ' ' -f 1)
  [ "$got" = "$2" ] || fail "what came from $url is not what it should be (SHA-256 $got, not $2): it was changed on" \
    "the way, or is being replaced there; nothing was changed"
}

# The program that was fetched, or the same that is there.
fetched() { if [ -x "$STAGE/$OWN" ]; then printf %s "$STAGE/$OWN"; else printf %s "$PROGRAM"; fi; }

