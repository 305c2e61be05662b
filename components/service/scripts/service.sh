#!/usr/bin/env bash
# Runs on a manager, about a service of the swarm.
#
# service.sh remove NAME: there is no service of this name. Its tasks end by themselves: Docker gives
#   their ports to others once they are free.
#
# service.sh make-room NAME STACK: the same, before the provider makes a service of this name. One is there
#   when an `up` was ended while it made it, and has the label of its Pulumi stack. Fails when it is
#   somebody else's.
#
# service.sh update NAME SECONDS MIN MAX: the service, which is there, is as wanted, with the number
#   of replicas that it has at that moment: an autoscaler decides on it, from MIN to MAX. Waits until
#   its tasks run, and fails with what Docker says when the update was stopped or taken back.
#   Variables (components/service/serviceUpdate.ts): SPEC, its spec for the Engine API, with a placeholder for the
#   number of replicas and one for TASK, which is what tasks are made of; SPEC_ID and TASK_ID, which
#   stand for their content and are labels of the service.
# https://docs.docker.com/reference/api/engine/version/v1.45/#tag/Service/operation/ServiceUpdate

# Seconds in which an update is tried again: the autoscaler may have written in between, and managers
# may be choosing a leader.
TRY=60

# Seconds within which Docker says that it replaces tasks. It says nothing where none has to be.
BEGIN=30

# By the list: to be asked for one service fails in the same way when there is none and when nobody
# leads the swarm.
gone() {
  local names
  names=$(docker service ls --format '{{.Name}}') || return 1
  ! grep --quiet --line-regexp --fixed-strings -- "$NAME" <<<"$names"
}

removed() {
  gone && return 0
  docker service rm "$NAME" >/dev/null 2>&1 || true
  gone
}

make_room() {
  local stack
  gone && return 0
  stack=$(inspect '{{index .Spec.Labels "swarm.stack"}}' 2>/dev/null) || return 1
  [[ $stack == "$1" ]] \
    || fail "the swarm has a service $NAME already, which this stack has not made: ID $(inspect '{{.ID}}'), image $(inspect '{{.Spec.TaskTemplate.ContainerSpec.Image}}')${stack:+, of the stack $stack}. It stays; remove it (docker service rm $NAME), then run pulumi up again"
  removed
}

inspect() { docker service inspect --format "$1" "$NAME"; }

# Where the service stands, and how many replicas it is to have.
look() {
  local seen
  seen=$(inspect '{{.ID}} {{.Version.Index}} {{.Spec.Mode.Replicated.Replicas}} {{index .Spec.Labels "swarm.spec"}} {{index .Spec.Labels "swarm.task"}}' 2>&1) \
    || { SAID=$seen && return 1; }
  read -r ID VERSION REPLICAS HAS_SPEC HAS_TASK <<<"$seen"
  WANTED=$REPLICAS
  ((WANTED >= MIN)) || WANTED=$MIN
  ((WANTED <= MAX)) || WANTED=$MAX
}

# One try to give the service its spec, for the version of it that was looked at: Docker refuses it
# when somebody else has written meanwhile.
given() {
  local body template=$TASK
  look || return 1
  [[ $HAS_SPEC != "$SPEC_ID" || $WANTED != "$REPLICAS" ]] || return 0
  # What does not change is handed back as it is: Docker has added to it, and takes any difference
  # for a reason to replace every task.
  if [[ $HAS_TASK == "$TASK_ID" ]]; then
    template=$(inspect '{{json .Spec.TaskTemplate}}') || return 1
  fi
  body=${SPEC/'"@REPLICAS@"'/"$WANTED"}
  body=${body/'"@TASK@"'/"$template"}
  SAID=$(curl --silent --show-error --max-time 60 --unix-socket /var/run/docker.sock \
    --header 'Content-Type: application/json' --data-binary @- --write-out ' (status %{http_code})' \
    "http://engine/services/$ID/update?version=$VERSION" <<<"$body" 2>&1) || return 1
  [[ $SAID == *"(status 200)" ]] || return 1
  UPDATED=yes
  [[ $HAS_TASK == "$TASK_ID" ]] || REPLACES=yes
}

give() {
  local deadline=$((SECONDS + TRY))
  until given; do
    # What Docker finds wrong with a spec will not be right in a moment.
    [[ $SAID != *"(status 400)" ]] || fail "Docker refuses the service $NAME: $SAID"
    ((SECONDS < deadline)) || fail "could not update the service $NAME within $TRY s: $SAID"
    sleep 1
  done
}

# What its tasks said when they ended, each sentence once.
reasons() {
  docker service ps --no-trunc --format '{{.Error}}' "$NAME" | grep . | sort --unique | head -n 3 \
    | paste --serial --delimiters ';' || true
}

# The list has the number of tasks that run and that should, as 2/3.
tasks_run() {
  docker service ls --format '{{.Name}} {{.Replicas}}' \
    | awk -v name="$NAME" '$1 == name { seen = 1; split($2, tasks, "/"); same = tasks[1] == tasks[2] }
        END { exit !(seen && same) }'
}

# A status that is there before an update is of an earlier one; with an update Docker drops it.
settled() {
  local status state has message
  if [[ $UPDATED == yes ]]; then
    status=$(inspect '{{with .UpdateStatus}}{{.State}}{{else}}none{{end}} {{index .Spec.Labels "swarm.spec"}} {{with .UpdateStatus}}{{.Message}}{{end}}') \
      || return 1
    read -r state has message <<<"$status"
    case $state in
      paused | rollback_*) fail "the update of the service $NAME did not hold ($state): $message; $(reasons)" ;;
      updating) return 1 ;;
      none) [[ $REPLACES == no ]] || ((SECONDS >= BEGUN + BEGIN)) || return 1 ;;
    esac
    [[ $has == "$SPEC_ID" ]] || fail "somebody else changed the service $NAME meanwhile; run \`up\` again"
  fi
  tasks_run
}

update() {
  local seconds=$1
  MIN=$2 MAX=$3 UPDATED=no REPLACES=no
  give
  BEGUN=$SECONDS
  local deadline=$((SECONDS + seconds))
  until settled; do
    ((SECONDS < deadline)) \
      || fail "the service $NAME does not run as wanted after $seconds s; its tasks said: $(reasons)"
    sleep 1
  done
}

main() {
  local action=$1
  NAME=$2
  case $action in
    remove) wait_for 60 "the service $NAME to go" removed ;;
    make-room) wait_for 60 "the service $NAME to go" make_room "$3" ;;
    update) update "${@:3}" ;;
  esac
}

main "$@" </dev/null
