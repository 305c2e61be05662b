#!/usr/bin/env bash
# ready.sh SECONDS: the node has finished its first boot, and its engine answers with the wanted
# configuration. Installs Docker where the image has none.
# Variables: ENGINE_CONFIG, the content of daemon.json.

first_boot_done() {
  command -v cloud-init >/dev/null || return 0
  # 2 means done with recoverable errors, which are cloud-init's own to report.
  cloud-init status --wait >/dev/null 2>&1 || [[ $? -eq 2 ]]
}

# The engine, and curl, by which join.sh talks to it. Debian keeps the client in a package of its
# own since trixie.
install_engine() {
  command -v dockerd >/dev/null && command -v curl >/dev/null && return 0
  say "$(hostname): the image has no Docker, or no curl; installing them"
  export DEBIAN_FRONTEND=noninteractive
  local apt=(apt-get -q -o DPkg::Lock::Timeout=300)
  { "${apt[@]}" update \
    && "${apt[@]}" install -y --no-install-recommends docker.io apparmor curl \
    && { command -v docker || "${apt[@]}" install -y docker-cli; }; } >/dev/null \
    || fail "could not install Docker; has the node a way to its package mirror?"
}

configure_engine() {
  local file=/etc/docker/daemon.json
  [[ -f $file && $(<"$file") == "${ENGINE_CONFIG%$'\n'}" ]] && return 0
  mkdir -p /etc/docker
  printf '%s' "$ENGINE_CONFIG" >"$file"
  systemctl restart docker
}

main() {
  local seconds=$1
  wait_for "$seconds" "the first boot to finish" first_boot_done
  install_engine
  configure_engine
  wait_for "$seconds" "the Docker engine to answer" engine_answers
  engine '{{.ServerVersion}}'
}

main "$@" </dev/null
