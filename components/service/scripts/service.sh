#!/usr/bin/env bash
# Runs on a manager, about a service of the swarm.
#
# service.sh remove NAME: there is no service of this name. Its tasks end by themselves: Docker gives
#   their ports to others once they are free.

# By the list: to be asked for one service fails in the same way when there is none and when nobody
# leads the swarm.
gone() {
  local names
  names=$(docker service ls --format '{{.Name}}') || return 1
  ! grep --quiet --line-regexp --fixed-strings -- "$NAME" <<<"$names"
}

removed() {
  gone && return 0
  docker service rm "$NAME" >/dev/null 2>&1 || true
  gone
}

main() {
  local action=$1
  NAME=$2
  case $action in
    remove) wait_for 60 "the service $NAME to go" removed ;;
  esac
}

main "$@" </dev/null
