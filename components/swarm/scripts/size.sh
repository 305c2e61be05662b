#!/usr/bin/env bash
# size.sh MANAGERS NODES NODE_ID...: all nodes have arrived. Tells the swarm how many managers and how
# many nodes in all it is meant to have: a node that leaves asks for these numbers (member.sh).

# A join that broke off early leaves an entry without a name. While nodes join, that is how they all
# begin; once they have all arrived, it is a leftover.
forget_broken_joins() {
  local id
  for id in $(nameless); do
    docker node demote "$id" >/dev/null 2>&1 || true
    docker node rm --force "$id" >/dev/null || fail "could not remove $id, left by a join that broke off"
  done
}

nameless() {
  docker node ls --quiet \
    | xargs timeout 60 docker node inspect --format '{{.ID}} {{.Status.State}} {{.Description.Hostname}}' \
    | awk 'NF == 2 { print $1 }'
}

main() {
  forget_broken_joins
  docker config rm wanted-size >/dev/null 2>&1 || true
  docker config create --label "managers=$1" --label "nodes=$2" wanted-size - >/dev/null <<<"$*" \
    || fail "could not note the wanted size in the swarm"
}

main "$@" </dev/null
