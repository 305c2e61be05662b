#!/usr/bin/env bash
# teardown.sh up|down: marks the swarm as being taken down, so that its nodes leave at once rather
# than one after another (member.sh). Coming up takes the mark away.

main() {
  case $1 in
    up) docker config rm teardown >/dev/null 2>&1 || true ;;
    # When no manager answers any more, there is nobody left to tell.
    down) docker config create teardown - >/dev/null 2>&1 <<<"" || true ;;
  esac
}

main "$@" </dev/null
