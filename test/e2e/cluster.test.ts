/**
 * The `dev` stack for real: seven virtual machines, one swarm with its services, the conformance
 * checks, and a manager that loses its power. With Pulumi's own engine the same cluster then goes on
 * through what only that engine has: a second `up`, `refresh`, a change, `destroy`. Larger changes
 * are in the suites of test/lifecycle.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { Stack } from "@pulumi/pulumi/automation";
import { setTimeout as sleep } from "node:timers/promises";
import { expectRefusal } from "../../conformance/api";
import { clientCertificate } from "../../conformance/certificates";
import { listNodes } from "../../conformance/nodes";
import {
  chooseEngine,
  CONSOLE_LOG,
  openStack,
  plainOutputs,
  runOptions,
  whyNoPulumi,
} from "../../lab/engine";
import { listLeftovers } from "../../lab/hypervisor";
import type { StackOutputs } from "../../stacks/outputs";
import {
  authorityKey,
  failures,
  Lab,
  secondsUntil,
  Steps,
  untilMembersAreWell,
  withCluster,
} from "./lab";

const MINUTES = 60_000;
jest.setTimeout(15 * MINUTES);

const missing = process.env.LAB_ENGINE === "rehearsal" ? "LAB_ENGINE=rehearsal" : whyNoPulumi();
const withPulumi = missing ? describe.skip : describe;
if (missing) console.warn(`Pulumi's own engine is left out. ${missing}`);

let lab: Lab;
let outputs: StackOutputs;

/**
 * The packets that tcpdump shows on an interface, from before `work` until a second after it.
 * Without the time of each, whose fraction can be taken for a port.
 */
async function capture(device: string, filter: string, work: () => Promise<void>) {
  const dump = spawn("tcpdump", ["-i", device, "-nn", "-t", "-l", filter]);
  const ended = once(dump, "close");
  const shown = text(dump.stdout);
  // The first thing that it says is that it listens: what comes before that is not seen.
  await once(dump.stderr, "data");
  try {
    await work();
    await sleep(1000);
  } finally {
    dump.kill("SIGINT");
    await ended;
  }
  return (await shown).split("\n");
}

beforeAll(async () => {
  lab = await Lab.start();
  const engine = chooseEngine();
  outputs = await engine.up(lab.stack());
});

afterAll(() => lab.stop());

describe("the dev stack", () => {
  test("has everything that its users rely on", async () => {
    expect(await failures(outputs)).toEqual([]);
  });

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

  test("sends nothing but ESP between nodes, as seen on the internal bridge", async () => {
    const seen = await capture("swarm-int", "esp or udp port 4789", async () => {
      for (const { ingressAddress } of [...outputs.nodes, ...outputs.nodes, ...outputs.nodes]) {
        await fetch(`http://${ingressAddress}/`, { headers: { connection: "close" } });
      }
    });
    expect(seen.filter((line) => line.includes(".4789"))).toEqual([]);
    expect(seen.filter((line) => line.includes("ESP(")).length).toBeGreaterThan(20);
  });

  test("keeps what Portainer stored when the manager under it loses its power", async () => {
    const url = (address: string) => `http://${address}:9000/data/witness`;
    const told = { method: "PUT", body: "still here" };
    expect((await fetch(url(outputs.nodes[0]!.ingressAddress), told)).status).toBeLessThan(300);

    await withCluster(outputs, async (cluster) => {
      const format = "--filter desired-state=running --format '{{.Node}}'";
      const home = await cluster.run(cluster.managers[0]!, `docker service ps ${format} portainer`);
      const [other] = cluster.managers.filter(({ name }) => name !== home);
      const statusOf = async () =>
        (await listNodes(cluster, other!)).find(({ name }) => name === home)?.status;

      await lab.virsh("destroy", home);
      const down = await secondsUntil(async () => (await statusOf()) !== "Ready");
      const back = await secondsUntil(async () => {
        const answer = await fetch(url(other!.ingressAddress), {
          signal: AbortSignal.timeout(5000),
        });
        return answer.ok && (await answer.text()) === told.body;
      });
      console.log(`${home} was seen as down after ${down} s, and Portainer back ${back} s later`);
      expect(back).toBeLessThan(lab.hypervisor.domainType === "kvm" ? 60 : 180);

      await lab.virsh("start", home);
      await secondsUntil(async () => (await statusOf()) === "Ready");
    });

    await untilMembersAreWell(outputs);
  });

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

  /** One `up` with some of the config changed; tells what it did, and renews `outputs`. */
  async function up(overrides: Record<string, string>): Promise<Steps> {
    const steps = new Steps();
    const result = await stack.up({ ...run(overrides), onEvent: steps.onEvent });
    outputs = plainOutputs(result.outputs);
    return steps;
  }

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
    const { managerJoinToken, workerJoinToken, portainerPassword } = outputs;
    for (const secret of [managerJoinToken, workerJoinToken, portainerPassword, "PRIVATE KEY"]) {
      expect(secret).not.toBe("");
      expect(state).not.toContain(secret);
    }
  });

  test("the API refuses an expired certificate", async () => {
    const authority = { cert: outputs.ca, key: await authorityKey(stack) };
    const yesterday = new Date(Date.now() - 24 * 3600 * 1000);
    const expired = await clientCertificate(authority, yesterday);
    for (const api of outputs.apiHosts) {
      await expectRefusal(api, outputs.ca, "an expired certificate", expired);
    }
  });

  test("scaling web takes one up and moves nothing else", async () => {
    const steps = await up({ webReplicas: "5" });
    expect(steps.of("update")).toEqual(["services-web-service"]);
    expect([...steps.of("replace"), ...steps.of("create"), ...steps.of("delete")]).toEqual([]);
    expect(await failures(outputs)).toEqual([]);
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
