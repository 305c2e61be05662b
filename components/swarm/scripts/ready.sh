#!/usr/bin/env bash
# ready.sh SECONDS: the node has finished its first boot, lets in what is needed and nothing else, and
# its engine answers with the wanted configuration. Installs Docker where the image has none.
# Variables: ENGINE_CONFIG, the content of daemon.json; FIREWALL, the content of nftables.conf.

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
  touch "$READY"
  engine '{{.ServerVersion}}'
}

main "$@" </dev/null
