#!/usr/bin/env bash
# On the machine that a backup is to be restored on (restore.sh), where the swarm had autolock on.
#
# key.sh read SECONDS SERVER EXPORT FOLDER NAME: prints the key file that is in the backup, locked.
#   Variables: BACKUP_KEY, which opens encrypted backups.
# key.sh write NAME: leaves the opened one in memory for restore.sh, unless that has restored the backup.
#   Variables: KEY.

main() {
  case $1 in
    read)
      mount_storage "$2" "$3" "$4"
      find_backup "$5" "$6"
      open_backup | tar --extract --gzip --to-stdout swarm/certificates/swarm-node.key \
        || fail "could not read $BACKUP"
      ;;
    write) holds /etc/docker/restored "$2" || write_file /run/swarm-restore.key 600 "$KEY" || true ;;
  esac
}

main "$@" </dev/null
