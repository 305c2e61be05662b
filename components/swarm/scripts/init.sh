#!/usr/bin/env bash
# init.sh ADVERTISE_ADDRESS OVERLAY_ADDRESS_POOL: starts the swarm on the first manager, once in
# the cluster's life. Prints the cluster's ID. Runs again without harm.

main() {
  local address=$1 pool=$2
  engine_answers || fail "the Docker engine does not answer"
  case $(engine '{{.Swarm.LocalNodeState}}') in
    inactive)
      docker swarm init \
        --advertise-addr "$address" --listen-addr "$address:2377" --data-path-addr "$address" \
        --default-addr-pool "$pool" >/dev/null \
        || fail "docker swarm init failed"
      ;;
    active) ;;
    *) fail "is part of a swarm that it cannot reach; replace this machine" ;;
  esac
  local id
  id=$(engine '{{with .Swarm.Cluster}}{{.ID}}{{end}}')
  [[ -n $id ]] || fail "is a worker of some swarm already; a new swarm starts on a new machine"
  printf '%s\n' "$id"
}

main "$@" </dev/null
