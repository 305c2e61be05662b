#!/usr/bin/env bash
# Runs on a manager, about a secret or a config of the swarm, whose name stands for its content.
#
# file.sh create secret|config NAME: it is there. Prints its ID. Variables: CONTENT.
# file.sh remove secret|config NAME: it is gone.

# Docker prints an empty line for what is not there.
id_of() { docker "$KIND" inspect --format '{{.ID}}' "$NAME" 2>/dev/null | grep .; }

# A try is given up by Docker after 20 s when the managers cannot decide; what Docker finds wrong with
# the content will not be right in a moment.
created() {
  ! id_of || return 0
  if SAID=$(printf '%s' "$CONTENT" | docker "$KIND" create "$NAME" - 2>&1); then
    printf '%s\n' "$SAID"
    return 0
  fi
  [[ $SAID != *InvalidArgument* ]] || fail "Docker refuses the $KIND $NAME: $SAID"
  return 1
}

# Docker refuses while a task that is about to end still uses it.
removed() {
  ! id_of >/dev/null || docker "$KIND" rm "$NAME" >/dev/null 2>&1
}

main() {
  local action=$1
  KIND=$2 NAME=$3
  case $action in
    create) wait_for 120 "the $KIND $NAME to be made" created ;;
    remove) wait_for 60 "the $KIND $NAME to go" removed ;;
  esac
}

main "$@" </dev/null
