#!/usr/bin/env bash
# authorize.sh SECONDS USER HOST: runs here, not on a node. Has a machine let in who holds the stack's
# present SSH key, and nobody else. It gets in by that key, by the one before it, or by the one that
# machines are made with.
# Variables: PUBLIC_KEY, of the present one; PRESENT, FORMER and FIRST, private keys in OpenSSH's format;
# HOST_KEY, which the machine has to show.

log_in() {
  ssh -F none -i "$FOLDER/$1" -o IdentitiesOnly=yes -o BatchMode=yes -o ConnectTimeout=10 \
    -o StrictHostKeyChecking=yes -o "UserKnownHostsFile=$FOLDER/known_hosts" "$LOGIN" "$2" 2>&1
}

# One round: 0 when it is done. REFUSED says how many keys the machine knew nothing of.
authorized() {
  local name
  REFUSED=0
  for name in PRESENT FORMER FIRST; do
    if LAST_ANSWER=$(log_in "$name" true </dev/null); then
      [[ $name != PRESENT ]] || return 0
      LAST_ANSWER=$(log_in "$name" 'umask 077 && cat >.ssh/new && mv .ssh/new .ssh/authorized_keys' <<<"$PUBLIC_KEY") || return 1
      return 0
    fi
    [[ $LAST_ANSWER != *"Permission denied"* ]] || REFUSED=$((REFUSED + 1))
  done
  return 1
}

remove_keys() { rm -rf "$FOLDER"; }

main() {
  local seconds=$1 name
  LOGIN=$2@$3
  FOLDER=$(mktemp --directory)
  trap remove_keys EXIT
  umask 077
  for name in PRESENT FORMER FIRST; do printf '%s\n' "${!name}" >"$FOLDER/$name"; done
  printf '%s %s\n' "$3" "$HOST_KEY" >"$FOLDER/known_hosts"
  local deadline=$((SECONDS + seconds))
  until authorized; do
    ((REFUSED < 3)) || fail "$3 lets in none of this stack's SSH keys; sshKeyRotation goes up by one at a time"
    ((SECONDS < deadline)) || fail "$3 did not answer within $seconds s: $LAST_ANSWER"
    sleep 2
  done
}

main "$@" </dev/null
