#!/usr/bin/env bash
# export.sh SECONDS FOLDER NETWORK [DEVICE]: this machine exports a folder by NFS 4 to a network, and
# does nothing else. The folder is the file system on the device, where there is one; it is made only
# on a device that has nothing on it. Runs again without harm.
# Variables: FIREWALL, the content of nftables.conf.

# Its image is that of the nodes; the memory is better spent on files.
no_engine() {
  systemctl disable --now --quiet docker.service docker.socket containerd.service 2>/dev/null || true
}

# A service, since a mount unit waits for the device to be announced by udev, which the node image is
# without.
mount_data() {
  local folder=$1 device=$2 found=0
  [[ -b $device ]] || fail "has no $device to keep data on"
  blkid --probe "$device" >/dev/null || found=$?
  # 2 means that there is nothing on it.
  ((found != 2)) || mkfs.ext4 -q "$device" </dev/null || fail "could not make a file system on $device"
  mkdir -p "$folder"
  write_file /etc/systemd/system/swarm-data.service 644 "[Unit]
Before=nfs-server.service
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/bin/mount -t ext4 $device $folder
[Install]
RequiredBy=nfs-server.service
" || true
  systemctl enable --quiet swarm-data.service
  systemctl start swarm-data.service || fail "could not mount $device at $folder"
}

# NFS 4 needs none of the helpers of older versions. A client that died holds its locks for as long
# as its lease; 15 s instead of 90 s, so that a service can go on elsewhere.
configure_server() {
  write_file /etc/nfs.conf.d/swarm.conf 644 "[nfsd]
vers2 = n
vers3 = n
lease-time = 15
grace-time = 15
" || true
  systemctl mask --quiet rpcbind.socket rpcbind.service rpc-statd.service rpc-statd-notify.service
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
  [[ -z ${4:-} ]] || mount_data "$2" "$4"
  configure_server
  export_folder "$2" "$3"
  wait_for "$seconds" "the NFS server to listen on 2049" serves
}

main "$@" </dev/null
