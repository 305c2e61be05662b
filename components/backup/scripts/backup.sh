#!/usr/bin/env bash
# Installed on every manager as swarm-backup (install.sh), and run by its timer or by hand.
#
# swarm-backup: writes the swarm's state (what Raft has, certificates, keys) into a file on the storage,
#   encrypted to the stack's key, removes the oldest ones, and prints the new one's name. One manager does
#   it: a follower, or the leader where there is none that is well. The others only look which is the
#   newest.
# swarm-backup list: prints the names that there are, the newest first.
# swarm-backup status: prints the newest one's name, or "none", and two numbers of seconds: its age (without
#   one, how long ago the timer was installed), and the age that the schedule allows, 0 without a schedule.
#
# /etc/docker/backup has its settings, a line each: server, export, folder in it, files to keep, public key.

STATE=/var/lib/docker/swarm
# Seconds that the engine may stand still. Managers miss one that is silent for 10 s (Raft's election
# timeout in SwarmKit).
PAUSE=4
# EX_TEMPFAIL in sysexits.h. The timer's service takes it for a success (install.sh).
ANOTHER_RUNS=75

chosen() {
  local managers
  managers=$(timeout 60 docker node ls --filter role=manager --format '{{.ManagerStatus}} {{.ID}}') \
    || fail "no backup: this swarm has no leader"
  # shellcheck disable=SC2016 # awk's variables
  [[ $(sort <<<"$managers" | awk '
    $1 == "Reachable" && !follower { follower = $2 }
    $1 == "Leader" { leader = $2 }
    END { print follower ? follower : leader }') == $(engine '{{.Swarm.NodeID}}') ]]
}

# Every thread of the process has stopped.
stands_still() {
  local tries
  for ((tries = 0; tries < 100; tries++)); do
    grep --quiet --invert-match ') T ' "/proc/$1/task/"*/stat || return 0
  done
  return 1
}

# The files as they are at one moment, as after a power cut, which is what Raft's log is made for: the
# engine stands still meanwhile. Containers do not notice.
copy_state() {
  local pid resume copied=yes
  pid=$(<"/run/docker.pid")
  # Whatever becomes of this script, the engine goes on. It does not hold the lock for that.
  (sleep "$((PAUSE + 1))" && kill -CONT "$pid") >/dev/null 2>&1 {LOCK}>&- &
  resume=$!
  kill -STOP "$pid"
  { stands_still "$pid" && timeout "$PAUSE" cp --archive --sparse=always "$STATE" "$COPY"; } || copied=no
  kill -CONT "$pid"
  kill "$resume" 2>/dev/null || true
  [[ $copied == yes ]] || fail "no backup: could not copy $STATE within $PAUSE s"
}

clean_up() {
  rm -rf "$COPY"
  [[ -z $PARTIAL ]] || rm -f "$PARTIAL"
  unmount_storage
}

# The files in the folder, the newest first: their names begin with their time. Those of earlier versions
# are not encrypted.
backups() {
  find "$1" -maxdepth 1 \( -name '[0-9]*.tar.gz.age' -o -name '[0-9]*.tar.gz' \) -printf '%f\n' | sort --reverse
}

names() { backups "$1" | sed 's/\.tar\.gz.*//'; }

# prune FOLDER KEEP
prune() {
  local old
  for old in $(backups "$1" | tail --lines "+$(($2 + 1))"); do rm "$1/$old"; done
}

# The seconds of a backup's name, 20260102T030405Z-mg1, since 1970.
seconds_of() {
  date --utc --date "$(sed -E 's/^(....)(..)(..)T(..)(..)(..)Z.*/\1-\2-\3 \4:\5:\6/' <<<"$1")" +%s
}

# What the file of install.sh says; nothing without a schedule.
scheduled() {
  # shellcheck disable=SC2016 # awk's variables
  awk -v name="swarm_backup_$1" '$1 == name { print $2 }' "$METRICS/backup-schedule.prom" 2>/dev/null || true
}

# report FOLDER: leaves word of the newest one for Prometheus.
report() {
  local newest
  newest=$(names "$1" | head --lines 1)
  [[ -n $newest ]] || return 0
  # Readable by the node exporter.
  (
    umask 022
    write_file "$METRICS/backup.prom" 644 "# HELP swarm_backup_last_success_timestamp_seconds When the newest backup on the storage was made.
# TYPE swarm_backup_last_success_timestamp_seconds gauge
swarm_backup_last_success_timestamp_seconds $(seconds_of "$newest")
" || true
  )
}

status() {
  local newest since allowed
  newest=$(names "$1" | head --lines 1)
  if [[ -n $newest ]]; then since=$(seconds_of "$newest"); else since=$(scheduled installed_timestamp_seconds); fi
  allowed=$(scheduled max_age_seconds)
  printf '%s %s %s\n' "${newest:-none}" "$(($(date +%s) - ${since:-$(date +%s)}))" "${allowed:-0}"
}

# One backup at a time, whichever manager it is on: the lock is the server's, and ends with its process.
take_lock() {
  exec {LOCK}>>"$1/.lock" || fail "cannot write to ${SETTINGS[0]}:${SETTINGS[1]}"
  flock --nonblock --conflict-exit-code 9 "$LOCK" && return 0
  (($? == 9)) || fail "could not take the lock in ${SETTINGS[0]}:${SETTINGS[1]}/${SETTINGS[2]}"
  say "$(hostname): no backup: another one is running"
  exit "$ANOTHER_RUNS"
}

write_backup() {
  local folder=$1 name=$2
  COPY=$(mktemp --directory)
  copy_state
  PARTIAL=$folder/.$name
  # Under its name only when it is whole, and on the server's disk.
  { tar --create --gzip --sparse --directory "$COPY" swarm \
    | age --encrypt --recipient "${SETTINGS[4]}" --output "$PARTIAL" \
    && sync "$PARTIAL" && mv "$PARTIAL" "$folder/$name.tar.gz.age"; } \
    || fail "could not write ${SETTINGS[0]}:${SETTINGS[1]}/${SETTINGS[2]}/$name.tar.gz.age"
}

main() {
  local action=${1:-} folder name keep
  mapfile -t SETTINGS </etc/docker/backup
  COPY="" PARTIAL=""
  mount_storage 60 "${SETTINGS[0]}" "${SETTINGS[1]}"
  trap clean_up EXIT
  folder=$STORAGE/${SETTINGS[2]} keep=${SETTINGS[3]}
  umask 077
  mkdir -p "$folder" || fail "cannot write to ${SETTINGS[0]}:${SETTINGS[1]}"
  case $action in
    list)
      names "$folder"
      return 0
      ;;
    status)
      status "$folder"
      return 0
      ;;
  esac
  # A backup is worth more than word of it.
  report "$folder" || true
  chosen || return 0
  take_lock "$folder"
  # What runs that were ended have left, and older ones: a full storage has room again. The newest stay.
  find "$folder" -maxdepth 1 -type f -name '.[0-9]*' -delete
  prune "$folder" "$((keep > 1 ? keep - 1 : 1))"
  name=$(date --utc +%Y%m%dT%H%M%SZ)-$(hostname)
  write_backup "$folder" "$name"
  prune "$folder" "$keep"
  report "$folder" || true
  printf '%s\n' "$name"
}

main "$@" </dev/null
