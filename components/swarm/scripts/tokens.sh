#!/usr/bin/env bash
# tokens.sh SECONDS TOKEN_ROTATION CA_ROTATION CERTIFICATE_DAYS: has nodes' certificates live so long
# from their next renewal on, and prints the join tokens as JSON. A counter that this
# swarm has not seen yet rotates first what it is for; the swarm remembers it as a config. The tokens
# name the swarm's CA, so a new CA makes new ones.

seen() { docker config inspect "$1" >/dev/null 2>&1; }
remember() { docker config create "$1" - >/dev/null <<<""; }

rotate_tokens() {
  docker swarm join-token --quiet --rotate manager >/dev/null
  docker swarm join-token --quiet --rotate worker >/dev/null
}

# Every node has its certificate from the new CA, and none of the old one counts any more.
ca_rotated() { [[ $(engine '{{.Swarm.Cluster.RootRotationInProgress}}') == false ]]; }

# The names of nodes that would get no certificate of a new CA.
lost_nodes() {
  local nodes
  nodes=$(docker node ls --format '{{.Status}} {{.Hostname}}') || return 1
  awk '$1 != "Ready" { printf " %s", $2 }' <<<"$nodes"
}

# For some seconds after a leader's election, all nodes are unknown.
refuse_while_nodes_are_lost() {
  local lost deadline=$((SECONDS + 30))
  until lost=$(lost_nodes) && [[ -z $lost ]]; do
    ((SECONDS < deadline)) \
      || fail "caRotation waits for every node, and these are not Ready:$lost. Set caRotation back to what it was, bring them back or have them removed (pulumi refresh and pulumi up make lost machines anew), then increase it again"
    sleep 2
  done
}

certificates_live() {
  local lifetime=$(($1 * 24))h0m0s
  [[ $(engine '{{.Swarm.Cluster.Spec.CAConfig.NodeCertExpiry}}') != "$lifetime" ]] || return 0
  docker swarm update --cert-expiry "$lifetime" >/dev/null || fail "could not set the lifetime of nodes' certificates to $1 days"
}

rotate_ca() {
  refuse_while_nodes_are_lost
  # What broke off goes on by itself, and does not begin anew.
  if ca_rotated; then
    docker swarm ca --rotate --detach >/dev/null || fail "could not rotate the swarm's CA"
  fi
  wait_for "$1" "every node to have a certificate of the new CA" ca_rotated
}

main() {
  local seconds=$1 token_rotation=token-rotation-$2 ca_rotation=ca-rotation-$3 manager worker
  certificates_live "$4"
  if [[ $ca_rotation != ca-rotation-0 ]] && ! seen "$ca_rotation"; then
    rotate_ca "$seconds"
    remember "$ca_rotation"
  fi
  if [[ $token_rotation != token-rotation-0 ]] && ! seen "$token_rotation"; then
    rotate_tokens
    remember "$token_rotation"
  fi
  manager=$(docker swarm join-token --quiet manager)
  worker=$(docker swarm join-token --quiet worker)
  printf '{"manager":"%s","worker":"%s"}\n' "$manager" "$worker"
}

main "$@" </dev/null
