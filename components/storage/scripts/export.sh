#!/usr/bin/env bash
# export.sh SECONDS FOLDER NETWORK: this machine exports a folder by NFS 4 to a network, and does
# nothing else. Runs again without harm.
# Variables: FIREWALL, the content of nftables.conf.

# Its image is that of the nodes; the memory is better spent on files.
no_engine() {
  systemctl disable --now --quiet docker.service docker.socket containerd.service 2>/dev/null || true
}

# Root on a node is root in the export: containers choose their users themselves.
export_folder() {
  local folder=$1 network=$2
  mkdir -p "$folder" /etc/exports.d
  echo "$folder $network(rw,sync,no_subtree_check,no_root_squash)" >/etc/exports.d/swarm.exports
  systemctl enable --quiet nfs-server
  systemctl start nfs-server || fail "the NFS server does not start"
  exportfs -ra || fail "could not export $folder"
}

serves() { (: </dev/tcp/127.0.0.1/2049) 2>/dev/null; }

main() {
  local seconds=$1
  wait_for "$seconds" "the first boot to finish" first_boot_done
  have exportfs nft || install_packages nfs-kernel-server nftables
  firewall "$FIREWALL"
  no_engine
  export_folder "$2" "$3"
  wait_for "$seconds" "the NFS server to listen on 2049" serves
}

main "$@" </dev/null
