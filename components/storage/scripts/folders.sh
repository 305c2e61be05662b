#!/usr/bin/env bash
# folders.sh SECONDS SERVER EXPORT FOLDER[:UID]...: runs on a node that uses the storage. Shows that the
# export can be mounted and written to, and makes the folders of the services in it, each its user's.

main() {
  local seconds=$1 item folder
  local server=$2 export=$3
  shift 3
  mount_storage "$seconds" "$server" "$export"
  for item in "$@"; do
    folder=${item%:*}
    { mkdir -p "$STORAGE/$folder" && : >"$STORAGE/$folder/.writable" && rm "$STORAGE/$folder/.writable"; } 2>/dev/null \
      || fail "cannot write to $server:$export/$folder; export it with rw and no_root_squash"
    [[ $item != *:* ]] || chown "${item#*:}" "$STORAGE/$folder" \
      || fail "cannot give $server:$export/$folder to user ${item#*:}; export it with no_root_squash"
  done
}

main "$@" </dev/null
