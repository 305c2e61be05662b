#!/usr/bin/env bash
# Runs on a manager, about another node.
#
# member.sh arrive SECONDS ID ROLE ADVERTISE_ADDRESS: waits until the node is a Ready member with
#   the right role and address, and the only one of its name. Prints its ID.
# member.sh leave SECONDS ID: takes the node out of the swarm without losing quorum or tasks.

quietly() { "$@" >/dev/null 2>&1; }

node() { docker node inspect --format "$1" "$ID" 2>/dev/null; }

# One look at the node for each try: six of these run side by side on a manager, and every run of
# the docker command costs it time that it needs for the joins.
arrived() {
  local format='{{.Status.Addr}} {{.Status.State}} {{.Spec.Role}}' wanted="ready $ROLE" address seen
  if [[ $ROLE == manager ]]; then
    format+=' {{.ManagerStatus.Reachability}}'
    wanted+=' reachable'
  fi
  read -r address seen < <(node "$format") || return 1
  [[ $seen == "$wanted" ]] || return 1
  [[ $address == "$ADDRESS" ]] \
    || fail "$ID is in the swarm with the address $address instead of $ADDRESS"
  only_one_of_its_name
}

# A join that broke off half-way, or a machine that was lost, leaves an entry of the same name
# behind. Once it is down, it is taken out: the machine lives on under its new ID.
only_one_of_its_name() {
  local id status listed=no others=no
  while read -r id status; do
    if [[ $id == "$ID" ]]; then
      listed=yes
      continue
    fi
    others=yes
    [[ $status == down ]] || continue
    quietly docker node demote "$id" || true
    quietly docker node rm --force "$id" || true
  done < <(namesakes "$(node '{{.Description.Hostname}}')")
  [[ $listed == yes && $others == no ]]
}

namesakes() {
  docker node ls --filter "name=$1" --quiet \
    | xargs docker node inspect --format '{{.ID}} {{.Status.State}} {{.Description.Hostname}}' \
    | awk -v name="$1" '$3 == name { print $1, $2 }'
}

# Marked by teardown.sh, or never brought up to the end, when size.sh notes its wanted size: then
# there is nothing to preserve.
torn_down() {
  quietly docker config inspect teardown || ! quietly docker config inspect wanted-managers
}

# One node leaves at a time. Making a config is atomic in Raft, which makes it a lock. It is taken
# by name and dropped by ID, so that nobody drops a lock that is not his own. A node needs at most
# six of its bounds to leave; a lock that is older was left behind by a run that was ended.
LOCK=leaving

take_lock() {
  LOCK_ID=$(docker config create --label "node=$ID" "$LOCK" - 2>/dev/null <<<"") && return 0
  local held owner made
  read -r held owner made < <(
    docker config inspect --format '{{.ID}} {{index .Spec.Labels "node"}} {{.CreatedAt.Unix}}' "$LOCK" 2>/dev/null
  ) || return 1
  if [[ $owner == "$ID" ]] || (($(date +%s) - made > 6 * SECONDS_BOUND)); then
    quietly docker config rm "$held" || true
  fi
  return 1
}

drop_lock() { quietly docker config rm "$LOCK_ID" || true; }

wanted_managers() {
  docker config inspect --format '{{index .Spec.Labels "managers"}}' wanted-managers 2>/dev/null
}

# Managers other than the one that leaves, as "hostname reachability" lines.
other_managers() {
  local ids
  ids=$(docker node ls --filter role=manager --quiet)
  # shellcheck disable=SC2086 # one word per ID
  docker node inspect --format '{{.ID}} {{.Description.Hostname}} {{.ManagerStatus.Reachability}}' $ids \
    | awk -v gone="$ID" '$1 != gone { print $2, $3 }'
}

# Is the rest a majority of the wanted managers, and all of it healthy?
safe_to_lose() {
  local others
  others=$(other_managers) || return 1
  local healthy
  healthy=$(grep -c ' reachable$' <<<"$others" || true)
  UNHEALTHY=$(awk '$2 != "reachable" { print $1 }' <<<"$others" | paste -sd ' ')
  ((healthy >= $(wanted_managers) / 2 + 1)) && [[ -z $UNHEALTHY ]]
}

demote() {
  local deadline=$((SECONDS + SECONDS_BOUND))
  until safe_to_lose; do
    if ((SECONDS >= deadline)); then
      fail "manager $ID stays: without it the others are no safe majority" \
        "(unhealthy: ${UNHEALTHY:-none}; wanted: $(wanted_managers)). Bring them back first, then run pulumi up again"
    fi
    sleep 2
  done
  # Demoting the leader leaves a moment without one, so it may take several tries.
  wait_for "$SECONDS_BOUND" "manager $ID to be demoted" quietly docker node demote "$ID"
  wait_for "$SECONDS_BOUND" "manager $ID to be a worker" is_worker
}

is_worker() { [[ $(node '{{.Spec.Role}}{{with .ManagerStatus}} manager{{end}}') == worker ]]; }

drain() {
  wait_for "$SECONDS_BOUND" "node $ID to take the drain" \
    quietly docker node update --availability drain "$ID"
  [[ $(node '{{.Status.State}}') == ready ]] || return 0
  local deadline=$((SECONDS + SECONDS_BOUND))
  while runs_tasks && ((SECONDS < deadline)); do sleep 1; done
}

runs_tasks() {
  [[ $(docker node ps --format '{{.CurrentState}}' "$ID" 2>/dev/null) == *Running* ]]
}

leads() { docker node ls --quiet >/dev/null 2>&1; }

leave() {
  # This manager may be one that is just coming back itself.
  local deadline=$((SECONDS + SECONDS_BOUND))
  until leads; do
    if ((SECONDS >= deadline)); then
      say "$(hostname) is no manager of a working swarm: nobody is left to tell that $ID leaves"
      return 0
    fi
    sleep 1
  done
  docker node inspect "$ID" >/dev/null 2>&1 || return 0
  if torn_down; then return 0; fi

  wait_for "$((6 * SECONDS_BOUND))" "another node to finish leaving" take_lock
  trap drop_lock EXIT
  if [[ $(node '{{.Spec.Role}}') == manager ]]; then demote; fi
  drain
  wait_for "$SECONDS_BOUND" "node $ID to be removed" quietly docker node rm --force "$ID"
}

main() {
  local action=$1
  SECONDS_BOUND=$2
  ID=$3
  case $action in
    arrive)
      ROLE=$4
      ADDRESS=$5
      wait_for "$SECONDS_BOUND" "node $ID to be a ready $ROLE" arrived
      printf '%s\n' "$ID"
      ;;
    leave) leave ;;
  esac
}

main "$@" </dev/null
