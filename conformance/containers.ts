/** What containers reach of the machines themselves. */
import { quote } from "shell-quote";
import { DROPPED_COUNTER, MACHINE_PORTS } from "../components/swarm/firewall";
import type { Cluster } from "./cluster";
import type { NodeOutput, StackOutputs } from "../stacks/outputs";
import { expectNone, type Check } from "./check";
import { runShell } from "./docker";

/** How containers get out of their node: those that are run by hand, and those of the swarm. */
const NETWORKS = ["bridge", "docker_gwbridge"];

/** Datagrams to each port, and encrypted packets, that a container sends to each address. */
const DATAGRAMS = 3;

/** A machine with all addresses that its firewall knows of. */
export interface Addressed {
  machine: string;
  addresses: string[];
}

export function machineAddresses({ firewall }: Pick<StackOutputs, "firewall">): Addressed[] {
  return Object.entries(firewall).map(([machine, openings]) => ({
    machine,
    addresses: [...new Set(openings.map(({ to }) => to))].filter((to) => !to.includes("/")),
  }));
}

/** What a container on one network of a node was answered. */
export interface Probed {
  network: string;
  /** Address and port of what accepted or refused a connection. */
  reached: string[];
  /** Addresses that answered a ping. */
  pinged: string[];
  /** How many of its datagrams and encrypted packets its node dropped. */
  dropped: number;
}

/**
 * Sends datagrams to other machines, then tries all ports of all machines side by side, and says which
 * it reached. Perl is on every Debian, and does without a process for each port. Its arguments are
 * lists: TCP ports, UDP ports, all addresses, those of other machines.
 */
const PROGRAM = `
use strict; use Socket; use Fcntl; use Errno;
my ($tcp, $udp, $all, $others) = map { [split /,/] } @ARGV;
socket(my $datagrams, PF_INET, SOCK_DGRAM, 0) or die "no UDP: $!\\n";
socket(my $esp, PF_INET, SOCK_RAW, 50) or die "no ESP: $!\\n";
socket(my $icmp, PF_INET, SOCK_RAW, 1) or die "no ICMP: $!\\n";
for my $address (map { inet_aton($_) } @$others) {
  for (1 .. ${DATAGRAMS}) {
    for my $port (@$udp) { send($datagrams, "probe", 0, pack_sockaddr_in($port, $address)) or die "UDP: $!\\n" }
    send($esp, "probe" x 8, 0, pack_sockaddr_in(0, $address)) or die "ESP: $!\\n";
  }
}
my (%waiting, %pinged);
for my $address (@$all) {
  for my $port (@$tcp) {
    socket(my $try, PF_INET, SOCK_STREAM, 0) or die "no TCP: $!\\n";
    fcntl($try, F_SETFL, O_NONBLOCK);
    connect($try, pack_sockaddr_in($port, inet_aton($address)));
    $waiting{fileno $try} = [$try, "$address:$port"];
  }
}
# An echo request with its checksum.
my $echo = pack "C2 n3", 8, 0, 0, 1, 1;
my $sum = 0; $sum += $_ for unpack "n*", $echo;
substr($echo, 2, 2) = pack "n", ~(($sum & 0xffff) + ($sum >> 16)) & 0xffff;
my ($end, $next) = (time + 8, 0);
while (time < $end) {
  if (time >= $next) {
    $next = time + 1;
    send($icmp, $echo, 0, pack_sockaddr_in(0, inet_aton($_))) for grep { !$pinged{$_} } @$all;
  }
  my ($read, $write) = ("", "");
  vec($read, fileno $icmp, 1) = 1;
  vec($write, $_, 1) = 1 for keys %waiting;
  select($read, $write, undef, 0.5) > 0 or next;
  if (vec($read, fileno $icmp, 1)) {
    my $from = recv($icmp, my $packet, 1500, 0);
    # After the 20 bytes of IP.
    if ($from && unpack("x20 C", $packet) == 0) { $pinged{inet_ntoa((unpack_sockaddr_in($from))[1])} = 1 }
  }
  for my $number (grep { vec($write, $_, 1) } keys %waiting) {
    my ($try, $name) = @{delete $waiting{$number}};
    my $error = unpack "i", getsockopt($try, SOL_SOCKET, SO_ERROR);
    print "reached $name\\n" if !$error || $error == Errno::ECONNREFUSED;
  }
}
print "ping $_\\n" for sort keys %pinged;
`;

/**
 * A line of shell that runs it in a container on each network. The image is made of nothing, and has
 * the node's own programs mounted: so no node has to have or get an image for this.
 */
