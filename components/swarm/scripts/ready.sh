#!/usr/bin/env bash
# ready.sh SECONDS: the node has finished its first boot, lets in what is needed and nothing else, and
# its engine answers with the wanted configuration. Installs Docker where the image has none.
# Variables: ENGINE_CONFIG, the content of daemon.json; FIREWALL, the content of nftables.conf;
# UPDATES_PROGRAM, what says which packages have newer versions.

# The engine; curl, by which scripts talk to it; and the firewall.
install_engine() {
  have dockerd curl nft || install_packages docker.io apparmor curl nftables nfs-common
  # Debian keeps the client in a package of its own since trixie.
  have docker || install_packages docker-cli
}

# What the engine listens on is said by daemon.json, so its command line must not say it too. The
# node image has a file of this name already.
own_command_line() {
  local unit=/etc/systemd/system/docker.service.d/node.conf
  [[ ! -f $unit ]] || return 0
  # shellcheck disable=SC2016 # systemd fills it in
  write_file "$unit" 644 '[Service]
ExecStart=
ExecStart=/usr/sbin/dockerd --containerd=/run/containerd/containerd.sock $DOCKER_OPTS
'
  systemctl daemon-reload
  RESTART=yes
}

configure_engine() {
  if write_file /etc/docker/daemon.json 644 "$ENGINE_CONFIG"; then RESTART=yes; fi
  [[ $RESTART == no ]] || systemctl restart docker \
    || fail "the engine does not start with its new configuration"
}

# Docker makes the bridge by itself when the node joins, and then with settings of its own.
gwbridge() {
  ! docker network inspect docker_gwbridge >/dev/null 2>&1 || return 0
  local options
  mapfile -t options </etc/docker/gwbridge
  docker network create "${options[@]}" docker_gwbridge >/dev/null \
    || fail "could not make docker_gwbridge (${options[*]})"
}

# The node image has chrony. Where no program keeps the clock, Debian's servers do from now on, and on
# EC2 Amazon's, which need no way out. A node without is no worse than before: ClockSkew tells of it.
time_service() {
  ! have chronyd || return 0
  ! systemctl is-active --quiet systemd-timesyncd ntp ntpsec openntpd || return 0
  (install_packages chrony) || { say "$(hostname): goes on without a time service"; return 0; }
  grep -qs Amazon /sys/class/dmi/id/sys_vendor || return 0
  write_file /etc/chrony/sources.d/amazon.sources 644 'server 169.254.169.123 prefer iburst minpoll 4 maxpoll 4
' || return 0
  timeout 30 systemctl restart chrony || say "$(hostname): chrony does not start with Amazon's time service"
}

# Says once a day which packages have a newer version (updates.sh). Installs none.
updates_check() {
  local units=/etc/systemd/system known=no changed=no
  [[ ! -f $units/swarm-updates.timer ]] || known=yes
  if write_file /usr/local/sbin/swarm-updates 755 "$UPDATES_PROGRAM"; then changed=yes; fi
  if write_file $units/swarm-updates.service 644 '[Unit]
Description=Which packages have a newer version
[Service]
Type=oneshot
ExecStart=/usr/local/sbin/swarm-updates
TimeoutStartSec=900
'; then changed=yes; fi
  # At another time on each node: they read the same mirror.
  if write_file $units/swarm-updates.timer 644 '[Unit]
Description=Which packages have a newer version, once a day
[Timer]
OnCalendar=daily
RandomizedDelaySec=6h
Persistent=true
[Install]
WantedBy=timers.target
'; then changed=yes; fi
  if [[ $changed == no && -e $units/timers.target.wants/swarm-updates.timer ]]; then return 0; fi
  # systemd reads what it has not seen yet without a reload, which takes an emulated node seconds.
  [[ $known == no ]] || timeout 60 systemctl daemon-reload
  timeout 60 systemctl enable --now --no-reload --quiet swarm-updates.timer \
    || fail "the timer that looks for updates (swarm-updates.timer) does not start"
}

main() {
  local seconds=$1
  RESTART=no
  wait_for "$seconds" "the first boot to finish" first_boot_done
  own_command_line
  install_engine
  firewall "$FIREWALL"
  configure_engine
  wait_for "$seconds" "the Docker engine to answer" engine_answers
  gwbridge
  time_service
  updates_check
  touch "$READY"
  engine '{{.ServerVersion}}'
}

main "$@" </dev/null
