#!/usr/bin/env bash
# Runs on a manager, about another node.
#
# member.sh arrive SECONDS ID ROLE ADVERTISE_ADDRESS AVAILABILITY [LABEL...]: waits until the node is
#   a Ready member with the right role and address, and the only one of its name. Gives it its
#   availability and its labels (NAME=VALUE), and takes labels away that it had before. Prints its ID.
# member.sh leave SECONDS ID AWAY_SECONDS AT_ONCE: takes the node out of the swarm without losing
#   quorum or tasks. Waits for its turn while more than AT_ONCE nodes would be away; a node that is
#   away may take AWAY_SECONDS to come back.

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
    | xargs timeout 60 docker node inspect --format '{{.ID}} {{.Status.State}} {{.Description.Hostname}}' \
    | awk -v name="$1" '$3 == name { print $1, $2 }'
}

# Our own labels begin with "swarm."; all others are the config's.
ARRIVED=swarm.arrived

attributes() {
  local label name
  local changes=(--availability "$AVAILABILITY" --label-add "$ARRIVED=$ID")
  # shellcheck disable=SC2016 # a template's variables
  for name in $(node '{{range $name, $_ := .Spec.Labels}}{{$name}} {{end}}'); do
    [[ $name == swarm.* || " ${LABELS[*]%%=*} " == *" $name "* ]] || changes+=(--label-rm "$name")
  done
  for label in "${LABELS[@]}"; do changes+=(--label-add "$label"); done
  quietly docker node update "${changes[@]}" "$ID"
}

# One node leaves at a time. Making a config is atomic in Raft, which makes it a lock. It is taken
# by name and dropped by ID, so that nobody drops a lock that is not his own. With the lock a node
# needs at most four of its bounds; a lock that is older than six was left behind by a run that was
# ended, and who waits for it is more patient than that.
LOCK=leaving

take_lock() {
  LOCK_ID=$(docker config create --label "node=$ID" "$LOCK" - 2>/dev/null <<<"") && return 0
  local held owner made age
  read -r held owner made < <(
    docker config inspect --format '{{.ID}} {{index .Spec.Labels "node"}} {{.CreatedAt.Unix}}' "$LOCK" 2>/dev/null
  ) || return 1
  age=$(($(date +%s) - made))
  if [[ $owner == "$ID" ]] || ((age > 6 * SECONDS_BOUND)); then
    quietly docker config rm "$held" || true
  fi
  REASON="$(name_of "$owner") has been leaving for $age s, and does not finish"
  return 1
}

name_of() {
  local name
  name=$(docker node inspect --format '{{.Description.Hostname}}' "$1" 2>/dev/null) || true
  printf '%s' "${name:-$1}"
}

drop_lock() { quietly docker config rm "$LOCK_ID" || true; }

# wanted managers|nodes: how many there should be, as size.sh noted it.
wanted() { docker config inspect --format "{{index .Spec.Labels \"$1\"}}" wanted-size 2>/dev/null; }

# The swarm as it is: of the node itself NAME, ROLE and STATE; of the others the number of managers, of
# managers that are reachable, and of nodes that are here and well, and the names of those that are not.
look() {
  local ids id role state reachability arrived name
  ids=$(docker node ls --quiet 2>/dev/null) || return 1
  # shellcheck disable=SC2086 # one word per ID
  NODES=$(docker node inspect $ids 2>/dev/null --format "{{.ID}} {{.Spec.Role}} {{.Status.State}} {{with .ManagerStatus}}{{.Reachability}}{{else}}-{{end}} {{if index .Spec.Labels \"$ARRIVED\"}}yes{{else}}no{{end}} {{.Description.Hostname}}") || return 1
  NAME="" MANAGERS=0 REACHABLE=0 HERE=0 UNWELL=""
  while read -r id role state reachability arrived name; do
    if [[ $id == "$ID" ]]; then
      NAME=$name ROLE=$role STATE=$state
      continue
    fi
    [[ $role == worker ]] || MANAGERS=$((MANAGERS + 1))
    [[ $reachability != reachable ]] || REACHABLE=$((REACHABLE + 1))
    if [[ $state == ready && $arrived == yes && $reachability != unreachable ]]; then
      HERE=$((HERE + 1))
    else
      UNWELL+=" ${name:-$id}"
    fi
  done <<<"$NODES"
}

# Whether the node may go now; REASON says why not. A swarm that was never complete has no wanted size:
# then it is the size that it has.
may_leave() {
  local majority away
  look || {
    REASON="no manager answers"
    return 1
  }
  if [[ $ROLE == manager ]]; then
    majority=$(($(wanted managers || echo $((MANAGERS + 1))) / 2 + 1))
    REASON="without it $REACHABLE of $MANAGERS managers are reachable, which is no safe majority of all (not well:${UNWELL:- none})"
    ((REACHABLE >= majority && REACHABLE == MANAGERS)) || return 1
  fi
  # Who is not there is not missed when he goes.
  [[ $STATE == ready ]] || return 0
  away=$(($(wanted nodes || wc --lines <<<"$NODES") - HERE))
  REASON="$away nodes would be away at a time, and $AT_ONCE may be (not well:${UNWELL:- none})"
  ((away <= AT_ONCE))
}

