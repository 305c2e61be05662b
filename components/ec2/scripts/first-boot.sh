#!/usr/bin/env bash
# first-boot.sh PARAMETER HOST-KEY: what an instance does at the end of its first boot. Its user data
# has no secrets, so this fetches them from its own parameter: the private half of its SSH host key
# (HOST-KEY is the public one), and on managers the key of the API. Runs again without harm.
# The parameter is PATH MODE CONTENT, with the content in base64, for each file.
set -euo pipefail

METADATA=http://169.254.169.254/latest
# The network may come late: a public address is given to an instance after its start.
BOUND_SECONDS=600

fail() {
  echo "first-boot: $*" >&2
  exit 1
}

# field NAME JSON: the text of a field that has nothing escaped in it.
field() { sed --quiet "s/.*\"$1\" *: *\"\([^\"]*\)\".*/\1/p" <<<"$2"; }

metadata() {
  curl --silent --show-error --fail --max-time 5 --config - "$METADATA/$1" \
    <<<"header = \"X-aws-ec2-metadata-token: $TOKEN\""
}

# Sets VALUE. What is secret goes to curl by stdin: its arguments can be read by everyone here.
fetch() {
  local parameter=$1 region domain role credentials answer
  TOKEN=$(curl --silent --show-error --fail --max-time 5 --request PUT \
    --header 'X-aws-ec2-metadata-token-ttl-seconds: 300' "$METADATA/api/token") || return
  region=$(metadata meta-data/placement/region) || return
  domain=$(metadata meta-data/services/domain) || return
  role=$(metadata meta-data/iam/security-credentials/) || return
  credentials=$(metadata "meta-data/iam/security-credentials/$role") || return
  answer=$(curl --silent --show-error --fail --max-time 20 --config - "https://ssm.$region.$domain/" <<END
aws-sigv4 = "aws:amz:$region:ssm"
user = "$(field AccessKeyId "$credentials"):$(field SecretAccessKey "$credentials")"
header = "X-Amz-Security-Token: $(field Token "$credentials")"
header = "X-Amz-Target: AmazonSSM.GetParameter"
header = "Content-Type: application/x-amz-json-1.1"
data = "{\"Name\":\"$parameter\",\"WithDecryption\":true}"
END
  ) || return
  VALUE=$(field Value "$answer")
  [[ -n $VALUE ]]
}

# The wanted host key is the only one afterwards, so that no client is offered another.
write_files() {
  local path mode content
  while (($# > 0)); do
    path=$1 mode=$2 content=$3
    shift 3
    mkdir -p "$(dirname "$path")"
    install --mode="$mode" /dev/null "$path"
    base64 --decode <<<"$content" >"$path"
  done
}

main() {
  local parameter=$1 host_key=$2
  command -v curl >/dev/null || { apt-get -q update && apt-get -q -y install curl; } >/dev/null \
    || fail "has no curl, and could not install it"
  local deadline=$((SECONDS + BOUND_SECONDS))
  until fetch "$parameter"; do
    ((SECONDS < deadline)) \
      || fail "gave up after $BOUND_SECONDS s reading $parameter; has this instance a way out, and its role?"
    sleep 5
  done
  rm -f /etc/ssh/ssh_host_*
  # shellcheck disable=SC2086 # three words for each file
  write_files $VALUE
  echo "$host_key" >/etc/ssh/ssh_host_ed25519_key.pub
  systemctl restart ssh || fail "SSH does not start with its host key"
}

main "$@" </dev/null
