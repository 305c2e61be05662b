#!/usr/bin/env bash
# ingress.sh SECONDS NETWORK_ID: every node of the swarm takes part in a new ingress network. Nodes
# that join later do so by themselves. Prints the network's ID.
#
# A node that was in the swarm before the network gets its place in it only when something about the
# node changes (seen with Docker 26: no ingress sandbox, and the node refuses published ports), so
# its label says which network it is in.

LABEL=swarm.ingress

attach() {
  local nodes node
  nodes=$(docker node ls --quiet) || return 1
  for node in $nodes; do
    docker node update --label-add "$LABEL=$NETWORK" "$node" >/dev/null || return 1
  done
}

# On this node; others are no different.
attached() {
  [[ $(docker network inspect --format '{{range $name, $_ := .Containers}}{{$name}} {{end}}' \
    "$NETWORK" 2>/dev/null) == *-sbox* ]]
}

main() {
  local seconds=$1
  NETWORK=$2
  wait_for "$seconds" "the nodes to take the label $LABEL" attach
  wait_for "$seconds" "the ingress network $NETWORK to reach this node" attached
  printf '%s\n' "$NETWORK"
}

main "$@" </dev/null
