#!/usr/bin/env bash
# look.sh: what there is on this manager before a restore, in one line: the state of its engine's part in a
# swarm, whether that has a leader (yes or no), and what restore.sh has left word of.

main() {
  local state leader=no
  # Of an engine that does not answer it may print nothing, and call that a success.
  state=$(timeout 20 docker info --format '{{.Swarm.LocalNodeState}}' 2>/dev/null) || true
  if timeout 20 docker node ls >/dev/null 2>&1; then leader=yes; fi
  printf '%s %s %s\n' "${state:-none}" "$leader" "$(cat /etc/docker/restored 2>/dev/null || true)"
}

main "$@" </dev/null
