#!/usr/bin/env bash
# restore.sh SECONDS ADVERTISE_ADDRESS SERVER EXPORT FOLDER NAME: on the manager that the backup is of, or
# on the new machine in its place, when no manager has a leader any more and none will come: gives the
# swarm the state that the backup has, with this machine as its only manager. Workers find it by its
# address; managers join again (join.sh). A backup that was restored here already is left as it is.
# Where the swarm had autolock on, key.sh has left its opened key before.

STATE=/var/lib/docker/swarm
# Where the name of what was restored stays. While that goes on, a word comes before it.
RESTORED=/etc/docker/restored
OPEN_KEY=/etc/docker/restore.key

leads() { [[ $(docker node inspect --format '{{.ManagerStatus.Leader}}' self 2>/dev/null) == true ]]; }

# In Raft a manager is known by its address.
unpack() {
  local address=$1 target=$2 file=$2/swarm/certificates/swarm-node.key
  tar --extract --gzip --file "$BACKUP" --directory "$target" || fail "could not unpack $BACKUP"
  grep -q "\"AdvertiseAddr\":\"$address:" "$target/swarm/docker-state.json" \
    || fail "the backup is of a manager with another address than $address"
  [[ ! -f $OPEN_KEY ]] || install --mode=600 "$OPEN_KEY" "$file"
  ! grep -q 'BEGIN ENCRYPTED' "$file" \
    || fail "the backup is of a swarm with autolock on; set restoreUnlockKey (its output unlockKey)"
}

# Without a majority the engine takes a while to start.
replace_state() {
  local state=$1
  systemctl stop docker.socket docker || fail "the engine does not stop"
  rm -rf "$STATE"
  mv "$state" "$STATE" || fail "could not put the restored state in place"
  rm -f "$OPEN_KEY"
  systemctl start docker || fail "the engine does not start with the restored state"
}

# Whether or not it has a leader.
runs_manager() { [[ $(engine '{{.Swarm.ControlAvailable}}') == true ]]; }

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
  local seconds=$1 address=$2 unpacked said
  wait_for "$seconds" "this machine to be ready" test -f "$READY"
  ! holds "$RESTORED" "$6" || return 0
  mount_storage "$seconds" "$3" "$4"
  find_backup "$5" "$6"
  unpacked=$(mktemp --directory --tmpdir="$(dirname "$STATE")")
  unpack "$address" "$unpacked"
  say "$(hostname): restores the swarm from $6"
  write_file "$RESTORED" 644 "begun $6" || true
  replace_state "$unpacked/swarm"
  rmdir "$unpacked"
  wait_for "$seconds" "the Docker engine to answer" engine_answers
  wait_for 60 "the engine to read the restored state" runs_manager
  said=$(timeout "$seconds" docker swarm init --force-new-cluster --advertise-addr "$address" \
    --listen-addr "$address:2377" --data-path-addr "$address" 2>&1) \
    || fail "could not start the swarm from the backup: $said"
  wait_for 60 "this manager to lead" leads
  forget_other_managers
  write_file "$RESTORED" 644 "$6" || true
}

main "$@" </dev/null
