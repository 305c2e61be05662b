/** Every check of the conformance, seen to fail: what it is about is broken on a running swarm. */
import { clientCertificate } from "../../conformance/certificates";
import { checks } from "../../conformance";
import type { Cluster } from "../../conformance/cluster";
import { SMALL } from "../../lab/devStack";
import type { StackOutputs } from "../../stacks/outputs";
import { withCluster } from "../e2e/lab";
import { ALL_ON, describeWithPulumi, MINUTES, Operator } from "./lab";

jest.setTimeout(20 * MINUTES);

const THREE_NODES = { ...SMALL, workers: "2" };

/** Something that is wrong, and what the check says of it. */
interface Breakage {
  check: string;
  what: string;
  says: RegExp;
  /** Commands by node; `all` runs on every node. */
  breaks?: Record<string, string>;
  mends?: Record<string, string>;
  /** Something else is expected of the swarm than it is. */
  expects?: (outputs: StackOutputs, operator: Operator) => StackOutputs | Promise<StackOutputs>;
}

/** Packets that a node no longer takes, before anything else of its firewall. */
function deaf(node: string, match: string): Pick<Breakage, "breaks" | "mends"> {
  const chain = "{ type filter hook prerouting priority -400; }";
  return {
    breaks: {
      [node]:
        `nft add table inet broken && nft 'add chain inet broken in ${chain}' && ` +
        `nft add rule inet broken in ${match} drop`,
    },
    mends: { [node]: "nft delete table inet broken" },
  };
}

/** A port that something listens on and the firewall lets in. */
function listens(node: string, port: number, address = "0.0.0.0"): Breakage["breaks"] {
  const listener = `systemd-socket-activate --listen=${address}:${port} sleep 1d`;
  const answers = `(: </dev/tcp/${address}/${port}) 2>/dev/null`;
  return {
    [node]:
      `bash -c "systemd-run --quiet --unit=broken ${listener} && ` +
      `until ${answers}; do sleep 0.2; done && ` +
      `nft insert rule inet swarm input tcp dport ${port} accept"`,
  };
}
const mended = (node: string) => ({
  [node]: "sh -c 'systemctl stop broken; nft --file /etc/nftables.conf'",
});

const tlsverify = (from: boolean, to: boolean) =>
  `sh -c "sed -i 's/\\"tlsverify\\": ${from}/\\"tlsverify\\": ${to}/' /etc/docker/daemon.json` +
  ' && systemctl restart docker"';

/** Seconds that the newest backup may be old. */
const allowedAge = (seconds: string) =>
  `sed -i 's/^swarm_backup_max_age_seconds .*/swarm_backup_max_age_seconds ${seconds}/' ` +
  "/var/lib/prometheus/node-exporter/backup-schedule.prom";

