import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { bundleController } from "../../../controller/bundle";
import { FakePrometheus } from "../../fixtures/fake-prometheus";
import { FakeSwarm } from "../../fixtures/fake-swarm";

const bundle = bundleController();

let folder: string;
let prometheus: FakePrometheus;
let swarm: FakeSwarm;
let child: ChildProcess | undefined;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "bundle-"));
  writeFileSync(join(folder, "controller.js"), bundle);
  prometheus = await new FakePrometheus().listen();
  writeFileSync(join(folder, "password"), `${prometheus.password}\n`);
  swarm = new FakeSwarm(folder);
});

afterEach(async () => {
  child?.kill("SIGKILL");
  await swarm.close();
  await prometheus.close();
  rmSync(folder, { recursive: true });
});

/** Starts it where no package can be found. */
function start(environment: Record<string, string>): ChildProcess {
  child = spawn(process.execPath, [join(folder, "controller.js")], {
    cwd: folder,
    env: { PROMETHEUS_PASSWORD_FILE: join(folder, "password"), ...environment },
  });
  return child;
}

test("is small enough for a Docker config, with room to spare", () => {
  expect(Buffer.byteLength(bundle)).toBeLessThan(900_000);
});

test("is the same text every time, without paths of this machine", () => {
  expect(bundleController()).toBe(bundle);
  expect(bundle).not.toContain(join(__dirname, "..", "..", ".."));
});

test("runs by itself: scales, exports, is healthy, and ends when it is told to", async () => {
  swarm.add("web", 1, { "swarm.autoscale.max": "5", "swarm.autoscale.cpu": "50" });
  prometheus.answer = () => ({ "web-1": 0.5 });
  const { socket } = await swarm.manager("mg0");
  const { stdout } = start({
    DOCKER_SOCKET: socket,
    PROMETHEUS_URL: prometheus.url,
    LISTEN_PORT: "0",
    INTERVAL_SECONDS: "300",
  });
  const lines: string[] = [];
  for await (const line of createInterface({ input: stdout! })) {
    if (lines.push(line) === 3) break;
  }
  expect(lines).toEqual([
    expect.stringMatching(/^Listens on port \d+$/),
    "This node is the leader: this copy acts",
    "web goes from 1 to 2: cpu is 100 %, target 50 %, wants 2",
  ]);
  expect(swarm.changes).toEqual(["web=2"]);

  const url = `http://127.0.0.1:${lines[0]!.split(" ").at(-1)}`;
  const [metrics, health, other] = await Promise.all(
    ["metrics", "healthz", "other"].map((path) => fetch(`${url}/${path}`)),
  );
  expect(metrics!.headers.get("content-type")).toMatch(/^text\/plain; version=0.0.4/);
  expect(await metrics!.text()).toContain("controller_leader 1\n");
  expect([health!.status, await health!.text()]).toEqual([200, "ok\n"]);
  expect(other!.status).toBe(404);

  child!.kill("SIGTERM");
  expect(await once(child!, "exit")).toEqual([0, null]);
});

describe("when the time of day is set", () => {
  const HOUR = 3600;

  /** Starts it on `web`, with what changes the time of day when it is told to. @returns its URL */
  async function started(labels: Record<string, string>, seconds: number): Promise<string> {
    writeFileSync(
      join(folder, "clock.js"),
      `const now = Date.now;
       process.on("SIGUSR2", () => (Date.now = () => now() + 1000 * ${seconds}));`,
    );
    swarm.add("web", 2, { "swarm.autoscale.max": "5", "swarm.autoscale.cpu": "50", ...labels });
    const { socket } = await swarm.manager("mg0");
    const { stdout } = start({
      NODE_OPTIONS: `--require ${join(folder, "clock.js")}`,
      DOCKER_SOCKET: socket,
      PROMETHEUS_URL: prometheus.url,
      LISTEN_PORT: "0",
      INTERVAL_SECONDS: "1",
    });
    for await (const line of createInterface({ input: stdout! })) {
      const port = /^Listens on port (\d+)$/.exec(line)?.[1];
      if (port) return `http://127.0.0.1:${port}`;
    }
    throw new Error("it ended");
  }

  const load = (cores: number) => {
    prometheus.answer = () =>
      Object.fromEntries(swarm.tasks("web").map((task) => [task, cores / 2]));
  };
  const until = async (done: () => Promise<boolean> | boolean) => {
    for (let tries = 0; !(await done()); tries++) {
      if (tries === 150) throw new Error("not within 15 s");
      await pause(100);
    }
  };

  test("back by an hour: its cooldown ends when it would have ended", async () => {
    load(0.8);
    await started({ "swarm.autoscale.cooldown": "2" }, -HOUR);
    await until(() => swarm.changes.length === 1);
    child!.kill("SIGUSR2");
    await until(() => swarm.changes.length === 2);
    expect(swarm.changes).toEqual(["web=4", "web=5"]);
  }, 20_000);

  test("forward by an hour: the window is not over, and it is still healthy", async () => {
    load(0.1);
    const url = await started({ "swarm.autoscale.window-down": "600" }, HOUR);
    const held = async () => {
      const text = await (await fetch(`${url}/metrics`)).text();
      return Number(/^autoscale_decisions_total{.*outcome="held"} (\d+)$/m.exec(text)?.[1] ?? 0);
    };
    await until(async () => (await held()) >= 1);
    child!.kill("SIGUSR2");
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    const before = await held();
    await until(async () => swarm.changes.length > 0 || (await held()) >= before + 3);
    expect(swarm.changes).toEqual([]);
  }, 20_000);
});

test("starts while the Docker API is down", async () => {
  const { stdout } = start({ DOCKER_SOCKET: join(folder, "none.sock"), LISTEN_PORT: "0" });
  const lines: string[] = [];
  for await (const line of createInterface({ input: stdout! })) {
    if (lines.push(line) === 2) break;
  }
  expect(lines.find((line) => line.startsWith("The Docker"))).toMatch(
    /^The Docker API does not answer: connect ENOENT .*none.sock$/,
  );
  expect(child!.exitCode).toBeNull();
});

test("says what is wrong with its environment, all at once, and ends", async () => {
  const { stderr } = start({ INTERVAL_SECONDS: "often", AUTOSCALE: "yes", LISTEN_PORT: "70000" });
  let said = "";
  stderr!.on("data", (text) => (said += text));
  const [code] = (await once(child!, "close")) as [number];
  expect(code).toBe(1);
  expect(said).toBe(
    [
      'INTERVAL_SECONDS: "often" is not a whole number; write a whole number from 1 to 300',
      'AUTOSCALE: "yes" is neither true nor false; write true or false',
      'LISTEN_PORT: "70000" is more than 65535; write a whole number from 0 to 65535\n',
    ].join("\n"),
  );
});
