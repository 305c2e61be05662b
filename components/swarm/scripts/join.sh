#!/usr/bin/env bash
# join.sh SECONDS CLUSTER_ID ADVERTISE_ADDRESS MANAGER_ADDRESS...: makes this node a member of the swarm, in
# the role that its token stands for, through the first manager that lets it in, and gives the routing
# mesh a moment to reach it. Prints the node's ID. A node that is a member already stays as it is.
# Variables: JOIN_TOKEN, which goes to the engine's API over stdin, so it is in no argument list; ROLE; and
# RESTORED, the name of the backup that the swarm was restored from, if it was.

# A manager knows its swarm's ID; a worker knows its managers only.
member_of_this_swarm() {
  local id peer manager
  id=$(engine '{{with .Swarm.Cluster}}{{.ID}}{{end}}')
  if [[ -n $id ]]; then
    [[ $id == "$CLUSTER_ID" ]]
    return
  fi
  for peer in $(engine '{{range .Swarm.RemoteManagers}}{{.Addr}} {{end}}'); do
    for manager in "${MANAGERS[@]}"; do
      [[ $peer == "$manager:2377" ]] && return 0
    done
  done
  return 1
}

# A manager from before the swarm was restored has a Raft of its own, in which there is no majority, or
# it was told that it is in none any more.
leave_former_raft() {
  [[ -n $RESTORED && $ROLE == manager && $(engine '{{.Swarm.LocalNodeState}}') != inactive ]] || return 0
  local deadline=$((SECONDS + 30))
  until docker node ls >/dev/null 2>&1; do
    if ((SECONDS >= deadline)) && leave_lost_swarm; then return 0; fi
    ((SECONDS < deadline + $1)) || fail "$LAST_ANSWER"
    sleep 1
  done
}

# What a manager throws away by leaving is a copy of the swarm's state, perhaps the last one: only where
# another one leads this swarm. A worker has nothing to lose, but without a manager nothing to win either.
leave_lost_swarm() {
  if another_leads; then
    docker swarm leave --force >/dev/null || fail "could not leave the swarm that was there before"
    return 0
  fi
  LAST_ANSWER="the engine is $(engine '{{.Swarm.LocalNodeState}}') in a swarm that it takes no part in ($(engine '{{.Swarm.Error}}')), and no other manager answers as one of a swarm with a leader. Nothing was erased. Bring the other managers back; where all are like this, see docs/operate.md"
  return 1
}

another_leads() {
  local manager
  for manager in "${MANAGERS[@]}"; do
    if [[ $ROLE == worker ]]; then
      knock "$manager" 2377 && return 0
    elif [[ $(curl --silent --fail --max-time 10 --cacert /etc/docker/tls/ca.pem --cert /etc/docker/tls/cert.pem \
      --key /etc/docker/tls/key.pem "https://$manager:2376/swarm") == *"\"$CLUSTER_ID\""* ]]; then
      return 0
    fi
  done
  return 1
}

# One try at one manager. The engine answers with an empty body, or with a message.
join_through() {
  local manager=$1
  printf '{"ListenAddr":"%s:2377","AdvertiseAddr":"%s","DataPathAddr":"%s","RemoteAddrs":["%s:2377"],"JoinToken":"%s"}' \
    "$ADDRESS" "$ADDRESS" "$ADDRESS" "$manager" "$JOIN_TOKEN" \
    | curl --silent --show-error --max-time 60 --unix-socket /var/run/docker.sock \
      --header 'Content-Type: application/json' --data-binary @- http://engine/swarm/join 2>&1
}

# An engine that could not reach a manager in time goes on trying by itself ("pending").
joined() {
  local manager
  case $(engine '{{.Swarm.LocalNodeState}}') in
    active)
      member_of_this_swarm || fail "is a member of another swarm; remove it there first"
      return 0
      ;;
    pending) return 1 ;;
    error) leave_lost_swarm || return 1 ;;
  esac
  CLOSED=""
  for manager in "${MANAGERS[@]}"; do
    if ! knock "$manager" 2377; then
      CLOSED+="${CLOSED:+, }$manager "
      if [[ $SILENT == yes ]]; then CLOSED+=silent; else CLOSED+=refuses; fi
      [[ -n $HEARD ]] || LAST_ANSWER=$(nobody_listens)
      continue
    fi
    HEARD=yes
    LAST_ANSWER=$(join_through "$manager") || true
    [[ $(engine '{{.Swarm.LocalNodeState}}') == active ]] && return 0
  done
  return 1
}

nobody_listens() {
  printf '%s' "port 2377 is closed ($CLOSED). Where a manager is silent, a firewall between the nodes may" \
    " drop what they send: Docker on the KVM host does so for what it forwards (docs/kvm-host.md). Where one" \
    " refuses, its engine is not up, or in no swarm"
}

main() {
  local seconds=$1
  CLUSTER_ID=$2
  ADDRESS=$3
  shift 3
  MANAGERS=("$@")
  LAST_ANSWER="no answer"
  HEARD=""
  leave_former_raft "$seconds"
  local deadline=$((SECONDS + seconds))
  until joined; do
    if ((SECONDS >= deadline)); then
      fail "could not join the swarm within ${seconds} s through any of ${MANAGERS[*]}: $LAST_ANSWER"
    fi
    sleep 1
  done
  deadline=$((SECONDS + 30))
  until in_ingress || ((SECONDS >= deadline)); do sleep 1; done
  engine '{{.Swarm.NodeID}}'
}

main "$@" </dev/null
