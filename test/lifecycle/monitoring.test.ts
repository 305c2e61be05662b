/** Monitoring, switched on and off, and what it says when something is wrong. */
import { Cluster } from "../../conformance/cluster";
import { query } from "../../conformance/monitoring";
import { listTasks, serviceOf } from "../../conformance/docker";
import { nodesOf } from "../../conformance/services";
import { setTimeout as sleep } from "node:timers/promises";
import { secondsSince, secondsUntil } from "../e2e/lab";
import { describeWithPulumi, MINUTES, Operator } from "./lab";

jest.setTimeout(20 * MINUTES);

const SETTINGS = {
  ...{ managers: "3", workers: "1", storage: "none" },
  // Four emulated machines on two cores have enough to do with what this is about.
  ...{ portainer: "false", webReplicas: "1" },
};
const MONITORING = { monitoring: "true", prometheusPublish: "9090:9090" };
const ALL = {
  ...MONITORING,
  ...{ grafana: "true", grafanaPublish: "3000:3000", alertmanagerPublish: "9093:9093" },
  autoscaling: "true",
};

describeWithPulumi("monitoring", () => {
  let operator: Operator;
  let cluster: Cluster;

  const docker = (command: string) => cluster.run(cluster.managers[0]!, `docker ${command}`);
  /** The alerts that Prometheus has as firing. */
  const firing = async () => {
    const alerts = await query(cluster, 'ALERTS{alertstate="firing"}');
    return [...new Set(alerts.map(({ metric }) => metric.alertname!))].sort();
  };

  async function switchesOn(settings: Record<string, string>): Promise<void> {
    await operator.up(settings);
    await cluster.close();
    cluster = new Cluster(operator.outputs);
    expect(await operator.failures()).toEqual([]);
    await operator.expectNoChanges(settings);
    await operator.refresh(settings, true);
  }

  beforeAll(async () => {
    operator = await Operator.start(SETTINGS);
    await operator.up();
    cluster = new Cluster(operator.outputs);
  });
  afterAll(async () => {
    await cluster.close();
    await operator.stop();
  });

  test("is switched on by one up, with nothing to change the second time", () =>
    switchesOn(MONITORING));

  test("takes less than 120 MB on a worker", async () => {
    const worker = cluster.nodes.at(-1)!;
    const rows = await cluster.run(
      worker,
      "docker stats --no-stream --format '{{.Name}} {{.MemUsage}} {{.CPUPerc}}'",
    );
    console.log(rows);
    const mebibytes = rows
      .split("\n")
      .filter((row) => /^(node-exporter|cadvisor)\./.test(row))
      .map((row) => Number(/ ([\d.]+)MiB/.exec(row)![1]));
    expect(mebibytes).toHaveLength(2);
    expect((mebibytes[0]! + mebibytes[1]!) * 1.048576).toBeLessThan(120);
  });

  test("finds a new task with its label within 30 seconds", async () => {
    const labels = "--label prometheus.port=9100 --network monitoring";
    await docker(`service create --quiet --name shop ${labels} prom/node-exporter:v1.9.1`);
    const seconds = await secondsUntil(async () => {
      const [up] = await query(cluster, 'up{job="tasks",service="shop"}');
      return up?.value[1] === "1";
    });
    console.log(`found ${seconds} s after its start`);
    await docker("service rm shop");
    expect(seconds).toBeLessThanOrEqual(30);
  });

  test("calls out a lost manager, and a service without a place", async () => {
    expect(await firing()).toEqual([]);
    const [home] = nodesOf(
      "prometheus",
      await listTasks(cluster, [serviceOf(operator.outputs, "prometheus")!]),
      cluster.nodes,
    );
    const [, ...others] = cluster.managers; // the first one is asked
    const lost = others.find(({ name }) => name !== home!.name)!;
    await docker(
      "service create --quiet --detach --name stuck --constraint node.labels.nowhere==1 busybox sleep 1d",
    );
    await operator.virsh("destroy", lost.name);
    // Not PrometheusTargetDown: the tasks of a node that is down are no targets any more.
    const expected = [
      ...["IngressProbeFailing", "ManagerUnreachable", "NodeDown"],
      ...["QuorumAtRisk", "ServiceBelowWanted"],
    ];
    const since = performance.now();
    const seen = new Map<string, number>();
    while (!expected.every((name) => seen.has(name))) {
      const seconds = secondsSince(since);
      if (seconds > 600) break;
      for (const name of await firing().catch(() => [])) {
        if (!seen.has(name)) seen.set(name, seconds);
      }
      await sleep(2000);
    }
    console.log(JSON.stringify(Object.fromEntries(seen)));
    expect([...seen.keys()]).toEqual(expect.arrayContaining(expected));

    await docker("service rm stuck");
    await operator.virsh("start", lost.name);
    const quiet = await secondsUntil(async () => (await firing()).length === 0);
    console.log(`none fires ${quiet} s after it has its power again`);
  });

  test("finds a new node within 30 seconds, once it has arrived", async () => {
    await operator.up({ ...MONITORING, workers: "2" });
    const joined = await docker("node inspect --format '{{json .CreatedAt}}' worker1");
    const up = 'up{job=~"ingress|nodes|cadvisor",node="worker1"} == 1';
    await secondsUntil(async () => {
      const found = await query(cluster, up);
      return new Set(found.map(({ metric }) => metric.job)).size === 3;
    });
    const first = await query(cluster, `min_over_time(timestamp(${up})[15m:1s])`);
    const seconds = Object.fromEntries(
      first.map(({ metric, value: [, at] }) => [
        metric.job!,
        Math.round(Number(at) - Date.parse(JSON.parse(joined) as string) / 1000),
      ]),
    );
    console.log("found so many seconds after it joined, exporters once they run:", seconds);
    // Its published ports are tried where a label says, which it gets some seconds after it joined.
    expect(seconds.ingress).toBeLessThanOrEqual(45);
    await operator.up(MONITORING);
  });

  test("gets all that belongs to it by one up, with nothing to change the second time", () =>
    switchesOn(ALL));

  test("is behind a password where it is published", async () => {
    const address = cluster.nodes.at(-1)!.ingressAddress;
    const password = `Basic ${Buffer.from(`admin:${operator.outputs.monitoringPassword}`).toString("base64")}`;
    for (const port of [9090, 9093]) {
      const url = `http://${address}:${port}/api/v2/status`;
      expect((await fetch(url)).status).toBe(401);
      expect((await fetch(url, { headers: { authorization: password } })).status).not.toBe(401);
    }
  });

  test("is gone again by one up, and machines and engines stay as they are", async () => {
    const engines = () =>
      Promise.all(
        cluster.nodes.map((node) =>
          cluster.run(node, "systemctl show -p ActiveEnterTimestamp docker"),
        ),
      );
    const before = await engines();
    const steps = await operator.up({});
    expect(steps.of("replace")).toEqual([]);
    expect(await engines()).toEqual(before);
    expect(await docker("service ls --format '{{.Name}}'")).toBe("web");
    await operator.expectNoChanges();
    expect(await operator.failures()).toEqual([]);
  });
});
