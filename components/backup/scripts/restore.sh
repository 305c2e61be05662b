#!/usr/bin/env bash
# restore.sh SECONDS ADVERTISE_ADDRESS SERVER EXPORT FOLDER NAME: on the first manager, when no manager has
# a leader any more and none will come: gives the swarm the state that a backup has, with this machine
# as its only manager. Workers find it by its address; managers join again (join.sh). NAME is a backup's
# name, or `latest`. A backup that was restored here already is left as it is.
# Variables: UNLOCK_KEY, of a swarm that had autolock on when it was backed up.

STATE=/var/lib/docker/swarm
# Where the name of what was restored stays. While that goes on, a word comes before it.
RESTORED=/etc/docker/restored

# find_backup FOLDER NAME
find_backup() {
  local folder=$1 name=$2 names=""
  if [[ -d $folder ]]; then
    names=$(find "$folder" -maxdepth 1 -name '*.tar.gz' -printf '%f\n' | sort --reverse | sed 's/\.tar\.gz$//')
  fi
  [[ -n $names ]] || fail "there is no backup in this stack's folder on the storage"
  [[ $name != latest ]] || name=${names%%$'\n'*}
  BACKUP=$folder/$name.tar.gz
  [[ -f $BACKUP ]] || fail "there is no backup $name; there are: ${names//$'\n'/, }"
}

leads() { [[ $(docker node inspect --format '{{.ManagerStatus.Leader}}' self 2>/dev/null) == true ]]; }

# Without quorum the engine takes a while to start, and says that its swarm does not.
replace_state() {
  systemctl stop docker.socket docker || fail "the engine does not stop"
  rm -rf "$STATE"
  tar --extract --gzip --file "$BACKUP" --directory "$(dirname "$STATE")" || fail "could not unpack $BACKUP"
  systemctl start docker || fail "the engine does not start with the restored state"
}

# With the key it goes on to start by itself, and answers only when there is a leader.
open_state() {
  [[ $(engine '{{.Swarm.LocalNodeState}}') == locked ]] || return 0
  [[ -n $UNLOCK_KEY ]] || fail "the backup is of a swarm with autolock on; set restoreUnlockKey (its output unlockKey)"
  timeout 20 docker swarm unlock <<<"$UNLOCK_KEY" >/dev/null 2>&1 || true
  [[ $(engine '{{.Swarm.LocalNodeState}}') != locked ]] || fail "restoreUnlockKey does not open this backup"
}

# They are in no Raft any more, whether they still run or not, and join under new IDs.
forget_other_managers() {
  local id
  for id in $(docker node ls --filter role=manager --format '{{if not .Self}}{{.ID}}{{end}}'); do
    docker node demote "$id" >/dev/null 2>&1 || true
    wait_for 60 "the former manager $id to be removed" forget "$id"
  done
}

forget() { docker node rm --force "$1" >/dev/null 2>&1; }

main() {
  local seconds=$1 address=$2 said
  wait_for "$seconds" "this machine to be ready" test -f "$READY"
  ! holds "$RESTORED" "$6" || return 0
  mount_storage "$seconds" "$3" "$4"
  find_backup "$STORAGE/$5" "$6"
  say "$(hostname): restores $(basename "$BACKUP")"
  write_file "$RESTORED" 644 "begun $6" || true
  replace_state
  wait_for "$seconds" "the Docker engine to answer" engine_answers
  open_state
  said=$(docker swarm init --force-new-cluster --advertise-addr "$address" --listen-addr "$address:2377" \
    --data-path-addr "$address" 2>&1) || fail "could not start the swarm from the backup: $said"
  wait_for 60 "this manager to lead" leads
  forget_other_managers
  write_file "$RESTORED" 644 "$6" || true
}

main "$@" </dev/null