my_turn() {
  WAITS_FOR_LOCK=no
  may_leave || return 1
  WAITS_FOR_LOCK=yes
  REASON="another node is leaving, and does not finish"
  take_lock || return 1
  trap drop_lock EXIT
  # Things may have changed before the lock was there.
  may_leave && return 0
  drop_lock
  trap - EXIT
  return 1
}

# As long as something changes in the swarm, others are on their way. A node that is away may take as
# long as it needs to boot; one that is there, but not well, is given less.
wait_for_turn() {
  local seen="" since=$SECONDS patience
  until my_turn; do
    patience=$AWAY_SECONDS
    [[ -z $UNWELL ]] || patience=$SECONDS_BOUND
    [[ $WAITS_FOR_LOCK == no ]] || patience=$((7 * SECONDS_BOUND))
    if [[ $NODES != "$seen" ]]; then
      seen=$NODES since=$SECONDS
    elif ((SECONDS - since >= patience)); then
      [[ $WAITS_FOR_LOCK == no ]] || fail "$NAME stays, and nothing was changed: $REASON. Run pulumi up again"
      fail "$NAME stays, and nothing was changed: $REASON. Bring back what is not well (pulumi refresh and" \
        "pulumi up make lost machines anew), then run pulumi up again"
    fi
    sleep 2
  done
}

demote() {
  # Demoting the leader leaves a moment without one, so it may take several tries.
  wait_for "$SECONDS_BOUND" "manager $NAME to be demoted" quietly docker node demote "$ID"
  wait_for "$SECONDS_BOUND" "manager $NAME to be a worker" is_worker
}

is_worker() { [[ $(node '{{.Spec.Role}}{{with .ManagerStatus}} manager{{end}}') == worker ]]; }

drain() {
  wait_for "$SECONDS_BOUND" "node $NAME to take the drain" \
    quietly docker node update --availability drain "$ID"
  [[ $STATE == ready ]] || return 0
  local deadline=$((SECONDS + SECONDS_BOUND))
  while runs_tasks; do
    if ((SECONDS >= deadline)); then
      say "$NAME leaves with tasks still on it: they did not move within $SECONDS_BOUND s"
      return 0
    fi
    sleep 1
  done
}

runs_tasks() {
  [[ $(docker node ps --format '{{.CurrentState}}' "$ID" 2>/dev/null) == *Running* ]]
}

# A manager that was demoted stops being one at once, and learns why by a new certificate, some time
# after. Taken out of the list before that, it is given none, and half a minute later it joins Raft
# again (superviseManager in swarmkit's node/node.go): a voter that nobody lists, and whose end costs
# the others their quorum.
left() {
  local address certificates
  [[ $(node '{{.Status.State}}') == ready ]] || return 0
  address=$(node '{{.Status.Addr}}')
  # This manager may wait for its restart with new ones, which the other one has already (engines.sh).
  for certificates in /etc/docker/tls "$STAGED/files/etc/docker/tls"; do
    [[ ! -f $certificates/key.pem ]] || ! DOCKER_HOST=tcp://$address:2376 DOCKER_TLS_VERIFY=1 \
      DOCKER_CERT_PATH=$certificates quietly docker swarm leave --force || return 0
  done
  is_no_manager "$address"
}

# Where the two trust other CAs, in the middle of a rotation, it cannot be told. It joins Raft again within
# 32 s, or never: then it has its certificate as a worker.
is_no_manager() {
  if [[ -z ${CLOSED_SINCE:-} ]] || knock "$1" 2377; then CLOSED_SINCE=$SECONDS; fi
  ((SECONDS - CLOSED_SINCE > 60))
}

leave() {
  wait_for "$SECONDS_BOUND" "the swarm to list its nodes" look
  [[ -n $NAME ]] || return 0
  [[ $ROLE == worker ]] || ((MANAGERS > 0)) \
    || fail "$NAME stays: it is the only manager, and the swarm would go with it. Set managers to 3 and run pulumi up first"
  wait_for_turn
  if [[ $ROLE == manager ]]; then demote; fi
  drain
  [[ $ROLE == worker ]] || wait_for "$((SECONDS_BOUND + 90))" "$NAME to leave the swarm by itself" left
  wait_for "$SECONDS_BOUND" "node $NAME to be removed" quietly docker node rm --force "$ID"
}

main() {
  local action=$1
  SECONDS_BOUND=$2
  ID=$3
  case $action in
    arrive)
      ROLE=$4
      ADDRESS=$5
      AVAILABILITY=$6
      LABELS=("${@:7}")
      wait_for "$SECONDS_BOUND" "node $ID to be a ready $ROLE" arrived
      wait_for "$SECONDS_BOUND" "node $ID to take its labels" attributes
      printf '%s\n' "$ID"
      ;;
    leave)
      AWAY_SECONDS=$4
      AT_ONCE=$5
      leave
      ;;
  esac
}

main "$@" </dev/null
