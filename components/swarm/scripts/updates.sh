#!/usr/bin/env bash
# swarm-updates: which of this node's packages have a newer version, and since when that has been seen.
# ready.sh installs it with a timer, and `npm run drift` runs it. It installs nothing.
#
# Prints a line with "fresh" or "stale" and when the package mirror was last read (0: never), then one
# for each package: its name, the installed version, the newer one, "security" or "other", and since
# when. Times are seconds since 1970. Leaves the same to Prometheus' node exporter.

FOLDER=/var/lib/swarm-updates

# The lists are its own, so that it is never in the way of somebody who installs something.
low_apt() {
  LC_ALL=C timeout "$1" nice -n 19 ionice -c 3 apt-get -q -o "Dir::State::lists=$FOLDER/lists" \
    -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= "${@:2}"
}

refresh() {
  local said
  mkdir -p "$FOLDER/lists/partial"
  # Error-Mode: otherwise a mirror that does not answer is a warning.
  said=$(low_apt 300 -o APT::Update::Error-Mode=any -o Acquire::Languages=none \
    -o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20 update 2>&1) || {
    said=$(grep -m 1 '^[EW]:' <<<"$said") || said="it took too long"
    say "$(hostname): could not read the lists of the package mirror: $said"
    return 1
  }
  replace "$FOLDER/checked" "$(date +%s)"
}

# Of the newer versions that the lists have. Held packages are among them: somebody still has to know.
# As of apt: Inst NAME [INSTALLED] (NEWER ORIGIN:RELEASE/SUITE, ... [ARCHITECTURE])
newer() {
  low_apt 120 --simulate --ignore-hold dist-upgrade | awk '
    $1 == "Inst" && $3 ~ /^\[/ {
      from = $0
      sub(/^[^(]*\(/, "", from)
      print $2, substr($3, 2, length($3) - 2), substr($4, 2), from ~ /-security/ ? "security" : "other"
    }'
}

# Since when: as long as the installed version is the same, another newer one starts nothing anew.
compare() {
  local now package installed newer kind since found lines=""
  local -A first=()
  now=$(date +%s)
  found=$(newer) || {
    say "$(hostname): apt cannot say what is newer: is a package only half installed (apt-get check)?"
    return 0
  }
  if [[ -f $FOLDER/pending ]]; then
    while read -r package installed newer kind since; do
      first["$package $installed $kind"]=$since
    done <"$FOLDER/pending"
  fi
  while read -r package installed newer kind; do
    [[ -n $package ]] || continue
    lines+="$package $installed $newer $kind ${first["$package $installed $kind"]:-$now}"$'\n'
  done <<<"$found"
  replace "$FOLDER/pending" "$lines"
}

metric() { printf '# HELP %s %s\n# TYPE %s gauge\n' "$1" "$2" "$1"; }

metrics() {
  local checked=$1 reboot=0
  metric node_reboot_required "1 if an update is there that needs a reboot."
  [[ ! -e /run/reboot-required ]] || reboot=1
  echo "node_reboot_required $reboot"
  ((checked > 0)) || return 0
  metric node_updates_checked_timestamp_seconds "When the package mirror was last read."
  echo "node_updates_checked_timestamp_seconds $checked"
  metric node_updates_pending "Installed packages with a newer version."
  echo "node_updates_pending $(wc -l <"$FOLDER/pending")"
  metric node_security_updates_pending "Those of them with one in a security archive."
  echo "node_security_updates_pending $(awk '$4 == "security"' "$FOLDER/pending" | wc -l)"
  metric node_update_pending_since_timestamp_seconds "When a newer version was first seen."
  awk '{
    security = $4 == "security" ? "true" : "false"
    printf "node_update_pending_since_timestamp_seconds{package=\"%s\",security=\"%s\"} %s\n", $1, security, $5
  }' "$FOLDER/pending"
}

# replace FILE CONTENT: readers see the old content or the new one.
replace() {
  mkdir -p "$(dirname "$1")"
  printf '%s' "$2" >"$1.new"
  mv "$1.new" "$1"
}

main() {
  local state=fresh checked=0
  mkdir -p "$FOLDER"
  exec 9>"$FOLDER/lock"
  flock --wait 450 9 || fail "another check has gone on for more than 450 s"
  # Without the mirror the old lists count: what was installed meanwhile is not pending any more.
  refresh || state=stale
  if [[ -f $FOLDER/checked ]]; then
    checked=$(<"$FOLDER/checked")
    compare
  fi
  [[ -f $FOLDER/pending ]] || replace "$FOLDER/pending" ""
  replace "$METRICS/updates.prom" "$(metrics "$checked")"$'\n'
  echo "$state $checked"
  cat "$FOLDER/pending"
}

main "$@" </dev/null
