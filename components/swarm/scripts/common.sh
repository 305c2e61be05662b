#!/usr/bin/env bash
# What every script here starts with. The scripts arrive over stdin (nodeScript.ts), so each one
# defines functions only and ends with a call of `main` that reads nothing from stdin.
set -euo pipefail

# Where ready.sh leaves word that it is done.
# shellcheck disable=SC2034 # used by the scripts that follow
READY=/etc/docker/ready

say() { printf '%s\n' "$*" >&2; }

# One clear message, and the end.
fail() {
  say "$(hostname): $*"
  exit 1
}

# wait_for SECONDS WHAT COMMAND...: tries the command every second until it succeeds. What it left in
# SAID is the reason that is given when it never does.
wait_for() {
  local seconds=$1 what=$2
  shift 2
  local deadline=$((SECONDS + seconds))
  until "$@"; do
    if ((SECONDS >= deadline)); then
      fail "gave up after ${seconds} s waiting for ${what}${SAID:+: $SAID}"
    fi
    sleep 1
  done
}

engine_answers() { docker info >/dev/null 2>&1; }

# engine FORMAT: one value of `docker info`.
engine() { docker info --format "$1" 2>/dev/null; }

first_boot_done() {
  command -v cloud-init >/dev/null || return 0
  # 2 means done with recoverable errors, which are cloud-init's own to report.
  cloud-init status --wait >/dev/null 2>&1 || [[ $? -eq 2 ]]
}

have() {
  local command
  for command in "$@"; do command -v "$command" >/dev/null || return 1; done
}

# install_packages PACKAGE...
install_packages() {
  export DEBIAN_FRONTEND=noninteractive
  local apt=(apt-get -q -o DPkg::Lock::Timeout=300)
  say "$(hostname): the image lacks some of these, installing: $*"
  { "${apt[@]}" update && "${apt[@]}" install -y --no-install-recommends "$@"; } >/dev/null \
    || fail "could not install $*; has this machine a way to its package mirror?"
}

# holds FILE CONTENT: the file is there, with this content.
holds() { [[ -f $1 && $(<"$1") == "${2%$'\n'}" ]]; }

# write_file FILE MODE CONTENT: fails when the file was like that already. Written aside and moved:
# whatever ends this, a full disk or a power cut too, the file is the old one or the whole new one.
write_file() {
  local folder new=$1.new
  ! holds "$1" "$3" || return 1
  folder=$(dirname "$1")
  { mkdir -p "$folder" && install --mode="$2" /dev/null "$new" && printf '%s' "$3" >"$new" \
    && sync "$new" && mv --no-target-directory "$new" "$1" && sync "$folder"; } \
    || { rm -f "$new" || true && fail "could not write $1"; }
}

# firewall RULES: loaded now, and at every boot before the network is up. The kernel takes all of it or
# nothing, so what it does not take never gets into the file. The file is written last: what could not
# be loaded is tried again by the next run, and a reboot before that brings back the rules that worked.
firewall() {
  if holds /etc/nftables.conf "$1" && nft list table inet swarm >/dev/null 2>&1; then return 0; fi
  nft --file - <<<"$1" || fail "could not load the firewall"
  systemctl enable --quiet nftables || fail "could not make the firewall load at boot"
  write_file /etc/nftables.conf 644 "$1" || true
}

# mount_storage SECONDS SERVER EXPORT: mounts the storage at $STORAGE until the script ends. Soft and
# short, so that a wrong server is an error and no endless wait: neither is one that takes a connection
# and says nothing.
mount_storage() {
  local seconds=$1 server=$2 export=$3 said
  have mount.nfs4 || fail "has no mount.nfs4; install nfs-common on the nodes"
  local deadline=$((SECONDS + seconds))
  until timeout 5 bash -c ": </dev/tcp/$server/2049" 2>/dev/null; do
    ((SECONDS < deadline)) || fail "no NFS server answers at $server (port 2049); is it the right address (nfsServer), is it on, and does its firewall let the nodes in?"
    sleep 1
  done
  STORAGE=$(mktemp --directory)
  trap unmount_storage EXIT
  if said=$(timeout 30 mount -t nfs4 -o soft,timeo=50,retrans=2,retry=0 \
    "$server:$export" "$STORAGE" 2>&1); then return 0; fi
  case $said in
    "") fail "$server takes connections on port 2049, and does not answer as an NFS 4 server within 30 s" ;;
    *"No such file"* | *"not exist"*) fail "$server exports no $export; write the folder that it does export (nfsExport)" ;;
    *"access denied"* | *"not permitted"* | *"ermission denied"*) fail "$server does not let this node mount $export; allow the nodes' addresses there" ;;
    *) fail "could not mount $server:$export: $said" ;;
  esac
}

unmount_storage() {
  umount --lazy "$STORAGE" 2>/dev/null || true
  rmdir "$STORAGE" 2>/dev/null || true
}

# find_backup FOLDER NAME: its file in the mounted storage, as BACKUP.
find_backup() {
  local folder=$STORAGE/$1 name=$2 names
  BACKUP=$folder/$name.tar.gz
  [[ ! -f $BACKUP ]] || return 0
  names=$(find "$folder" -maxdepth 1 -name '*.tar.gz' -printf '%f ' 2>/dev/null) || true
  fail "there is no backup $name on the storage; there are: ${names//.tar.gz/}"
}

# unlock KEY: with autolock, an engine that was restarted is in no swarm until somebody brings the key.
unlock() {
  [[ $(engine '{{.Swarm.LocalNodeState}}') == locked ]] || return 0
  timeout 60 docker swarm unlock <<<"$1" >/dev/null || fail "the unlock key does not open this manager's swarm state"
}
