#!/usr/bin/env bash
# On the machine that a backup is to be restored on (restore.sh), where the swarm had autolock on.
#
# key.sh read SECONDS SERVER EXPORT FOLDER NAME: prints the locked key that is in the backup.
# key.sh write: leaves the opened one for restore.sh. Variables: KEY.

main() {
  case $1 in
    read)
      mount_storage "$2" "$3" "$4"
      find_backup "$5" "$6"
      tar --extract --gzip --to-stdout --file "$BACKUP" swarm/certificates/swarm-node.key \
        || fail "could not read $BACKUP"
      ;;
    write) write_file /etc/docker/restore.key 600 "$KEY" || true ;;
  esac
}

main "$@" </dev/null
