#!/usr/bin/env bash
# unlock.sh: brings this manager the key, where it was restarted and waits for it.
# Variables: UNLOCK_KEY.

main() { unlock "$UNLOCK_KEY"; }

main "$@" </dev/null
