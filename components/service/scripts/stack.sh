#!/usr/bin/env bash
# stack.sh deploy NAME: the compose file's services run as the stack NAME, and no others in it.
# stack.sh remove NAME: they are gone, and the ports that they published are free.
# Variables: COMPOSE, the compose file.

gone() {
  local left
  left=$(docker service ls --quiet --filter "label=com.docker.stack.namespace=$NAME") || return 1
  [[ -z $left ]]
}

main() {
  local action=$1
  NAME=$2
  case $action in
    deploy)
      # It says what is wrong with the file by itself.
      timeout 300 docker stack deploy --prune --detach=true --compose-file - "$NAME" <<<"$COMPOSE" >/dev/null \
        || fail "could not deploy the compose file as $NAME"
      docker stack services --format '{{.Name}}' "$NAME" | sort
      ;;
    remove)
      docker stack rm "$NAME" >/dev/null 2>&1 || true
      wait_for 120 "the services of $NAME to go" gone
      ;;
  esac
}

main "$@" </dev/null
