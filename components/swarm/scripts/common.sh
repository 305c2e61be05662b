#!/usr/bin/env bash
# What every script here starts with. The scripts arrive over stdin (nodeScript.ts), so each one
# defines functions only and ends with a call of `main` that reads nothing from stdin.
set -euo pipefail

say() { printf '%s\n' "$*" >&2; }

# One clear message, and the end.
fail() {
  say "$(hostname): $*"
  exit 1
}

# wait_for SECONDS WHAT COMMAND...: tries the command every second until it succeeds.
wait_for() {
  local seconds=$1 what=$2
  shift 2
  local deadline=$((SECONDS + seconds))
  until "$@"; do
    if ((SECONDS >= deadline)); then
      fail "gave up after ${seconds} s waiting for ${what}"
    fi
    sleep 1
  done
}

engine_answers() { docker info >/dev/null 2>&1; }

# engine FORMAT: one value of `docker info`.
engine() { docker info --format "$1" 2>/dev/null; }
