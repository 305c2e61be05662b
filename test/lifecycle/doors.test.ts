/** What containers and strangers reach of a swarm on which everything runs, and what its nodes lack. */
import { Cluster } from "../../conformance/cluster";
import { checks } from "../../conformance";
import { query } from "../../conformance/monitoring";
import { updatesReport } from "../../cli/drift/updates";
import { secondsUntil, withCluster } from "../e2e/lab";
import { describeWithPulumi, MINUTES, Operator } from "./lab";

jest.setTimeout(30 * MINUTES);

const SETTINGS = {
  ...{ managers: "3", workers: "1", webReplicas: "1", storage: "machine" },
  ...{ monitoring: "true", prometheusPublish: "9090:9090" },
};

/** A repository of one package that every node has an older version of. */
const REPOSITORY = `set -e
mkdir -p /srv/repo/dists/trixie-security/main/binary-amd64
cd /srv/repo
printf 'Package: nano\\nVersion: 99.0-1\\nArchitecture: amd64\\nMaintainer: Lab <lab@example.org>\\nDescription: newer\\nFilename: nano.deb\\nSize: 1\\nSHA256: %064d\\n' 0 >dists/trixie-security/main/binary-amd64/Packages
printf 'Origin: Lab\\nLabel: Lab-Security\\nSuite: trixie-security\\nCodename: trixie-security\\nArchitectures: amd64\\nComponents: main\\nDate: %s\\nSHA256:\\n %s %s main/binary-amd64/Packages\\n' \\
  "$(date --utc -R)" "$(sha256sum dists/trixie-security/main/binary-amd64/Packages | cut -d' ' -f1)" \\
  "$(stat --format=%s dists/trixie-security/main/binary-amd64/Packages)" >dists/trixie-security/Release
echo 'deb [trusted=yes] file:/srv/repo trixie-security main' >/etc/apt/sources.list
rm -f /etc/apt/sources.list.d/*`;

describeWithPulumi("a swarm with storage, monitoring and Portainer", () => {
  let operator: Operator;

  beforeAll(async () => {
    operator = await Operator.start(SETTINGS);
    await operator.up();
  });
  afterAll(() => operator.stop());

  test("holds every check, and a container of worker0 or of mg0 reaches no port of a machine", async () => {
    expect(await operator.failures()).toEqual([]);
  });

  test("and neither does one of mg1", async () => {
    const nodes = operator.outputs.nodes.filter(({ name }) => name !== "mg0");
    const check = checks.find(
      ({ name }) => name === "containers do not reach the nodes' own ports",
    )!;
    const note = await withCluster({ ...operator.outputs, nodes }, (cluster) => check.run(cluster));
    expect(note).toBe("of 5 machines, from mg1 and worker0");
  });

  test("shows its management pages to administrators only, once the config says who they are", async () => {
    const changes = { adminCidrs: "192.168.123.1/32" };
    await operator.up(changes);
    expect(await operator.failures()).toEqual([]);
    const [mg0] = operator.outputs.nodes;
    await withCluster(operator.outputs, async (cluster) => {
      const worker = cluster.nodes.at(-1)!;
      const opens = (port: number) =>
        cluster.run(
          worker,
          `bash -c 'timeout 5 bash -c ": </dev/tcp/${mg0!.ingressAddress}/${port}" 2>/dev/null && echo open || echo closed'`,
        );
      expect([await opens(80), await opens(9000), await opens(9090)]).toEqual([
        ...["open", "closed", "closed"],
      ]);
    });
    await operator.expectNoChanges(changes);
    await operator.up();
  });

  test("has a node without an update named by drift and by Prometheus", async () => {
    const cluster = new Cluster(operator.outputs);
    try {
      const worker = cluster.nodes.at(-1)!;
      await cluster.run(
        worker,
        `bash -c 'echo ${Buffer.from(REPOSITORY).toString("base64")} | base64 -d | bash'`,
      );
      const { security } = await updatesReport(cluster);
      expect(security).toEqual([
        expect.stringMatching(
          /^worker0 lacks a security update: nano \S+, newer is 99\.0-1, seen since \d{4}-\d\d-\d\d$/,
        ),
      ]);
      const named = 'node_update_pending_since_timestamp_seconds{security="true"}';
      const seconds = await secondsUntil(async () => (await query(cluster, named)).length > 0);
      console.log(`Prometheus knows it ${seconds} s later`);
      const [sample] = await query(cluster, named);
      expect(sample!.metric).toMatchObject({ node: "worker0", package: "nano" });
      const timers = await Promise.all(
        cluster.nodes.map((node) =>
          cluster.run(node, "systemctl list-timers --no-legend --output=json"),
        ),
      );
      expect(timers.filter((list) => /apt|unattended/.test(list))).toEqual([]);
    } finally {
      await cluster.close();
    }
  });
});
