#!/usr/bin/env bash
# The restart of one engine in the swarm, with what ready.sh and api.sh have staged. engines.sh runs it, one
# step after the other; each can run again.
#
# engine.sh look: prints "staged" where something waits for a restart.
# engine.sh restart SECONDS: restarts the engine, when every other manager is reachable (asked on managers),
#   and waits until it is in the swarm again. Prints the node's ID.
# engine.sh seen SECONDS ID: on a manager: waits until the node ID is Ready, and has its mesh looked after.
# engine.sh finish SECONDS: waits for the node's published ports, and takes the staged files away.
# Variables: ENGINE_CONFIGS, what may be wanted as daemon.json, one after the other; UNLOCK_KEY, with
# autolock.

# An `up` that was killed may have staged a configuration which was then taken back.
forget_unwanted() {
  local file=/etc/docker/daemon.json
  [[ -f $STAGED/files$file && $ENGINE_CONFIGS != *"$(<"$STAGED/files$file")"* ]] || return 0
  rm -f "$STAGED/files$file"
  # It got as far as its place: the one before is put back there, and needs the restart.
  [[ ! -s $STAGED/former$file ]] || put "$STAGED/former$file" "$STAGED/files$file"
}

# Sets UNREACHABLE to the names of the other managers that are not reachable; fails when they do not say.
other_managers() {
  local self id name reachability ids managers
  self=$(engine '{{.Swarm.NodeID}}') || return 1
  ids=$(docker node ls --filter role=manager --quiet 2>/dev/null) || return 1
  # shellcheck disable=SC2086 # one word per ID
  managers=$(docker node inspect --format '{{.ID}} {{with .ManagerStatus}}{{.Reachability}}{{else}}-{{end}} {{.Description.Hostname}}' $ids) || return 1
  UNREACHABLE=""
  while read -r id reachability name; do
    [[ $id == "$self" || $reachability == reachable ]] || UNREACHABLE+=" ${name:-$id}"
  done <<<"$managers"
}

others_are_reachable() { other_managers && [[ -z $UNREACHABLE ]]; }

is_in_swarm() { [[ $(engine '{{.Swarm.LocalNodeState}}') == active ]]; }

reachable() {
  [[ $(docker node inspect --format '{{.Status.State}} {{.ManagerStatus.Reachability}}' self 2>/dev/null) == 'ready reachable' ]]
}

restart() {
  local seconds=$1 manager=no deadline
  [[ ! -f /etc/docker/tls/key.pem ]] || manager=yes
  unlock "$UNLOCK_KEY"
  if [[ $manager == yes ]]; then
    # A leader that was lost a moment ago is elected again within that time.
    UNREACHABLE=" (no manager says: there is no leader)"
    deadline=$((SECONDS + 60))
    until others_are_reachable; do
      ((SECONDS < deadline)) \
        || fail "its engine keeps its former settings, and so do those after it: not reachable:$UNREACHABLE. Bring them back, then run pulumi up again"
      sleep 2
    done
  fi
  ! in_ingress || : >"$STAGED/ingress"
  restart_engine "its new settings"
  wait_for "$seconds" "the Docker engine to answer" engine_answers
  unlock "$UNLOCK_KEY"
  wait_for "$seconds" "the engine to be in the swarm again" is_in_swarm
  if [[ $manager == yes ]]; then
    wait_for "$seconds" "the API to listen on 2376" api_listens
    wait_for "$seconds" "this manager to be reachable in the swarm" reachable
  fi
  engine '{{.Swarm.NodeID}}'
}

is_ready() { [[ $(docker node inspect --format '{{.Status.State}}' "$1" 2>/dev/null) == ready ]]; }

# A changed label makes the node look at its networks again.
nudge() { docker node update --label-add "swarm.restarted=$(date +%s)" "$1" >/dev/null 2>&1; }

finish() {
  [[ ! -f $STAGED/ingress ]] \
    || wait_for "$1" "the node's place in the ingress network, without which it refuses published ports" in_ingress
  [[ ! -f /etc/docker/tls/cert.pem ]] || note_certificate
  engine_restarted
}

main() {
  case $1 in
    look)
      forget_unwanted
      ! restart_is_needed || echo staged
      ;;
    restart) restart "$2" ;;
    seen)
      wait_for "$2" "node $3 to be Ready after its engine's restart" is_ready "$3"
      wait_for "$2" "node $3 to take a label" nudge "$3"
      ;;
    finish) finish "$2" ;;
  esac
}

main "$@" </dev/null
