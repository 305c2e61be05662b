#!/usr/bin/env bash
# Installed on every manager as swarm-backup (install.sh), and run by its timer or by hand.
#
# swarm-backup: writes the swarm's state (what Raft has, certificates, keys) into a file on the storage,
#   removes the oldest ones, and prints the new one's name. One manager does it: a follower, or the
#   leader where there is none that is well. The others do nothing.
# swarm-backup list: prints the names that there are, the newest first.
#
# /etc/docker/backup has its settings, a line each: server, export, folder in it, files to keep.

STATE=/var/lib/docker/swarm
# Seconds that the engine may stand still. Managers miss one that is silent for 10 s (Raft's election
# timeout in SwarmKit).
PAUSE=4

chosen() {
  local managers
  managers=$(docker node ls --filter role=manager --format '{{.ManagerStatus}} {{.ID}}') \
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
  # Whatever becomes of this script, the engine goes on.
  (sleep "$((PAUSE + 1))" && kill -CONT "$pid") >/dev/null 2>&1 &
  resume=$!
  kill -STOP "$pid"
  { stands_still "$pid" && timeout "$PAUSE" cp --archive --sparse=always "$STATE" "$COPY"; } || copied=no
  kill -CONT "$pid"
  kill "$resume" 2>/dev/null || true
  [[ $copied == yes ]] || fail "no backup: could not copy $STATE within $PAUSE s"
}

clean_up() {
  rm -rf "$COPY"
  unmount_storage
}

# The newest first: their names begin with their time.
backups() { find "$1" -maxdepth 1 -name '*.tar.gz' -printf '%f\n' | sort --reverse; }

main() {
  local settings folder name old
  mapfile -t settings </etc/docker/backup
  if [[ ${1:-} != list ]]; then chosen || return 0; fi
  mount_storage 60 "${settings[0]}" "${settings[1]}"
  folder=$STORAGE/${settings[2]}
  umask 077
  mkdir -p "$folder" || fail "cannot write to ${settings[0]}:${settings[1]}"
  if [[ ${1:-} == list ]]; then
    backups "$folder" | sed 's/\.tar\.gz$//'
    return 0
  fi
  COPY=$(mktemp --directory)
  trap clean_up EXIT
  copy_state
  name=$(date --utc +%Y%m%dT%H%M%SZ)-$(hostname)
  # Under its name only when it is whole.
  { tar --create --gzip --sparse --directory "$COPY" --file "$folder/.$name" swarm \
    && mv "$folder/.$name" "$folder/$name.tar.gz"; } \
    || fail "could not write ${settings[0]}:${settings[1]}/${settings[2]}/$name.tar.gz"
  for old in $(backups "$folder" | tail --lines "+$((settings[3] + 1))"); do rm "$folder/$old"; done
  printf '%s\n' "$name"
}

main "$@" </dev/null
