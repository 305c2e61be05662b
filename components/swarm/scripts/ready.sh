#!/usr/bin/env bash
# ready.sh SECONDS: the node has finished its first boot, lets in what is needed and nothing else, and
# its engine answers with the wanted configuration. Installs Docker where the image has none. An engine
# that is in a swarm is not restarted here: its new configuration is checked, and waits for its turn
# (engines.sh). Prints the engine's version, and then a line with "staged" where something waits.
# Variables: ENGINE_CONFIG, the content of daemon.json; FIREWALL, the content of nftables.conf;
# UPDATES_PROGRAM, what says which packages have newer versions.

# What installs packages and restarts engines when its own clock says so, on all nodes at once.
UPDATERS=(apt-daily.timer apt-daily-upgrade.timer unattended-upgrades.service)

no_updates_by_themselves() {
  local unit enabled=()
  for unit in "${UPDATERS[@]}"; do
    ! compgen -G "/etc/systemd/system/*.wants/$unit" >/dev/null || enabled+=("$unit")
  done
  ((${#enabled[@]} == 0)) || systemctl --quiet mask --now "${enabled[@]}" \
    || fail "could not switch off ${enabled[*]}"
  [[ ! -d /etc/needrestart ]] || write_file /etc/needrestart/conf.d/swarm.conf 644 "\$nrconf{restart} = 'l';
" || true
}

# The engine; curl, by which scripts talk to it; and the firewall.
install_engine() {
  have dockerd curl nft || install_packages docker.io apparmor curl nftables nfs-common
  # Debian keeps the client in a package of its own since trixie.
  have docker || install_packages docker-cli
}

# What the engine listens on is said by daemon.json, so its command line must not say it too. The
# node image has a file of this name already. Docker's own packages have the engine elsewhere than
# Debian's, which are the ones that are installed where there are none.
own_command_line() {
  local unit=/etc/systemd/system/docker.service.d/node.conf dockerd
  dockerd=$(sed -n 's/^ExecStart=\([^ ]*\) .*/\1/p' "$unit" 2>/dev/null) || true
  # Where it waits for its restart, it is staged again.
  [[ -z $dockerd || ! -x $dockerd || -f $STAGED/former$unit ]] || return 0
  dockerd=$(command -v dockerd) || dockerd=/usr/sbin/dockerd
  stage "$unit" 644 "[Service]
ExecStart=
ExecStart=$dockerd --containerd=/run/containerd/containerd.sock \$DOCKER_OPTS
"
}

validate() {
  local said
  if ! said=$(timeout 60 dockerd --validate "$@" 2>&1); then
    # Docker 20.10 cannot look at it beforehand.
    [[ $said == *"unknown flag: --validate"* ]] \
      || fail "the engine refuses its new configuration, and nothing was changed: $said"
  fi
}

# dockerd looks at a file's mirrors only when it starts, and at those of its command line always.
check_configuration() {
  local file mirrors=()
  ! holds /etc/docker/daemon.json "$ENGINE_CONFIG" || return 0
  file=$(mktemp)
  printf '%s' "$ENGINE_CONFIG" >"$file"
  validate --config-file "$file"
  mapfile -t mirrors < <(sed -n '/"registry-mirrors"/,/]/s/^ *"\([^"]*\)",\{0,1\}$/--registry-mirror=\1/p' "$file")
  printf '{}' >"$file"
  ((${#mirrors[@]} == 0)) || validate --config-file "$file" "${mirrors[@]}"
  rm -f "$file"
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
  local seconds=$1 member=no
  wait_for "$seconds" "the first boot to finish" first_boot_done
  ! in_swarm || member=yes
  no_updates_by_themselves
  own_command_line
  # Before the package's first start.
  [[ $member == yes ]] || place_staged
  install_engine
  firewall "$FIREWALL"
  check_configuration
  stage /etc/docker/daemon.json 644 "$ENGINE_CONFIG"
  if [[ $member == no ]] && restart_is_needed; then
    restart_engine "its new configuration"
    engine_restarted
  fi
  wait_for "$seconds" "the Docker engine to answer" engine_answers
  gwbridge
  time_service
  updates_check
  touch "$READY"
  engine '{{.ServerVersion}}'
  ! restart_is_needed || say_staged
}

main "$@" </dev/null
