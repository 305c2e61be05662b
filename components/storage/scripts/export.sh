#!/usr/bin/env bash
# export.sh SECONDS FOLDER DEVICE CLIENT...: this machine exports a folder by NFS 4 to these addresses,
# and does nothing else. The folder is the file system on the device, unless that is empty; it is made
# only on a device that has nothing on it. Runs again without harm.
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

# Root on a node is root in the export, since containers choose their users themselves: with root
# squashed, a service that runs as root could not write, and the folders of the others could not be
# given to their users.
export_folder() {
  local seconds=$1 folder=$2 line=$2 client
  shift 2
  for client in "$@"; do line+=" $client(rw,sync,no_subtree_check,no_root_squash)"; done
  mkdir -p "$folder"
  write_file /etc/exports.d/swarm.exports 644 "$line"$'\n' || true
  systemctl enable --quiet nfs-server
  systemctl start nfs-server || fail "the NFS server does not start"
  # -a adds the new ones and interrupts nobody. Who is no longer on the list keeps the export for as
  # long as a node that leaves may take to end its tasks, which still write.
  exportfs -a || fail "could not export $folder"
  systemd-run --quiet --collect --on-active="$seconds" /usr/sbin/exportfs -ra \
    || fail "could not plan the end of the export to addresses that are no longer on the list"
}

serves() { (: </dev/tcp/127.0.0.1/2049) 2>/dev/null; }

main() {
  local seconds=$1
  wait_for "$seconds" "the first boot to finish" first_boot_done
  have exportfs nft || install_packages nfs-kernel-server nftables
  firewall "$FIREWALL"
  no_engine
  [[ -z $3 ]] || mount_data "$2" "$3"
  configure_server
  export_folder "$seconds" "$2" "${@:4}"
  wait_for "$seconds" "the NFS server to listen on 2049" serves
}

main "$@" </dev/null
