# user-data (the input), meta-data ($meta[0]) and network-config ($network[0]) -> one line of shell
# per step, every value quoted by @sh. The functions are in node-start.

def step($arguments): "try " + ($arguments | map(tostring) | @sh);

def list: if type == "array" then join(",") elif . == null then "" else tostring end;

# Commands for `ip`, for one entry of network-config's "ethernets"; NIC stands for the interface.
def ip_commands:
  [
    "link set dev NIC" + (if .mtu then " mtu \(.mtu)" else "" end) + " up",
    (.addresses // [] | .[] | "address replace \(.) dev NIC"),
    (.routes // [] | .[] | "route replace \(.to) via \(.via) dev NIC")
  ] | join("\n") + "\n";

(.hostname // $meta[0]["local-hostname"]) as $name
| ($network[0].ethernets // {}) as $ethernets
| ([$ethernets[].nameservers.addresses // [] | .[]] | unique) as $nameservers
| "new_instance \($meta[0]["instance-id"] | @sh) || return 0",
  step(["set_hostname", $name]),
  step(["write_file", "/etc/hosts", "0644",
    "127.0.0.1 localhost\n127.0.1.1 \($name)\n::1 localhost ip6-localhost ip6-loopback\n"]),
  (if .ssh_keys.ed25519_private then
    step(["write_file", "/etc/ssh/ssh_host_ed25519_key", "0600", .ssh_keys.ed25519_private]),
    step(["write_file", "/etc/ssh/ssh_host_ed25519_key.pub", "0644", .ssh_keys.ed25519_public])
  else empty end),
  ($ethernets[]
    | step(["write_file", "/etc/node/network/\(.match.macaddress | ascii_downcase)", "0644", ip_commands])),
  (if $nameservers == [] then empty else
    step(["write_file", "/etc/resolv.conf", "0644", ($nameservers | map("nameserver \(.)\n") | add)])
  end),
  (.users // [] | .[]
    | step(["add_user", .name, (.shell // ""), (.groups | list), .lock_passwd != false,
        (.sudo | list), (.ssh_authorized_keys // [] | join("\n"))])),
  (.write_files // [] | .[]
    | step([(if .encoding == "b64" then "write_base64" else "write_file" end),
        .path, (.permissions // "0644"), .content])),
  (.runcmd // [] | .[]
    | step(["run"] + if type == "array" then . else ["sh", "-c", .] end))
