#!/usr/bin/env bash
# Runs on a manager, about an overlay network of the swarm.
#
# overlay.sh attach SECONDS ID: every node of the swarm takes part in the new ingress network. Nodes
#   that join later do so by themselves. Prints the network's ID.
# overlay.sh remove SECONDS ID|NAME: the network is gone, here too: Docker takes a moment longer
#   than its answer, and refuses a new one of the same name until then.
# overlay.sh make-room SECONDS NAME STACK: the same, before the provider makes a network of this name. One
#   is there when an `up` was ended while it made it, and has the label of its Pulumi stack. Fails
#   when it is somebody else's.

# A node that was in the swarm before the network gets its place in it only when something about the
# node changes (seen with Docker 26: it has no sandbox for the network, and refuses published ports),
# so its label says which network it is in.
LABEL=swarm.ingress

# attach VALUE
attach() {
  local nodes node
  nodes=$(docker node ls --quiet) || return 1
  for node in $nodes; do
    docker node update --label-add "$LABEL=$1" "$node" >/dev/null || return 1
  done
}

# Getting its place can fail for a node when the network is seconds old (Docker 26: "failed to find a
# load balancer IP"). Docker tries again when something about the node changes, so now and then the
# label does.
attached_in_the_end() {
  ! { attached && everywhere; } || return 0
  TRIES=$((TRIES + 1))
  ((TRIES % 10 != 0)) || attach "$NETWORK.$TRIES" || true
  return 1
}

# With its own end of it: only a node itself knows that.
attached() {
  [[ $(docker network inspect --format '{{range $name, $_ := .Containers}}{{$name}} {{end}}' \
    "$NETWORK" 2>/dev/null) == *-sbox* ]]
}

# about_nodes FORMAT: a line about every node.
about_nodes() { docker node ls --quiet | xargs timeout 60 docker node inspect --format "$1"; }

# Every node that is there takes part in it: some keep the network before it (seen after an `up` that
# was killed while it replaced the network).
everywhere() {
  local peers nodes state address
  peers=" $(docker network inspect --format '{{range .Peers}}{{.IP}} {{end}}' "$NETWORK" 2>/dev/null)" || return 1
  nodes=$(about_nodes '{{.Status.State}} {{.Status.Addr}}') || return 1
  while read -r state address; do
    [[ $state != ready || $peers == *" $address "* ]] || return 1
  done <<<"$nodes"
}

# No node that is there has a container in the network that is about to end. Docker takes an ingress
# network away while such containers are in it; their nodes then fail to ("has active endpoints"), do
# not try again, and keep it until their engine is restarted (seen with Docker 26, and in
# daemon/network.go, releaseIngress). A container has left before its task has ended.
deserted() {
  local tasks wanted state networks
  tasks=$(about_nodes '{{.Status.State}} {{.ID}}' | awk '$1 == "ready" { print $2 }' \
    | xargs timeout 60 docker node ps --quiet --no-trunc) || return 1
  [[ -n $tasks ]] || return 0
  tasks=$(xargs timeout 60 docker inspect --type task --format \
    '{{.DesiredState}} {{.Status.State}}{{range .NetworksAttachments}} {{.Network.ID}} {{.Network.Spec.Name}}{{end}}' \
    <<<"$tasks") || return 1
  while read -r wanted state networks; do
    if [[ $wanted != running && " $networks " == *" $NETWORK "* \
      && ! $state =~ ^(complete|failed|orphaned|rejected|remove|shutdown)$ ]]; then
      return 1
    fi
  done <<<"$tasks"
}

there() { docker network inspect "$NETWORK" >/dev/null 2>&1; }

own() {
  local stack
  there || return 0
  stack=$(docker network inspect --format '{{index .Labels "swarm.stack"}}' "$NETWORK" 2>/dev/null) || return 1
  [[ $stack == "$1" ]] \
    || fail "there is a network $NETWORK already, which this stack has not made: $(docker network inspect --format 'ID {{.ID}}, driver {{.Driver}}' "$NETWORK")${stack:+, of the stack $stack}. It stays; remove it (docker network rm $NETWORK), then run pulumi up again"
}

# `docker network rm` would ask for confirmation; the API does not.
remove() {
  ! there && return 0
  # However long they take: who asked for the end of this network does not wait for ever.
  deserted || ((SECONDS >= DESERTED)) || return 1
  local answer
  answer=$(curl --silent --show-error --max-time 60 --unix-socket /var/run/docker.sock \
    --request DELETE "http://engine/networks/$NETWORK" 2>&1) || true
  [[ $answer != *"in use"* && $answer != *"cannot be removed because service"* ]] \
    || fail "the network stays: $answer. Remove that service first, or have it publish no port, then run pulumi up again"
  return 1
}

main() {
  local action=$1 seconds=$2
  NETWORK=$3
  case $action in
    attach)
      wait_for "$seconds" "the nodes to take the label $LABEL" attach "$NETWORK"
      TRIES=0
      wait_for "$seconds" "the ingress network $NETWORK to reach every node; restart the engine of one that keeps the former one (docker network ls)" attached_in_the_end
      printf '%s\n' "$NETWORK"
      ;;
    remove | make-room)
      [[ $action == remove ]] || wait_for "$seconds" "the network $NETWORK to be looked at" own "$4"
      DESERTED=$((SECONDS + seconds / 2))
      wait_for "$seconds" "the network $NETWORK to go; restart the engine if it keeps it" remove
      ;;
  esac
}

main "$@" </dev/null
