#!/usr/bin/env bash
# init.sh SECONDS ADVERTISE_ADDRESS OVERLAY_ADDRESS_POOL: starts the swarm on the first manager, when that
# is ready, once in the cluster's life, without the ingress network that Docker makes with it: the
# stack has its own. Prints the cluster's ID. Runs again without harm.

# `docker network rm` would ask for confirmation; the API does not.
remove_default_ingress() {
  local answer
  answer=$(curl --silent --show-error --max-time 60 --unix-socket /var/run/docker.sock \
    --request DELETE --output /dev/null --write-out '%{http_code}' \
    http://engine/networks/ingress) || return 1
  [[ $answer == 204 || $answer == 404 ]]
}

# What the engine says of its part in a swarm. Another run of this, whose `up` was killed, may be in the
# middle of it.
state() {
  local now deadline=$((SECONDS + 60))
  while now=$(engine '{{.Swarm.LocalNodeState}}') && [[ $now == pending ]] && ((SECONDS < deadline)); do
    sleep 1
  done
  printf '%s\n' "$now"
}

main() {
  local seconds=$1 address=$2 pool=$3
  wait_for "$seconds" "this machine to be ready" test -f "$READY"
  engine_answers || fail "the Docker engine does not answer"
  case $(state) in
    inactive)
      # Docker refuses it where such a run was a moment faster.
      docker swarm init \
        --advertise-addr "$address" --listen-addr "$address:2377" --data-path-addr "$address" \
        --default-addr-pool "$pool" >/dev/null \
        || [[ $(state) == active ]] || fail "docker swarm init failed"
      ;;
    active) ;;
    *) fail "is part of a swarm that it cannot reach; replace this machine" ;;
  esac
  local id
  id=$(engine '{{with .Swarm.Cluster}}{{.ID}}{{end}}')
  [[ -n $id ]] || fail "is a worker of some swarm already; a new swarm starts on a new machine"
  wait_for 60 "Docker's own ingress network to go" remove_default_ingress
  printf '%s\n' "$id"
}

main "$@" </dev/null
