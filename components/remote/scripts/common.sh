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

# Every call has a bound, so that a wait ends where an engine hangs. They are requests that the engine
# answers at once, or after the 20 s that it gives the managers; what may take longer has a bound of its
# own, by `timeout`.
docker() { timeout 60 docker "$@"; }

# The engine's unit has no bound for its start, and a manager's may take minutes.
systemctl() { timeout 300 systemctl "$@"; }

# knock ADDRESS PORT: something listens there. SILENT says whether there was no answer at all.
knock() {
  local status=0
  timeout 5 bash -c ": </dev/tcp/$1/$2" 2>/dev/null || status=$?
  # shellcheck disable=SC2034 # used by the scripts that follow
  if [[ $status == 124 ]]; then SILENT=yes; else SILENT=no; fi
  return "$status"
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
  timeout 60 cloud-init status --wait >/dev/null 2>&1 || [[ $? -eq 2 ]]
}

have() {
  local command
  for command in "$@"; do type -P "$command" >/dev/null || return 1; done
}

# install_packages PACKAGE...
install_packages() {
  export DEBIAN_FRONTEND=noninteractive
  # Ubuntu's needrestart, which apt runs, only lists what it would restart.
  export NEEDRESTART_MODE=l
  local apt=(timeout 1200 apt-get -q -o DPkg::Lock::Timeout=300)
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

# find_backup FOLDER NAME: its file in the mounted storage, as BACKUP. Those of earlier versions are not
# encrypted.
find_backup() {
  local folder=$STORAGE/$1 name=$2 names
  BACKUP=$folder/$name.tar.gz.age
  if [[ -f $BACKUP ]]; then
    have age || install_packages age
    return 0
  fi
  BACKUP=$folder/$name.tar.gz
  [[ ! -f $BACKUP ]] || return 0
  names=$(find "$folder" -maxdepth 1 -name '[0-9]*.tar.gz*' -printf '%f\n' 2>/dev/null | sed 's/\.tar\.gz.*//' \
    | sort --reverse | paste --serial --delimiters ' ') || true
  fail "there is no backup $name on the storage; there are: ${names:-none}"
}

# open_backup: prints what the file BACKUP has, a tar.gz. Its key goes to age through a pipe.
# Variables: BACKUP_KEY.
open_backup() {
  if [[ $BACKUP == *.age ]]; then
    age --decrypt --identity <(printf '%s\n' "$BACKUP_KEY") "$BACKUP"
  else
    cat "$BACKUP"
  fi
}

# unlock KEY: with autolock, an engine that was restarted is in no swarm until somebody brings the key.
unlock() {
  [[ $(engine '{{.Swarm.LocalNodeState}}') == locked ]] || return 0
  timeout 60 docker swarm unlock <<<"$1" >/dev/null || fail "the unlock key does not open this manager's swarm state"
}

# What the engine reads only when it starts waits here until then: `files` has what is to be put in
# place, `former` what was in place before. The folder is there until the engine has started with it.
STAGED=/etc/docker/staged

# stage FILE MODE CONTENT: the file is to have this content when the engine starts next.
stage() {
  # In place already. Where a copy of a former one is there, its restart is not done.
  if holds "$1" "$3" && [[ ! -f $STAGED/former$1 ]]; then
    rm -f "$STAGED/files$1"
    return 0
  fi
  write_file "$STAGED/files$1" "$2" "$3" || true
}

staged_files() { find "$STAGED/files" -type f ! -name '*.new' -printf '/%P\n' 2>/dev/null | sort; }

restart_is_needed() { [[ -n $(staged_files) ]]; }

# For engines.sh. With the time, so that it is another output than the time before.
say_staged() { printf 'staged %s\n' "$(date +%s)"; }

# An engine in a swarm is restarted by engine.sh, when it is its turn. One that does not start has nothing
# to lose by it.
in_swarm() {
  [[ -f /var/lib/docker/swarm/docker-state.json ]] || return 1
  local deadline=$((SECONDS + 60))
  until engine_answers; do
    ((SECONDS < deadline)) || return 1
    sleep 1
  done
}

# put FILE TARGET: a copy that is there as a whole or not at all.
put() {
  { mkdir -p "$(dirname "$2")" && cp --preserve=mode "$1" "$2.new" && sync "$2.new" && mv "$2.new" "$2"; } \
    || fail "could not write $2"
}

# What is staged is in place, and what was there before is kept.
place_staged() {
  local file
  for file in $(staged_files); do
    if [[ ! -f $STAGED/former$file ]]; then
      mkdir -p "$STAGED/former$(dirname "$file")"
      if [[ -f $file ]]; then put "$file" "$STAGED/former$file"; else : >"$STAGED/former$file"; fi
    fi
    put "$STAGED/files$file" "$file"
  done
}

# An empty copy stands for none.
place_former() {
  local file
  for file in $(staged_files); do
    if [[ -s $STAGED/former$file ]]; then put "$STAGED/former$file" "$file"; else rm -f "$file"; fi
  done
  systemctl daemon-reload || true
  rm -rf "$STAGED/former"
}

# restart_engine WHY: with what is staged. Where it does not start, it gets back what it had.
restart_engine() {
  place_staged
  [[ $(staged_files) != *.conf* ]] || systemctl daemon-reload || fail "systemd does not read its units again"
  systemctl restart docker && return 0
  place_former
  systemctl restart docker || fail "the engine does not start with $1, and not with what it had before either"
  fail "the engine does not start with $1, and has what it had before (journalctl -u docker)"
}

engine_restarted() {
  rm -rf "$STAGED.done"
  [[ ! -d $STAGED ]] || mv "$STAGED" "$STAGED.done"
  rm -rf "$STAGED.done"
}

# The node's own place in the ingress network, without which it refuses published ports.
in_ingress() {
  local networks
  networks=$(docker network ls --quiet --filter driver=overlay) || return 1
  # shellcheck disable=SC2016,SC2086 # a template's variables; one word per ID
  docker network inspect $networks 2>/dev/null \
    --format '{{if .Ingress}}{{range $name, $_ := .Containers}}{{$name}} {{end}}{{end}}' | grep -q -- -sbox
}

api_listens() { timeout 5 bash -c ": </dev/tcp/127.0.0.1/2376" 2>/dev/null; }

# For Prometheus (node-exporter's textfile collector): when the certificate ends that the API shows.
METRICS=/var/lib/prometheus/node-exporter

note_certificate() {
  local end
  have openssl || return 0
  end=$(openssl x509 -noout -enddate -in /etc/docker/tls/cert.pem) || fail "could not read /etc/docker/tls/cert.pem"
  end=$(date --date "${end#notAfter=}" +%s)
  write_file "$METRICS/api.prom" 644 "swarm_api_certificate_expiry_timestamp_seconds $end
" || true
}
