#!/usr/bin/env bash
# tokens.sh ROTATION: prints the join tokens as JSON. A rotation counter that this swarm has not
# seen yet rotates both tokens first; the swarm remembers it as a config, which can be made once.

main() {
  local rotation=$1
  if ((rotation > 0)) && docker config create "token-rotation-$rotation" - >/dev/null 2>&1 <<<""; then
    docker swarm join-token --quiet --rotate manager >/dev/null
    docker swarm join-token --quiet --rotate worker >/dev/null
  fi
  printf '{"manager":"%s","worker":"%s"}\n' \
    "$(docker swarm join-token --quiet manager)" "$(docker swarm join-token --quiet worker)"
}

main "$@" </dev/null
