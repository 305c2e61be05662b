#!/usr/bin/env bash
# folders.sh SECONDS SERVER EXPORT FOLDER...: runs on a node that uses the storage. Shows that the
# export can be mounted and written to, and makes the folders of the services in it.

# Soft and short here, so that a wrong server is an error and no endless wait.
mount_export() {
  local said
  if said=$(mount -t nfs4 -o soft,timeo=50,retrans=2 "$SERVER:$EXPORT" "$TARGET" 2>&1); then return 0; fi
  case $said in
    *"No such file"* | *"not exist"*) fail "$SERVER exports no $EXPORT; write the folder that it does export (nfsExport)" ;;
    *"access denied"* | *"not permitted"* | *"ermission denied"*) fail "$SERVER does not let this node mount $EXPORT; allow the nodes' network there" ;;
    *) fail "could not mount $SERVER:$EXPORT: $said" ;;
  esac
}

unmount() {
  umount --lazy "$TARGET" 2>/dev/null || true
  rmdir "$TARGET" 2>/dev/null || true
}

main() {
  local seconds=$1 folder
  SERVER=$2 EXPORT=$3
  shift 3
  have mount.nfs4 || fail "has no mount.nfs4; install nfs-common on the nodes"
  local deadline=$((SECONDS + seconds))
  until timeout 5 bash -c ": </dev/tcp/$SERVER/2049" 2>/dev/null; do
    ((SECONDS < deadline)) || fail "no NFS server answers at $SERVER (port 2049); is it the right address (nfsServer), and is it on?"
    sleep 1
  done
  TARGET=$(mktemp --directory)
  trap unmount EXIT
  mount_export
  for folder in "$@"; do
    { mkdir -p "$TARGET/$folder" && : >"$TARGET/$folder/.writable" && rm "$TARGET/$folder/.writable"; } 2>/dev/null \
      || fail "cannot write to $SERVER:$EXPORT/$folder; export it with rw and no_root_squash"
  done
}

main "$@" </dev/null
