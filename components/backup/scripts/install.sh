#!/usr/bin/env bash
# install.sh SCHEDULE SERVER EXPORT FOLDER KEEP: this manager can back up the swarm's state (backup.sh),
# and does it when SCHEDULE says so, in the form of systemd's OnCalendar. An empty one: only by hand.
# Variables: PROGRAM, what is installed.

UNITS=/etc/systemd/system

main() {
  local schedule=$1 changed=no
  shift
  have mount.nfs4 || install_packages nfs-common
  write_file /usr/local/sbin/swarm-backup 755 "$PROGRAM" || true
  write_file /etc/docker/backup 600 "$(printf '%s\n' "$@")" || true
  if [[ -z $schedule ]]; then
    systemctl disable --now --quiet swarm-backup.timer 2>/dev/null || true
    return 0
  fi
  systemd-analyze calendar "$schedule" >/dev/null 2>&1 \
    || fail "systemd does not understand backupSchedule \"$schedule\"; write one such as daily or *-*-* 03:00"
  if write_file "$UNITS/swarm-backup.service" 644 "[Unit]
Description=Backup of the swarm's state
[Service]
Type=oneshot
ExecStart=/usr/local/sbin/swarm-backup
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
}

main "$@" </dev/null
