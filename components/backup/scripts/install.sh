#!/usr/bin/env bash
# install.sh SCHEDULE SERVER EXPORT FOLDER KEEP PUBLIC_KEY: this manager can back up the swarm's state
# (backup.sh), and does it when SCHEDULE says so, in the form of systemd's OnCalendar. An empty one: only by
# hand. Variables: PROGRAM, what is installed.

UNITS=/etc/systemd/system

# The longest time between two of the schedule's next 500 moments, in seconds; 0 where there is one only.
longest_pause() {
  # shellcheck disable=SC2016 # awk's variables
  TZ=UTC systemd-analyze calendar --iterations=500 "$1" \
    | sed -n 's/^ *\(Next elapse\|Iter[a-z.]* #[0-9]*\): //p' | date --utc --file=- +%s \
    | awk 'NR > 1 && $1 - last > pause { pause = $1 - last } { last = $1 } END { print pause + 0 }'
}

# How old the newest backup may be: one may fail, and the next one be on its way.
allowed_age() {
  local schedule=$1 file=$METRICS/backup-schedule.prom age
  age=$((2 * $(longest_pause "$schedule")))
  # Without a second moment there is none to be late for.
  if ((age == 0)); then
    rm -f "$file"
    return 0
  fi
  # It counts from when it was first installed.
  ! grep -qsx "swarm_backup_max_age_seconds $age" "$file" || return 0
  write_file "$file" 644 "# HELP swarm_backup_max_age_seconds Twice the longest pause of the schedule.
# TYPE swarm_backup_max_age_seconds gauge
swarm_backup_max_age_seconds $age
# HELP swarm_backup_installed_timestamp_seconds When backups were first made on this schedule.
# TYPE swarm_backup_installed_timestamp_seconds gauge
swarm_backup_installed_timestamp_seconds $(date +%s)
" || true
}

main() {
  local schedule=$1 changed=no
  shift
  have mount.nfs4 age || install_packages nfs-common age
  write_file /usr/local/sbin/swarm-backup 755 "$PROGRAM" || true
  write_file /etc/docker/backup 600 "$(printf '%s\n' "$@")" || true
  if [[ -z $schedule ]]; then
    systemctl disable --now --quiet swarm-backup.timer 2>/dev/null || true
    rm -f "$METRICS/backup-schedule.prom"
    return 0
  fi
  systemd-analyze calendar "$schedule" >/dev/null 2>&1 \
    || fail "systemd does not understand backupSchedule \"$schedule\"; write one such as daily or *-*-* 03:00"
  # 75: another manager's backup is running.
  if write_file "$UNITS/swarm-backup.service" 644 "[Unit]
Description=Backup of the swarm's state
[Service]
Type=oneshot
ExecStart=/usr/local/sbin/swarm-backup
SuccessExitStatus=75
TimeoutStartSec=600
"; then changed=yes; fi
  if write_file "$UNITS/swarm-backup.timer" 644 "[Unit]
Description=Backup of the swarm's state
[Timer]
OnCalendar=$schedule
[Install]
WantedBy=timers.target
"; then changed=yes; fi
  [[ $changed == no ]] || systemctl daemon-reload
  systemctl enable --now --quiet swarm-backup.timer || fail "the timer of the backups does not start"
  allowed_age "$schedule"
}

main "$@" </dev/null
