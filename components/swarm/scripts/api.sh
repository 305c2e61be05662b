#!/usr/bin/env bash
# api.sh SECONDS: this manager's TLS API works with the wanted certificates. The engine reads them
# when it starts, so new ones restart it: on one manager after the other, by the resources' order.
# Variables: CA, CERT, KEY, in PEM, which begin to count together; and UNLOCK_KEY, with autolock.

FOLDER=/etc/docker/tls

listens() { (: </dev/tcp/127.0.0.1/2376) 2>/dev/null; }

reachable() {
  [[ $(docker node inspect --format '{{.Status.State}} {{.ManagerStatus.Reachability}}' self 2>/dev/null) == 'ready reachable' ]]
}

main() {
  local seconds=$1 restart=no
  if write_file "$FOLDER/key.pem" 600 "$KEY"; then restart=yes; fi
  if write_file "$FOLDER/cert.pem" 644 "$CERT"; then restart=yes; fi
  if write_file "$FOLDER/ca.pem" 644 "$CA"; then restart=yes; fi
  [[ $restart == no ]] || systemctl restart docker || fail "the engine does not start with its new certificates"
  unlock "$UNLOCK_KEY"
  wait_for "$seconds" "the API to listen on 2376" listens
  wait_for "$seconds" "this manager to be reachable in the swarm" reachable
}

main "$@" </dev/null