const BREAKAGES: Breakage[] = [
  {
    check: "every planned node is a Ready member, and no other",
    what: "a node is drained",
    breaks: { mg0: "docker node update --availability drain worker1" },
    says: /"worker1".*"Ready".*"Drain"/s,
    mends: { mg0: "docker node update --availability active worker1" },
  },
  {
    check: "there is exactly one leader, and every other manager is reachable",
    what: "a manager is demoted",
    breaks: { mg0: "docker node demote mg2" },
    says: /managers: wanted .*"mg2".*saw \[\s*"mg0",\s*"mg1"\s*\]/s,
  },
  {
    check: "every manager lists the same nodes",
    what: "that manager is asked",
    says: /mg2: .*This node is not a swarm manager/s,
    // "update out of sequence", while its demotion is still under way
    mends: { mg0: "sh -c 'until docker node promote mg2; do sleep 1; done'" },
  },
  {
    check: "every node advertises its internal address",
    what: "a node should have another one",
    expects: (outputs) => ({
      ...outputs,
      nodes: outputs.nodes.map((node) =>
        node.name === "worker0" ? { ...node, advertiseAddress: "192.168.42.99" } : node,
      ),
    }),
    says: /advertise addresses: wanted .*"worker0": "192\.168\.42\.99"/s,
  },
  {
    check: "every node has the same one ingress network, with the configured settings",
    what: "it should have another MTU",
    expects: (outputs) => ({ ...outputs, ingress: { ...outputs.ingress, mtu: 1400 } }),
    says: /ingress networks on worker2: wanted .*1400.*saw .*1200/s,
  },
  {
    check: "docker_gwbridge has the configured settings on every node",
    what: "containers should reach each other by it",
    expects: (outputs) => ({ ...outputs, gwbridge: { ...outputs.gwbridge, icc: true } }),
    says: /docker_gwbridge on mg0: wanted .*"icc": true.*saw .*"icc": false/s,
  },
  {
    check: "every service runs as many tasks as it should",
    what: "a replica is missing",
    breaks: { mg0: "docker service scale --detach web=2" },
    says: /^web: 2 of 3 tasks run/,
    mends: { mg0: "docker service scale web=3" },
  },
  {
    check: "every port published through the mesh answers on every node",
    what: "a node does not hear it",
    ...deaf("worker0", "tcp dport 80"),
    says: /192\.168\.123\.20:80\/tcp \(web\): no answer in 15 s/,
  },
  {
    check: "every port published in host mode answers on the nodes that run its service",
    what: "a node does not hear it",
    ...deaf("worker1", "udp dport 53"),
    says: /192\.168\.123\.21:53\/udp \(dns-cache\): no DNS reply in 15 s/,
  },
  {
    check: "requests to any node are spread evenly over all replicas of web",
    what: "one of them answers as somebody else",
    breaks: { all: "sh -c 'echo somebody > /etc/hostname'" },
    says: /by mg0: \w+ has 0 of 30 answers for 1 replicas/,
    mends: { all: "sh -c 'hostname > /etc/hostname'" },
  },
  {
    check: "requests to web travel between nodes as ESP and never as clear VXLAN",
    what: "a node gets something in clear",
    breaks: {
      mg1: `bash -c '(for i in {1..90}; do echo x > /dev/udp/192.168.42.20/4789; sleep 1; done) &>/dev/null &'`,
    },
    says: /^worker0 received \d+ packets of clear VXLAN/m,
  },
  {
    check: "Portainer answers at its published port",
    what: "there is none",
    breaks: { mg0: "docker service scale portainer=0" },
    says: /by mg1: /,
    mends: { mg0: "docker service scale portainer=1" },
  },
  {
    check: "Portainer shows the swarm to its administrator",
    what: "it does not reach its agents",
    breaks: { mg0: "docker service update --quiet --network-rm portainer-agent portainer" },
    says: /environment .*: Portainer: the engine: HTTP status 502/,
    mends: { mg0: "docker service update --quiet --network-add portainer-agent portainer" },
  },
  {
    check: "containers on different nodes find and reach each other by an overlay network",
    what: "nothing encrypted gets through",
    ...deaf("all", "ip protocol esp"),
    says: /ping -c 1 -W 5/,
  },
  {
    check: "an overlay network is on managers and on nodes that run its tasks, and nowhere else",
    what: "another service brings it to every node",
    breaks: {
      mg0: "docker service create --name broken --mode global --network over-test busybox sleep 1d",
    },
    says: /nodes with the network over-test: wanted .*saw .*"worker0",\s*"worker1",\s*"worker2"/s,
    mends: { mg0: "docker service rm broken" },
  },
  {
    check: "the TLS API answers on every manager with the client certificate",
    what: "a manager does not hear it",
    ...deaf("mg1", "tcp dport 2376"),
    says: /tcp:\/\/192\.168\.42\.11:2376: no answer in 15 s/,
  },
  {
    check: "the TLS API refuses clients without a certificate and with one of another CA",
    what: "a manager asks for none",
    breaks: { mg2: tlsverify(true, false) },
    says: /tcp:\/\/192\.168\.42\.12:2376 answered a client without a certificate/,
    mends: { mg2: tlsverify(false, true) },
  },
  {
    check: "no engine is reached without TLS, nor where its TLS API should not be open",
    what: "one listens without",
    breaks: listens("worker0", 2375),
    says: /^worker0: 192\.168\.\d+\.20:2375 is open$/m,
    mends: mended("worker0"),
  },
  {
    check: "the certificates of the TLS API are valid for a day at least",
    what: "the client's ends within the hour",
    expects: async (outputs, operator) => {
      const authority = { cert: outputs.ca, key: await operator.authorityKey() };
      return { ...outputs, ...(await clientCertificate(authority)) };
    },
    says: /^client: the certificate has 0 whole days left; run `up`$/,
  },
  {
    check: "on outside addresses SSH is open and the swarm's own ports are closed",
    what: "one of them is open",
    breaks: listens("worker1", 7946, "192.168.123.21"),
    says: /^worker1: 192\.168\.123\.21:7946 is open$/,
    mends: mended("worker1"),
  },
  {
    check: "on internal addresses the swarm's ports are open, and SSH and published ports closed",
    what: "SSH is open",
    breaks: { worker2: "nft insert rule inet swarm input tcp dport 22 accept" },
    says: /^worker2: 192\.168\.42\.22:22 is open$/,
    mends: { worker2: "nft --file /etc/nftables.conf" },
  },
  {
    check: "containers do not reach the nodes' own ports",
    what: "a node passes on what it should drop",
    breaks: { worker0: "nft flush chain inet swarm forward" },
    says: /^a container of worker0 on docker_gwbridge reaches mg1: 192\.168\.42\.11:2376$/m,
    mends: { worker0: "nft --file /etc/nftables.conf" },
  },
  {
    check: "the last backup of the swarm's state is as new as its schedule says",
    what: "it should have been made by now",
    breaks: { mg0: allowedAge("1") },
    says: /^there is no backup, \d+ (second|minute|hour)s after its timer was installed; by backupSchedule/,
    mends: { mg0: allowedAge("172800") },
  },
];

