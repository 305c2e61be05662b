#!/usr/bin/env bash
# restore.sh SECONDS ADVERTISE_ADDRESS SERVER EXPORT FOLDER NAME: on the manager that the backup is of, or
# on the new machine in its place, when no manager has a leader any more and none will come: gives the
# swarm the state that the backup has, with this machine as its only manager. Workers find it by its
# address; managers join again (join.sh). A backup that was restored here already is left as it is.
#
# A run that broke off, wherever it did, is repeated from the start by the next one. The state that was
# here before the first of them is kept beside it.
# Where the swarm had autolock on, key.sh has left its opened key before.
# Variables: BACKUP_KEY, which opens encrypted backups.

STATE=/var/lib/docker/swarm
# What was restored: NAME. As long as it is not done: begun NAME FOLDER, where FOLDER is for the state that
# was here before.
RESTORED=/etc/docker/restored
# In memory, and only until it is read.
OPEN_KEY=/run/swarm-restore.key
KEPT_STATES=2
# Beside the state, so that it can be moved. What a run that was killed has left goes with the next one.
UNPACKED=$STATE-unpacked
LOCK=/run/swarm-restore.lock

leads() { [[ $(docker node inspect --format '{{.ManagerStatus.Leader}}' self 2>/dev/null) == true ]]; }

in_no_swarm() { [[ $(engine '{{.Swarm.LocalNodeState}}') == inactive ]]; }

clean_up() {
  rm -rf "$UNPACKED"
  unmount_storage
}

# In Raft a manager is known by its address.
unpack() {
  local address=$1 key=$UNPACKED/swarm/certificates/swarm-node.key
  open_backup | tar --extract --gzip --directory "$UNPACKED" \
    || fail "could not read $BACKUP; if another stack has made it, restoreKeyFile is the file with that one's backupKey"
  grep -q "\"AdvertiseAddr\":\"$address:" "$UNPACKED/swarm/docker-state.json" \
    || fail "the backup is of a manager with another address than $address"
  # The mode stays.
  [[ -z $KEY ]] || printf '%s\n' "$KEY" >"$key"
  ! grep -q 'BEGIN ENCRYPTED' "$key" \
    || fail "the backup is of a swarm with autolock on; set restoreUnlockKey (its output unlockKey)"
  # An engine that finds this file runs as a manager of the former swarm as soon as it starts. With another
  # manager that was left over it may even have a majority again, and with a leader it locks its key
  # (updateKEK in swarmkit's manager.go). Without the file it is in no swarm until `init`.
  rm "$UNPACKED/swarm/docker-state.json"
}

# An engine that is cut short while it takes an overlay network down leaves the network's VXLAN device on the
# host, and can then never set the network up again ("error creating vxlan interface: file exists").
remove_vxlan_devices() {
  local device
  while read -r device; do
    ip link delete "$device" || fail "could not remove $device, which the engine left behind"
  done < <(ip -oneline link show type vxlan | sed -n 's/^[0-9]*: \(vx-[^:@]*\).*/\1/p')
}

replace_state() {
  local kept=$1
  systemctl stop docker.socket docker || fail "the engine does not stop"
  remove_vxlan_devices
  # What an earlier run has put in its place is no loss, nor is the empty folder of a new machine.
  if [[ -e $kept ]]; then rm -rf "$STATE"; else rmdir "$STATE" 2>/dev/null || true; fi
  if [[ -d $STATE ]]; then
    mv "$STATE" "$kept" || fail "could not keep $STATE as $kept"
    say "$(hostname): the state that was here is kept in $kept"
  fi
  mv "$UNPACKED/swarm" "$STATE" || fail "could not put the restored state in place"
  sync --file-system "$STATE"
  systemctl start docker || fail "the engine does not start with the restored state"
}

# By the API: the docker command would send an empty list of address pools, and the swarm would then take
# Docker's own instead of the one that it has. What the request does not name stays as it is in the backup,
# but for autolock, which it turns off (autolock.sh turns it on again).
start_swarm() {
  local seconds=$1 address=$2 said request='{"ForceNewCluster":true,"ListenAddr":"%s:2377","AdvertiseAddr":"%s","DataPathAddr":"%s","Spec":{}}'
  # shellcheck disable=SC2059 # the request is the format
  said=$(printf "$request" "$address" "$address" "$address" \
    | curl --silent --show-error --fail-with-body --max-time "$seconds" --unix-socket /var/run/docker.sock \
      --header 'Content-Type: application/json' --data-binary @- http://engine/swarm/init 2>&1) \
    || fail "could not start the swarm from the backup: $said"
}

# They are in no Raft any more, whether they still run or not, and join under new IDs.
forget_other_managers() {
  local id
  for id in $(docker node ls --filter role=manager --format '{{if not .Self}}{{.ID}}{{end}}'); do
    timeout 60 docker node demote "$id" >/dev/null 2>&1 || true
    wait_for 60 "the former manager $id to be removed" forget "$id"
  done
}

forget() { docker node rm --force "$1" >/dev/null 2>&1; }

forget_older_states() {
  local state
  for state in $(printf '%s\n' "$STATE"-before-* | sort --reverse | tail --lines "+$((KEPT_STATES + 1))"); do
    rm -rf "$state"
  done
}

main() {
  local seconds=$1 address=$2 name=$6 kept lock
  KEY=$(cat "$OPEN_KEY" 2>/dev/null) || true
  rm -f "$OPEN_KEY"
  wait_for "$seconds" "this machine to be ready" test -f "$READY"
  # That of an `up` that was killed may be still at it.
  exec {lock}>"$LOCK"
  flock --timeout "$seconds" "$lock" || fail "another restore is running here, and does not end"
  ! holds "$RESTORED" "$name" || return 0
  mount_storage "$seconds" "$3" "$4"
  trap clean_up EXIT
  rm -rf "$UNPACKED"
  install --directory --mode=700 "$UNPACKED"
  find_backup "$5" "$name"
  unpack "$address"
  kept=$(sed -n "s/^begun $name //p" "$RESTORED" 2>/dev/null) || true
  [[ -n $kept ]] || kept=$STATE-before-$(date --utc +%Y%m%dT%H%M%SZ)
  say "$(hostname): restores the swarm from $name"
  write_file "$RESTORED" 644 "begun $name $kept" || true
  sync "$RESTORED"
  replace_state "$kept"
  wait_for "$seconds" "the Docker engine to answer" engine_answers
  wait_for 60 "the engine to be in no swarm" in_no_swarm
  start_swarm "$seconds" "$address"
  wait_for "$seconds" "this manager to lead" leads
  forget_other_managers
  write_file "$RESTORED" 644 "$name" || true
  forget_older_states
}

main "$@" </dev/null
