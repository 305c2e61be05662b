import type { StackOutputs } from "../stacks/outputs";
import { eventually, expectEach, type Check } from "./check";
import { isOpen } from "./probes";

const SSH = 22;
/** Where managers take nodes in and talk to each other. */
const MANAGEMENT = 2377;
/** Where all nodes tell each other of networks. */
const GOSSIP = 7946;
/** The engine's own metrics, by Docker's convention. Nobody asks for them. */
const METRICS = 9323;

/** A TCP port of a node, and whether it should be open. */
export interface Expectation {
  node: string;
  address: string;
  port: number;
  open: boolean;
}

/** What should be open and closed on the addresses that lead outside. */
export function outsidePorts({ nodes }: StackOutputs): Expectation[] {
  return nodes.flatMap(({ name, ingressAddress }) => {
    const port = (number: number, open: boolean) => ({
      node: name,
      address: ingressAddress,
      port: number,
      open,
    });
    return [port(SSH, true), ...[MANAGEMENT, GOSSIP, METRICS].map((number) => port(number, false))];
  });
}

/** What should be open and closed on the addresses for other nodes. */
export function insidePorts({ nodes, services }: StackOutputs): Expectation[] {
  const published = services
    .flatMap(({ publish }) => publish)
    .filter(({ protocol }) => protocol === "tcp")
    .map((port) => port.published);
  return nodes.flatMap(({ name, role, advertiseAddress }) => {
    const port = (number: number, open: boolean) => ({
      node: name,
      address: advertiseAddress,
      port: number,
      open,
    });
    return [
      port(GOSSIP, true),
      port(MANAGEMENT, role === "manager"),
      ...[METRICS, SSH, ...published].map((number) => port(number, false)),
    ];
  });
}

async function expectPorts(ports: Expectation[]): Promise<void> {
  await expectEach(ports, async ({ node, address, port, open }) => {
    const look = async () => {
      if ((await isOpen(address, port)) === open) return;
      throw new Error(`${node}: ${address}:${port} is ${open ? "closed" : "open"}`);
    };
    // A busy node may be slow to accept, but a port that is open once is open.
    await (open ? eventually(look) : look());
  });
}

const outside: Check = {
  name: "on outside addresses SSH is open and the swarm's own ports are closed",
  run: (cluster) => expectPorts(outsidePorts(cluster.outputs)),
};

const inside: Check = {
  name: "on internal addresses the swarm's ports are open, and SSH and published ports closed",
  async run(cluster) {
    const ports = insidePorts(cluster.outputs);
    const reached = await Promise.all(
      ports.filter(({ open }) => open).map(({ address, port }) => isOpen(address, port)),
    );
    if (!reached.includes(true)) return "not seen: this machine does not reach those addresses";
    await expectPorts(ports);
  },
};

/** What the nodes' firewall lets through, seen from the machine that checks. */
export const firewallChecks: Check[] = [outside, inside];
