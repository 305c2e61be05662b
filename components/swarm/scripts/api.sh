#!/usr/bin/env bash
# api.sh SECONDS: this manager has the wanted certificates of the TLS API. The engine reads them when it
# starts: in a swarm, new ones wait for its turn (engines.sh). Prints "staged" then.
# Variables: CA, CERT, KEY, in PEM, which begin to count together.

FOLDER=/etc/docker/tls

main() {
  local seconds=$1
  stage "$FOLDER/key.pem" 600 "$KEY"
  stage "$FOLDER/cert.pem" 644 "$CERT"
  stage "$FOLDER/ca.pem" 644 "$CA"
  if restart_is_needed; then
    if in_swarm; then
      say_staged
      return 0
    fi
    restart_engine "its new certificates"
    engine_restarted
  fi
  wait_for "$seconds" "the API to listen on 2376" api_listens
  note_certificate
}

main "$@" </dev/null
