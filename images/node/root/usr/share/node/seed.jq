# user-data (the input), meta-data ($meta[0]) and network-config ($network[0]) -> one line of shell
# per step, every value quoted by @sh. The functions are in node-seed.

def step($arguments): "try " + ($arguments | map(tostring) | @sh);

def list: if type == "array" then join(",") elif . == null then "" else tostring end;

# A systemd-networkd unit for one entry of network-config's "ethernets".
def networkd:
  [
    "[Match]", "MACAddress=\(.match.macaddress)",
    (if .mtu then "[Link]", "MTUBytes=\(.mtu)" else empty end),
    # Without a link-local address to wait for, a link is up as soon as it has its own.
    "[Network]", "LinkLocalAddressing=no", "IPv6AcceptRA=no",
    (if .dhcp4 then "DHCP=ipv4" else empty end),
    (.addresses // [] | .[] | "Address=\(.)"),
    (.routes // [] | .[] | "[Route]", "Gateway=\(.via)",
      (if .to == "default" then empty else "Destination=\(.to)" end))
  ] | join("\n") + "\n";

(.hostname // $meta[0]["local-hostname"]) as $name
| ($network[0].ethernets // {}) as $ethernets
| ([$ethernets[].nameservers.addresses // [] | .[]] | unique) as $nameservers
| step(["write_file", "/etc/hostname", "0644", $name + "\n"]),
  step(["hostname", $name]),
  step(["write_file", "/etc/hosts", "0644",
    "127.0.0.1 localhost\n127.0.1.1 \($name)\n::1 localhost ip6-localhost ip6-loopback\n"]),
  (if .ssh_keys.ed25519_private then
    step(["write_file", "/etc/ssh/ssh_host_ed25519_key", "0600", .ssh_keys.ed25519_private]),
    step(["write_file", "/etc/ssh/ssh_host_ed25519_key.pub", "0644", .ssh_keys.ed25519_public])
  else empty end),
  ($ethernets | to_entries[]
    | step(["write_file", "/etc/systemd/network/10-seed-\(.key).network", "0644", (.value | networkd)])),
  (if $nameservers == [] then empty else
    step(["write_file", "/etc/resolv.conf", "0644", ($nameservers | map("nameserver \(.)\n") | add)])
  end),
  (.users // [] | .[]
    | step(["user", .name, (.shell // ""), (.groups | list), .lock_passwd != false,
        (.sudo | list), (.ssh_authorized_keys // [] | join("\n"))])),
  (.write_files // [] | .[]
    | step([(if .encoding == "b64" then "write_base64" else "write_file" end),
        .path, (.permissions // "0644"), .content])),
  (.runcmd // [] | .[]
    | step(["run"] + if type == "array" then . else ["sh", "-c", .] end))
