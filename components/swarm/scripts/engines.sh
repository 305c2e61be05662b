#!/usr/bin/env bash
# engines.sh SECONDS SSH_CONFIG RUN AT_ONCE: runs here, not on a node. Restarts the engines that wait for it
# (engine.sh): one manager after the other, then AT_ONCE workers at a time, each when the one before is Ready
# again. RUN is what runs a script on a node. Where nothing waits, nobody is asked.
# Variables: STAGED_NODES, a line for each node that said something waits: role, name, and when; ENGINE, the text of
# engine.sh; ENGINE_CONFIGS and UNLOCK_KEY, for that; ON_MANAGER, the text of on-manager.

# on HOST STEP...: one step of engine.sh there. It is tried again where the connection breaks off.
on() {
  local host=$1 status deadline=$((SECONDS + 60))
  shift
  while true; do
    status=0
    timeout "$((6 * SECONDS_BOUND))" ssh -F "$CONFIG" "$host" "$RUN $*" <<<"$INPUT" || status=$?
    ((status == 255 && SECONDS < deadline)) || return "$status"
    sleep 2
  done
}

# Which of them wait in fact, all asked at the same time.
look() {
  local role name
  while read -r role name _; do
    { on "$name" look >"$FOLDER/$name" || touch "$FOLDER/$name.silent"; } &
  done <<<"$STAGED_NODES"
  wait
  MANAGERS=() WORKERS=() SILENT_NODES=()
  while read -r role name _; do
    if [[ -f $FOLDER/$name.silent ]]; then
      SILENT_NODES+=("$name")
    elif [[ $(<"$FOLDER/$name") == staged && $role == manager ]]; then
      MANAGERS+=("$name")
    elif [[ $(<"$FOLDER/$name") == staged ]]; then
      WORKERS+=("$name")
    fi
  done <<<"$STAGED_NODES"
}

restart() {
  local id
  id=$(on "$1" restart "$SECONDS_BOUND") || return 1
  bash -c "$ON_MANAGER" on-manager "$SECONDS_BOUND" "$CONFIG" swarm-any "$RUN seen $SECONDS_BOUND $id" <<<"$INPUT" || return 1
  on "$1" finish "$SECONDS_BOUND" || return 1
  say "$1: the engine has its new settings"
}

# They have said why.
stopped() { fail "stopped at $1: its engine was not restarted, or is not well since. The nodes after it keep their former settings until the next pulumi up"; }

workers() {
  local name batch=() failed=() i
  for ((i = 0; i < ${#WORKERS[@]}; i += AT_ONCE)); do
    batch=("${WORKERS[@]:i:AT_ONCE}") failed=()
    for name in "${batch[@]}"; do
      { restart "$name" || touch "$FOLDER/$name.failed"; } &
    done
    wait
    for name in "${batch[@]}"; do [[ ! -f $FOLDER/$name.failed ]] || failed+=("$name"); done
    ((${#failed[@]} == 0)) || stopped "${failed[*]}"
  done
}

clean_up() { rm -rf "$FOLDER"; }

main() {
  SECONDS_BOUND=$1 CONFIG=$2 RUN=$3 AT_ONCE=$4
  local name
  [[ -n $STAGED_NODES ]] || return 0
  INPUT=$(printf 'ENGINE_CONFIGS=%q\nUNLOCK_KEY=%q\n%s' "$ENGINE_CONFIGS" "$UNLOCK_KEY" "$ENGINE")
  FOLDER=$(mktemp --directory)
  trap clean_up EXIT
  look
  for name in "${MANAGERS[@]}"; do restart "$name" || stopped "$name"; done
  workers
  ((${#SILENT_NODES[@]} == 0)) \
    || fail "no answer from ${SILENT_NODES[*]}: whether the engine there waits for a restart is not known. Bring it back, or have lost machines made anew (pulumi refresh), then run pulumi up again"
}

main "$@" </dev/null