export function probeCommand(machines: Addressed[], node: string): string {
  const addresses = (those: Addressed[]) => those.flatMap((one) => one.addresses).join(",");
  const others = machines.filter(({ machine }) => machine !== node);
  const mounts = ["/usr:/usr", "/usr/lib:/lib", "/usr/lib64:/lib64"].map((m) => `--volume=${m}:ro`);
  const ports = [MACHINE_PORTS.tcp.join(","), MACHINE_PORTS.udp.join(",")];
  const run = quote([
    "docker",
    "run",
    "--rm",
    "--interactive",
    "--entrypoint=/usr/bin/perl",
    ...mounts,
  ]);
  const words = quote(["-", ...ports, addresses(machines), addresses(others)]);
  const count = `nft list counter inet swarm ${DROPPED_COUNTER} | sed -n 's/.*packets \\([0-9]*\\).*/dropped \\1/p'`;
  return [
    "set -e",
    "image=$(tar --create --files-from=/dev/null | docker import -)",
    "trap 'docker rmi --force $image >/dev/null' EXIT",
    ...NETWORKS.flatMap((network) => [
      `echo network ${network}`,
      count,
      `echo ${Buffer.from(PROGRAM).toString("base64")} | base64 -d | ${run} --network=${network} $image ${words}`,
      count,
    ]),
  ].join("\n");
}

/** Reads what it printed. */
export function parseProbe(text: string): Probed[] {
  return text
    .split(/^network /m)
    .slice(1)
    .map((part) => {
      const [network = "", ...lines] = part.trim().split("\n");
      const values = (word: string) =>
        lines.filter((line) => line.startsWith(`${word} `)).map((line) => line.split(" ")[1]!);
      const [before, after] = values("dropped").map(Number);
      if (before === undefined || after === undefined) {
        throw new Error(`the firewall has no counter ${DROPPED_COUNTER}`);
      }
      return {
        network,
        reached: values("reached"),
        pinged: values("ping"),
        dropped: after - before,
      };
    });
}

/** What is wrong with what containers of a node reached, one sentence each. */
export function probeProblems(
  machines: Addressed[],
  node: string,
  probes: Probed[],
  masquerade = true,
): string[] {
  const nameOf = (address: string) =>
    machines.find(({ addresses }) => addresses.includes(address))!.machine;
  const others = machines.filter(({ machine }) => machine !== node);
  const sent =
    others.flatMap(({ addresses }) => addresses).length *
    (MACHINE_PORTS.udp.length + 1) *
    DATAGRAMS;
  return probes.flatMap(({ network, reached, pinged, dropped }) => {
    const who = `a container of ${node} on ${network}`;
    // Without masquerading, nobody elsewhere answers a container on docker_gwbridge.
    const silent =
      network === "docker_gwbridge" && !masquerade
        ? []
        : machines.flatMap(({ machine, addresses }) =>
            addresses
              .filter((address) => !pinged.includes(address))
              .map(
                (address) =>
                  `${machine} (${address}) did not answer a ping of ${who}, so its ports say nothing`,
              ),
          );
    return [
      ...reached.map((port) => `${who} reaches ${nameOf(port.split(":")[0]!)}: ${port}`),
      ...silent,
      ...(dropped < sent
        ? [
            `${who} sent ${sent} datagrams and ESP packets to other machines; ${dropped} were dropped`,
          ]
        : []),
    ];
  });
}

async function probe(cluster: Cluster, node: NodeOutput): Promise<string[]> {
  const machines = machineAddresses(cluster.outputs);
  const said = await runShell(cluster, node, probeCommand(machines, node.name)).catch(
    ({ message }: Error) => {
      // Without the command, which has the whole program in it.
      const reason = message.slice(message.lastIndexOf("` failed: ") + "` failed: ".length);
      throw new Error(`${node.name}: no container could try: ${reason}`);
    },
  );
  const seen = parseProbe(said);
  return probeProblems(machines, node.name, seen, cluster.outputs.gwbridge.masquerade);
}

const closed: Check = {
  name: "containers do not reach the nodes' own ports",
  async run(cluster) {
    const of = (role: string) => cluster.nodes.filter((node) => node.role === role).slice(0, 1);
    const nodes = [...of("manager"), ...of("worker")];
    const problems = await Promise.all(nodes.map((node) => probe(cluster, node)));
    expectNone(problems.flat());
    const machines = machineAddresses(cluster.outputs);
    return `of ${machines.length} machines, from ${nodes.map(({ name }) => name).join(" and ")}`;
  },
};

/** What containers are kept away from. */
export const containerChecks: Check[] = [closed];
