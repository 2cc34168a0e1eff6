# What it may do: an agent reads, measures, speaks with the next hop, and writes into its own folder; a relay measures nothing.
unit() {
  case $WHAT in
    agent) does="agent: measures this machine and loses nothing" ;;
    *) does="relay: this site's memory, and its watch while the line is cut" ;;
  esac
  cat <<UNIT
[Unit]
Description=Vigie $does
Wants=network-online.target
After=network-online.target

[Service]
ExecStart=$PROGRAM run --data ${DATA_LINK:-$DATA} --config $SETTINGS
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
User=$OWN
StateDirectory=$OWN
StateDirectoryMode=0700
RuntimeDirectory=$OWN
CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=strict
PrivateTmp=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
DevicePolicy=closed
$(own_part)
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
KeyringMode=private

[Install]
WantedBy=multi-user.target
UNIT
}

# What one of the two needs, and the other does not.
own_part() {
  if [ "$WHAT" = agent ]; then
    echo "# Read, because how full /home is belongs to what is measured."
    echo ProtectHome=read-only
    return
  fi
  echo ProtectHome=yes
  echo "# A modem by which it tells people while the line is cut."
  for kind in ttyS ttyUSB ttyACM; do echo "DeviceAllow=char-$kind rw"; done
  if grep -q '^dialout:' /etc/group; then echo SupplementaryGroups=dialout; fi
}

