#!/usr/bin/env bash
# size.sh MANAGERS: tells the swarm how many managers it is meant to have. A manager that leaves
# asks for this number to know what a safe majority is (member.sh).

main() {
  docker config rm wanted-managers >/dev/null 2>&1 || true
  docker config create --label "managers=$1" wanted-managers - >/dev/null <<<"$1" \
    || fail "could not note the wanted number of managers in the swarm"
}

main "$@" </dev/null
