#!/usr/bin/env bash
# image.sh IMAGE: asks the registry which image that is at this moment, and prints it with its digest:
# Docker would pin it that way too. An image that has a digest already is printed as it is.

digest() {
  local answer
  answer=$(curl --silent --show-error --max-time 60 --unix-socket /var/run/docker.sock \
    "http://engine/distribution/$IMAGE/json" 2>&1) || true
  DIGEST=$(grep -o '"digest":"sha256:[0-9a-f]*"' <<<"$answer" | head -n 1 | cut -d '"' -f 4)
  LAST_ANSWER=$answer
  [[ -n $DIGEST ]]
}

main() {
  IMAGE=$1
  if [[ $IMAGE != *@sha256:* ]]; then
    digest || { sleep 2 && digest; } || fail "the registry does not know the image $IMAGE: $LAST_ANSWER"
    IMAGE+="@$DIGEST"
  fi
  printf '%s\n' "$IMAGE"
}

main "$@" </dev/null
