/**
 * The `dev` stack for real: six virtual machines, one swarm, the conformance checks. With Pulumi's
 * own engine the same cluster then goes on through what only that engine has: a second `up`,
 * `refresh`, replacement, `destroy`.
 */
import { readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Stack } from "@pulumi/pulumi/automation";
import { checks } from "../../lab/conformance";
import { listNodes } from "../../lab/conformance/nodes";
import { chooseEngine, CONSOLE_LOG, openStack, runOptions, whyNoPulumi } from "../../lab/engine";
import { listLeftovers } from "../../lab/hypervisor";
import type { StackOutputs } from "../../lab/outputs";
import { Lab, withCluster } from "./lab";

const MINUTES = 60_000;
jest.setTimeout(15 * MINUTES);

const missing = process.env.LAB_ENGINE === "rehearsal" ? "LAB_ENGINE=rehearsal" : whyNoPulumi();
const withPulumi = missing ? describe.skip : describe;
if (missing) console.warn(`Pulumi's own engine is left out. ${missing}`);

let lab: Lab;
let outputs: StackOutputs;

beforeAll(async () => {
  lab = await Lab.start();
  const engine = chooseEngine();
  outputs = await engine.up(lab.stack());
});

afterAll(() => lab.stop());

describe("the dev stack", () => {
  test.each(checks.map((check) => [check.name, check] as const))("%s", (_, check) =>
    withCluster(outputs, (cluster) => check.run(cluster)),
  );

  test("has three managers and three workers, each with 800 MB", async () => {
    expect(outputs.nodes.map(({ name }) => name)).toEqual([
      ...["mg0", "mg1", "mg2"],
      ...["worker0", "worker1", "worker2"],
    ]);
    await withCluster(outputs, async (cluster) => {
      for (const node of cluster.nodes) {
        const kiB = Number(await cluster.run(node, "awk '/MemTotal/ { print $2 }' /proc/meminfo"));
        expect(kiB / 1024).toBeGreaterThan(650);
        expect(kiB / 1024).toBeLessThanOrEqual(800);
      }
    });
  });

  test("pulls through the registry mirror and runs a task on every node", () =>
    withCluster(outputs, async (cluster) => {
      const [manager] = cluster.managers;
      await cluster.run(
        manager!,
        "docker service create --quiet --name everywhere --mode global busybox sleep 3600",
      );
      const nodes = await cluster.run(
        manager!,
        "docker service ps --filter desired-state=running --format '{{.Node}} {{.CurrentState}}' everywhere",
      );
      await cluster.run(manager!, "docker service rm everywhere");
      expect(nodes.split("\n").map((line) => line.split(" ").slice(0, 2).join(" "))).toEqual(
        expect.arrayContaining(cluster.nodes.map(({ name }) => `${name} Running`)),
      );
    }));

  test("has a way out on eth0 only, and nothing but the host on eth1", () =>
    withCluster(outputs, async (cluster) => {
      for (const node of cluster.nodes) {
        const routes = await cluster.run(node, "ip -4 route show default");
        expect(routes).toMatch(/^default via 192\.168\.123\.1 dev eth0\b/);
        expect(routes.split("\n")).toHaveLength(1);
      }
    }));

  test("refuses a machine with another host key", async () => {
    const [mg0, mg1] = outputs.sshKnownHosts;
    const swapped = mg1!.replace(/^\S+/, mg0!.split(" ")[0]!);
    await expect(
      withCluster({ ...outputs, sshKnownHosts: [swapped] }, (cluster) =>
        cluster.run(cluster.nodes[0]!, "true"),
      ),
    ).rejects.toThrow("does not have the expected host key");
  });
});

withPulumi("with Pulumi's own engine", () => {
  let stack: Stack;
  const run = (overrides = {}) => runOptions(lab.stack(overrides));

  beforeAll(async () => {
    stack = await openStack(lab.stack());
  });

  test("a second up changes nothing", async () => {
    await stack.up({ ...run(), expectNoChanges: true });
  });

  test("refresh and preview change nothing when /tmp was emptied in between", async () => {
    for (const name of readdirSync(tmpdir())) {
      rmSync(join(tmpdir(), name), { recursive: true, force: true });
    }
    await stack.refresh({ ...run(), expectNoChanges: true });
    await stack.preview({ ...run(), expectNoChanges: true });
  });

  test("the state has no token and no private key in plain text", () => {
    const file = join(lab.stack().dir, "state", ".pulumi", "stacks", "pulumi-swarm", "dev.json");
    const state = readFileSync(file, "utf8");
    expect(state).toContain("swarm-worker0-join");
    for (const secret of [outputs.managerJoinToken, outputs.workerJoinToken, "PRIVATE KEY"]) {
      expect(state).not.toContain(secret);
    }
  });

  test("a changed memory size would replace every machine, and nothing else", async () => {
    const replaced: string[] = [];
    await stack.preview({
      ...run({ memoryMiB: "900" }),
      onEvent: ({ resourcePreEvent }) => {
        const step = resourcePreEvent?.metadata;
        if (step?.op === "replace") replaced.push(step.urn.slice(step.urn.lastIndexOf("::") + 2));
      },
    });
    expect(replaced.filter((name) => name.endsWith("-domain")).sort()).toEqual(
      outputs.nodes.map(({ name }) => `${name}-domain`).sort(),
    );
    expect(
      replaced.filter((name) => /network|store|access|host-key|init|tokens/.test(name)),
    ).toEqual([]);
  });

  test("a worker with a new seed is replaced alone, and comes back", async () => {
    const hostKey =
      `urn:pulumi:dev::pulumi-swarm::swarm:machine:KvmMachine$tls:index/privateKey:PrivateKey` +
      `::worker2-host-key`;
    const { summary, outputs: after } = await stack.up({ ...run(), replace: [hostKey] });
    expect(summary.resourceChanges).toMatchObject({ replace: 7 });
    const nodes = after.nodes!.value as StackOutputs["nodes"];
    const changed = nodes.filter(({ id }, i) => id !== outputs.nodes[i]!.id);
    expect(changed.map(({ name }) => name)).toEqual(["worker2"]);

    outputs = { ...outputs, nodes, sshKnownHosts: after.sshKnownHosts!.value };
    await withCluster(outputs, async (cluster) => {
      const rows = await listNodes(cluster, cluster.managers[0]!);
      expect(rows.map(({ name, status }) => `${name} ${status}`)).toEqual(
        cluster.nodes.map(({ name }) => `${name} Ready`),
      );
    });
  });

  test("nothing of the stack is left after destroy", async () => {
    await stack.destroy(run());
    expect(await listLeftovers()).toEqual({
      domains: [],
      networks: [],
      pools: [],
      bridges: [],
      processes: [],
    });
    const images = "/var/lib/libvirt/pulumi-swarm";
    expect(readdirSync(images).flatMap((name) => readdirSync(join(images, name)))).toEqual([]);
  });

  test("the console showed no token and no private key", () => {
    const log = readFileSync(join(lab.stack().dir, CONSOLE_LOG), "utf8");
    expect(log).toContain("swarm-tokens");
    for (const secret of [outputs.managerJoinToken, outputs.workerJoinToken, "PRIVATE KEY"]) {
      expect(log).not.toContain(secret);
    }
  });
});
