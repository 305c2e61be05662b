#!/usr/bin/env bash
# tokens.sh SECONDS TOKEN_ROTATION CA_ROTATION: prints the join tokens as JSON. A counter that this
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

rotate_ca() {
  # What broke off goes on by itself, and does not begin anew.
  if ca_rotated; then
    docker swarm ca --rotate --detach >/dev/null || fail "could not rotate the swarm's CA"
  fi
  wait_for "$1" "every node to have a certificate of the new CA: one that is down never gets it" ca_rotated
}

main() {
  local seconds=$1 token_rotation=token-rotation-$2 ca_rotation=ca-rotation-$3 manager worker
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