/** On three nodes: monitoring on six emulated ones, beside everything else, cost the managers their leader. */
const OF_MONITORING: Breakage[] = [
  {
    check: "Prometheus finds every node and every monitored task",
    what: "a node does not hear what is encrypted, which its exporters are asked by",
    ...deaf("worker1", "ip protocol esp"),
    says: /^up of nodes at worker1 is not 1$/m,
  },
  {
    check: "Prometheus knows the CPU time and the memory of tasks on every node",
    what: "cAdvisor does not find the engine's containers",
    breaks: { mg0: "docker service update --quiet --mount-rm /var/lib/docker cadvisor" },
    says: /^worker1: cAdvisor knows the memory of no task$/m,
    mends: {
      mg0:
        "docker service update --quiet --mount-add type=bind,source=/var/lib/docker," +
        "target=/var/lib/docker,readonly,bind-propagation=rslave cadvisor",
    },
  },
  {
    check:
      "the network of monitoring reads the swarm's API and changes nothing, nor asks without a password",
    what: "the swarm should have a node less",
    expects: (outputs) => ({
      ...outputs,
      nodes: outputs.nodes.filter(({ name }) => name !== "worker1"),
    }),
    says: /^api-reader lists 3 nodes$/m,
  },
];

async function runOn(cluster: Cluster, commands: Record<string, string> = {}): Promise<void> {
  for (const [name, command] of Object.entries(commands)) {
    const nodes = cluster.nodes.filter((node) => name === "all" || node.name === name);
    await Promise.all(nodes.map((node) => cluster.run(node, command)));
  }
}

/** A test for each of them on one stack, and one that the stack is well afterwards. */
function testBreakages(
  settings: Record<string, string>,
  changes: Record<string, string>,
  breakages: Breakage[],
): void {
  let operator: Operator;

  beforeAll(async () => {
    operator = await Operator.start(settings);
    await operator.up();
    await operator.up(changes); // not all at once: emulated managers have enough to do
  });
  afterAll(() => operator.stop());

  test.each(breakages)("$what: $check", async (given) => {
    const { outputs } = operator;
    const expected = given.expects ? await given.expects(outputs, operator) : outputs;
    const check = checks.find(({ name }) => name === given.check)!;
    await withCluster(outputs, async (cluster) => {
      await runOn(cluster, given.breaks);
      const outcome = await withCluster(expected, (seen) => check.run(seen)).then(
        () => "it holds",
        (error: Error) => error.message,
      );
      await runOn(cluster, given.mends);
      console.log(`${check.name}\n  ${given.what}: ${outcome.slice(0, 300)}`);
      expect(outcome).toMatch(given.says);
    });
  });

  test("and all of them hold again", async () => {
    expect(await operator.failures()).toEqual([]);
  });
}

describeWithPulumi("a check says what is wrong when", () => testBreakages({}, ALL_ON, BREAKAGES));

describeWithPulumi("a check of monitoring says what is wrong when", () =>
  testBreakages(THREE_NODES, { monitoring: "true" }, OF_MONITORING),
);

test("that is every check there is", () => {
  const broken = [...BREAKAGES, ...OF_MONITORING].map(({ check }) => check);
  expect(broken).toEqual(checks.map(({ name }) => name));
});
