#!/usr/bin/env bash
# autolock.sh true|false: whether a manager whose engine was restarted needs a key before it can read
# the swarm's state. With true, prints the key.

main() {
  docker swarm update --autolock="$1" >/dev/null || fail "could not set autolock to $1"
  # There is none without autolock, and asking for it an error.
  [[ $1 == false ]] || docker swarm unlock-key --quiet
}

main "$@" </dev/null
