/** The lab's stand-in for cAdvisor, on a node that is made up. */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const SCRIPT = join(__dirname, "../../../lab/registry/stand-ins/cadvisor/metrics");
const ID = "a".repeat(64);
const OTHER = "b".repeat(64);

let node: string;
beforeEach(() => {
  node = mkdtempSync(join(tmpdir(), "cadvisor-"));
  write("proc/meminfo", "MemTotal:     800 kB\nMemFree:       1 kB\nMemAvailable: 300 kB\n");
  write("sys/fs/cgroup/cpu.stat", "usage_usec 42\nuser_usec 1\n");
});
afterEach(() => rmSync(node, { recursive: true }));

function write(path: string, content: string): void {
  const file = join(node, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}

function container(id: string, labels: Record<string, string>, memoryMax = "max"): void {
  const group = `sys/fs/cgroup/system.slice/docker-${id}.scope`;
  write(`${group}/cpu.stat`, "usage_usec 1500042\nuser_usec 1\n");
  write(`${group}/memory.current`, "5000\n");
  write(`${group}/memory.stat`, "anon 1\ninactive_file 2000\nactive_file 5\n");
  write(`${group}/memory.max`, `${memoryMax}\n`);
  const config = { Name: `/of-${id.slice(0, 3)}`, Config: { Image: "x", Labels: labels } };
  write(`var/lib/docker/containers/${id}/config.v2.json`, JSON.stringify(config));
}

/** Its answer to a request: head and lines. */
async function ask(): Promise<{ head: string; lines: string[] }> {
  const script = spawn("sh", [SCRIPT, node], {
    env: { ...process.env, LABELS: join(node, "labels") },
    stdio: ["pipe", "pipe", "inherit"],
  });
  script.stdin.end("GET /metrics HTTP/1.1\r\nHost: cadvisor\r\nAccept: */*\r\n\r\n");
  const [head = "", body = ""] = (await text(script.stdout)).split("\r\n\r\n");
  return {
    head,
    lines: body
      .trimEnd()
      .split("\n")
      .filter((line) => !line.startsWith("#")),
  };
}

const labels = (service: string, task: string) => ({
  "com.docker.swarm.node.id": "n1",
  "com.docker.swarm.service.name": service,
  "com.docker.swarm.task.id": task,
});

function series(metric: string, id: string, service: string, task: string, first = ""): string {
  return (
    `${metric}{${first}id="/system.slice/docker-${id}.scope",name="of-${id.slice(0, 3)}",` +
    `container_label_com_docker_swarm_service_name="${service}",` +
    `container_label_com_docker_swarm_task_id="${task}"}`
  );
}

test("says what the node and each task take, as cAdvisor names it", async () => {
  container(ID, labels("web", "t1"), "64000000");
  const { head, lines } = await ask();
  expect(head).toBe("HTTP/1.0 200 OK\r\nContent-Type: text/plain; version=0.0.4");
  expect(lines).toEqual([
    'container_cpu_usage_seconds_total{cpu="total",id="/"} 0.000042',
    `${series("container_cpu_usage_seconds_total", ID, "web", "t1", 'cpu="total",')} 1.500042`,
    'container_memory_working_set_bytes{id="/"} 512000',
    `${series("container_memory_working_set_bytes", ID, "web", "t1")} 3000`,
    `${series("container_spec_memory_limit_bytes", ID, "web", "t1")} 64000000`,
  ]);
});

test("has no limit as 0, and no labels as empty", async () => {
  container(ID, {});
  const { lines } = await ask();
  expect(lines.at(-1)).toBe(`${series("container_spec_memory_limit_bytes", ID, "", "")} 0`);
});

test("says the same again, and finds what comes and goes meanwhile", async () => {
  container(ID, labels("web", "t1"));
  const first = await ask();
  expect(await ask()).toEqual(first);
  container(OTHER, labels("shop", "t2"));
  rmSync(join(node, "var/lib/docker/containers", ID), { recursive: true });
  const { lines } = await ask();
  expect(lines.join("\n")).toContain("t2");
  expect(lines.join("\n")).not.toContain("t1");
});

test("of a node without containers is the node", async () => {
  expect((await ask()).lines).toHaveLength(2);
});
