#!/usr/bin/env bash
# A swarm of three managers and three workers the way courses teach it: make a machine, wait for it,
# make the next; when all are there, start the swarm and join one machine after another. Plain virsh,
# ssh and a cloud image, with nothing left out and nothing slowed down. `npm run bench` measures
# against it.
#
# Usage: DOMAIN_TYPE=kvm|qemu lab/course/swarm.sh IMAGE SSH-KEY
#   IMAGE     qcow2 with cloud-init and Docker, for example "$(images/build cloud-init)"
#   SSH-KEY   private key to log in with; its public half is beside it, with the ending .pub
# Runs inside a lab (lab/enter) with a started hypervisor (lab/start.ts); everything it makes ends
# with the lab. Prints the seconds that each step took; the last line is `total SECONDS`.
set -euo pipefail

readonly image=${1:?the image is missing; usage: swarm.sh IMAGE SSH-KEY}
readonly key=${2:?the SSH key is missing; usage: swarm.sh IMAGE SSH-KEY}
readonly domain_type=${DOMAIN_TYPE:?set it to kvm or qemu}
readonly boot_limit=900 join_limit=300 # seconds
readonly disks=/var/lib/libvirt/course
export LIBVIRT_DEFAULT_URI=qemu:///system

# name and last byte of its address on both networks
readonly machines=("mg0 10" "mg1 11" "mg2 12" "worker0 20" "worker1 21" "worker2 22")

fail() {
  echo "lab/course/swarm.sh: $*" >&2
  exit 1
}

# step TEXT COMMAND...: runs a command and prints how long it took.
step() {
  local text=$1 started=$SECONDS
  shift
  "$@" >&2
  echo "$text $((SECONDS - started))"
}

# on NAME COMMAND: runs a command on a machine.
on() {
  local name=$1
  shift
  ssh -n -i "$key" -o BatchMode=yes -o ConnectTimeout=5 -o LogLevel=ERROR \
    -o StrictHostKeyChecking=accept-new -o UserKnownHostsFile="$disks/known_hosts" \
    "root@${nat_address[$name]}" "$@"
}

# until_true SECONDS TEXT COMMAND...: tries a command until it succeeds.
until_true() {
  local limit=$1 text=$2 started=$SECONDS
  shift 2
  until "$@" > /dev/null 2>&1; do
    ((SECONDS - started < limit)) || fail "$text: not within $limit s"
    sleep 1
  done
}

define_networks() {
  virsh net-create /dev/stdin << 'XML'
<network>
  <name>docker-network</name>
  <forward mode="nat"/>
  <bridge name="swarm-nat"/>
  <ip address="192.168.123.1" prefix="24"/>
</network>
XML
  virsh net-create /dev/stdin << 'XML'
<network>
  <name>docker-machines</name>
  <bridge name="swarm-int"/>
  <ip address="192.168.42.1" prefix="24"/>
</network>
XML
}

create_machine() {
  local name=$1 byte=$2
  local seed=$disks/$name-seed nat_mac internal_mac cpu=maximum
  [[ $domain_type != kvm ]] || cpu=host-passthrough
  nat_mac=$(printf '52:54:00:7b:00:%02x' "$byte")
  internal_mac=$(printf '52:54:00:2a:00:%02x' "$byte")

  mkdir -p "$seed"
  # JSON is YAML, and what both a stock cloud image and images/node read.
  cat > "$seed/meta-data" << JSON
{ "instance-id": "$name", "local-hostname": "$name" }
JSON
  cat > "$seed/user-data" << JSON
#cloud-config
{
  "hostname": "$name",
  "disable_root": false,
  "users": [{ "name": "root", "ssh_authorized_keys": ["$(< "$key.pub")"] }]
}
JSON
  cat > "$seed/network-config" << JSON
{
  "version": 2,
  "ethernets": {
    "eth0": {
      "match": { "macaddress": "$nat_mac" },
      "set-name": "eth0",
      "addresses": ["${nat_address[$name]}/24"],
      "routes": [{ "to": "default", "via": "192.168.123.1" }],
      "nameservers": { "addresses": ["192.168.123.1"] }
    },
    "eth1": {
      "match": { "macaddress": "$internal_mac" },
      "set-name": "eth1",
      "addresses": ["${internal_address[$name]}/24"]
    }
  }
}
JSON
  xorriso -report_about WARNING -as mkisofs -output "$seed.iso" -volid CIDATA -joliet -rational-rock "$seed"
  qemu-img create -q -f qcow2 -b "$image" -F qcow2 "$disks/$name.qcow2" 5000000000

  virsh create /dev/stdin << XML
<domain type="$domain_type">
  <name>$name</name>
  <memory unit="MiB">800</memory>
  <vcpu>1</vcpu>
  <os><type arch="x86_64" machine="q35">hvm</type><boot dev="hd"/></os>
  <features><acpi/></features>
  <cpu mode="$cpu"/>
  <devices>
    <disk type="file" device="disk">
      <driver name="qemu" type="qcow2"/>
      <source file="$disks/$name.qcow2"/>
      <target dev="vda" bus="virtio"/>
    </disk>
    <disk type="file" device="disk">
      <driver name="qemu" type="raw"/>
      <source file="$seed.iso"/>
      <target dev="vdb" bus="virtio"/>
      <readonly/>
    </disk>
    <interface type="network">
      <mac address="$nat_mac"/>
      <source network="docker-network"/>
      <model type="virtio"/>
    </interface>
    <interface type="network">
      <mac address="$internal_mac"/>
      <source network="docker-machines"/>
      <model type="virtio"/>
    </interface>
    <serial type="pty"/>
    <rng model="virtio"><backend model="random">/dev/urandom</backend></rng>
  </devices>
</domain>
XML
  until_true "$boot_limit" "$name: SSH and Docker" on "$name" docker info
}

# It prints the command to join with, token and all.
init() {
  on mg0 docker swarm init --advertise-addr "${internal_address[mg0]}" > /dev/null
}

join() {
  local name=$1 role=manager
  [[ $name == mg* ]] || role=worker
  on "$name" docker swarm join --token "${token[$role]}" \
    --advertise-addr "${internal_address[$name]}" "${internal_address[mg0]}:2377"
}

all_ready() {
  [[ $(on mg0 docker node ls --format '{{.Status}}' | grep -c '^Ready$') == "${#machines[@]}" ]]
}

[[ -e /run/pulumi-swarm-lab ]] || fail "run it inside a lab: lab/enter"
virsh version > /dev/null 2>&1 || fail "no hypervisor answers: start one with lab/start.ts"
mkdir -p "$disks"
declare -A nat_address internal_address token
for machine in "${machines[@]}"; do
  read -r name byte <<< "$machine"
  nat_address[$name]=192.168.123.$byte
  internal_address[$name]=192.168.42.$byte
done

step networks define_networks
for machine in "${machines[@]}"; do
  read -r name byte <<< "$machine"
  step "$name" create_machine "$name" "$byte"
done
step init init
for role in manager worker; do
  token[$role]=$(on mg0 docker swarm join-token --quiet "$role")
done
for machine in "${machines[@]:1}"; do
  read -r name _ <<< "$machine"
  step "join $name" join "$name"
done
step ready until_true "$join_limit" "all machines Ready" all_ready
on mg0 docker node ls >&2
echo "total $SECONDS"
