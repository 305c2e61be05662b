import type { Resource } from "@pulumi/pulumi";
import { staticFile } from "../../../components/monitoring/context";
import { fingerprint } from "../../../components/machine/fingerprint";
import { alertmanagerConfig } from "../../../components/monitoring/alertmanagerConfig";
import {
  changed,
  COMPONENT,
  key,
  keys,
  outputs,
  resource,
  SMALL,
  up,
  useFolder,
} from "../graphRun";
import { nameOf, resolve, type Registration, type Run } from "../harness";

const ON = { ...SMALL, monitoring: "true" };
const WEBHOOK = "https://user:secret@example.org/alerts";
const ALL = {
  ...ON,
  ...{ grafana: "true", autoscaling: "true", autoscalingDryRun: "true", alertWebhook: WEBHOOK },
  ...{ prometheusPublish: "9090:9090", grafanaPublish: "host:3000:3000" },
};
const NFS = { storage: "nfs", nfsServer: "192.168.42.1", nfsExport: "/srv/data" };

/** One node, without monitoring and with it, with all that it can have, and on NFS. */
let off: Run;
let on: Run;
let all: Run;
let nfs: Run;

jest.setTimeout(60_000); // enough for a machine that does other things too

useFolder();
beforeAll(async () => {
  off = await up(SMALL);
  on = await up(ON);
  all = await up(ALL);
  nfs = await up({ ...ON, ...NFS, grafana: "true" });
});

const isService = ({ type }: Registration) => type === "docker:index/service:Service";
/** The services of monitoring, by their names in the swarm. */
function services(run: Run): Map<string, Registration> {
  const own = run.resources.filter((one) => isService(one) && one.name.startsWith("monitoring-"));
  return new Map(own.map((one) => [one.inputs.name as string, one]));
}

function added(before: Run, after: Run): string[] {
  const known = keys(before);
  return after.resources
    .filter((one) => !known.includes(key(one)) && !COMPONENT.test(one.type))
    .map(({ name }) => name)
    .sort();
}

interface Spec {
  containerSpec: {
    args?: string[];
    env?: Record<string, string>;
    mounts?: { source: string; target: string; readOnly?: boolean; type: string }[];
    secrets?: { secretName: string; fileName: string }[];
  };
  networksAdvanceds: { id: string }[];
  placement: { constraints: string[] };
  resources: Record<"limits" | "reservation", { memoryBytes: number }>;
}
const spec = (run: Run, name: string) => services(run).get(name)!.inputs.taskSpec as Spec;
const content = (run: Run, name: string) => resource(run, name).inputs.stdin as string;

const ON_NODES = ["node-exporter", "cadvisor"];
const ON_MANAGERS = ["alertmanager", "api-reader", "blackbox-exporter", "controller", "prometheus"];

describe("monitoring", () => {
  test("is these services, with a network, secrets and configs, and nothing else", () => {
    const service = (name: string) => ["", "-image", "-removal"].map((part) => name + part);
    expect(added(off, on)).toEqual(
      [
        ...["monitoring-network", "monitoring-internal", "monitoring-admin"],
        ...["monitoring-password", "monitoring-web"],
        ...["alertmanager", "api-reader", "prometheus"].map((name) => `monitoring-${name}-config`),
        "monitoring-prometheus-alerts",
        "monitoring-controller-program",
        "monitoring-exporters-blackbox-config",
        ...["node", "cadvisor", "blackbox"].flatMap((n) => service(`monitoring-exporters-${n}`)),
        ...["alertmanager", "api-reader", "prometheus", "controller"].flatMap((n) =>
          service(`monitoring-${n}-service`),
        ),
      ].sort(),
    );
    expect(added(on, off)).toEqual([]);
  });

  test("opens nothing on nodes, and changes nothing that was there", () => {
    expect(changed(off, on)).toEqual([]);
  });

  test("runs exporters on every node, and the rest on managers", () => {
    expect([...services(on).keys()].sort()).toEqual([...ON_MANAGERS, ...ON_NODES].sort());
    for (const name of ON_NODES) expect(spec(on, name).placement.constraints).toEqual([]);
    for (const name of [...ON_MANAGERS, "grafana"]) {
      expect(spec(all, name).placement.constraints).toEqual(["node.role==manager"]);
    }
  });

  test("is on an encrypted network of its own; Prometheus alone is on the one for others' metrics too", () => {
    for (const [resourceName, name] of [
      ["monitoring-network", "monitoring"],
      ["monitoring-internal", "monitoring-internal"],
    ] as const) {
      const { inputs } = resource(on, resourceName);
      expect(inputs).toMatchObject({ name, options: { encrypted: "" } });
      expect(inputs).not.toHaveProperty("attachable");
    }
    for (const name of services(all).keys()) {
      expect([name, spec(all, name).networksAdvanceds]).toEqual([
        name,
        [
          { id: "monitoring-internal-id" },
          ...(name === "prometheus" ? [{ id: "monitoring-network-id" }] : []),
        ],
      ]);
    }
  });

  test("moved to it in stacks that had one network only, without another trigger", () => {
    for (const { name } of services(all).values()) {
      const removal = resource(all, `${name}-removal`);
      const [network] = removal.inputs.triggers as string[];
      expect(network).toBe("monitoring-network-id");
      expect(JSON.stringify(removal.inputs.triggers)).not.toContain("monitoring-internal");
      // It goes before that network, and together with it.
      expect(removal.dependsOn).toContain("monitoring-internal");
      const replaceWith = (removal.opts.replaceWith ?? []).map((one: Resource) => nameOf(one));
      expect(replaceWith).toEqual(["monitoring-internal"]);
    }
  });

  test("publishes nothing but what the config says", () => {
    const published = (run: Run) =>
      [...services(run)].filter(([, { inputs }]) => "endpointSpec" in inputs).map(([name]) => name);
    expect(published(on)).toEqual([]);
    expect(published(all).sort()).toEqual(["grafana", "prometheus"]);
  });

  test("takes less than 120 MB of a worker, and half of it for sure", () => {
    const most = (name: string) => spec(on, name).resources.limits.memoryBytes;
    expect(most("node-exporter") + most("cadvisor")).toBeLessThan(120_000_000);
    for (const name of services(all).keys()) {
      const { limits, reservation } = spec(all, name).resources;
      expect(reservation.memoryBytes).toBe(limits.memoryBytes / 2);
    }
    const reserved = [...services(all).keys()].map(
      (name) => spec(all, name).resources.reservation.memoryBytes,
    );
    expect(reserved.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThan(600_000_000);
  });

  test("writes to nothing of a node but its volumes", () => {
    for (const name of services(all).keys()) {
      const mounts = spec(all, name).containerSpec.mounts ?? [];
      const binds = mounts.filter(({ type }) => type === "bind");
      expect([name, binds.every(({ readOnly }) => readOnly)]).toEqual([name, true]);
    }
  });

  test("gives the engine's socket to api-reader and the controller alone, by name", () => {
    const withSocket = [...services(all).keys()].filter((name) =>
      spec(all, name).containerSpec.mounts?.some(({ source }) => source === "/var/run/docker.sock"),
    );
    expect(withSocket.sort()).toEqual(["api-reader", "controller"]);
  });
});

describe("its password", () => {
  test("is a secret output, and empty without monitoring", async () => {
    const password = ({ outputs }: Run) => resolve(outputs.monitoringPassword);
    expect(await password(on)).toEqual({ value: "open sesame", secret: true });
    expect(await password(off)).toEqual({ value: "", secret: true });
  });

  test("is in secrets of the swarm, and visible in no state", () => {
    expect(content(on, "monitoring-password")).toContain("open sesame");
    expect(content(on, "monitoring-web")).toContain("$2a$10$sesame");
    expect(content(all, "monitoring-alertmanager-config")).toContain(WEBHOOK);
    for (const name of ["password", "web", "alertmanager-config"]) {
      expect(resource(all, `monitoring-${name}`).shown.stdin).toBe("[secret]");
    }
    const shown = JSON.stringify(all.resources.map(({ shown }) => shown));
    expect(shown).not.toMatch(/open sesame|\$2a\$10|user:secret/);
  });

  /** What a secret or config of the swarm is called there. */
  const called = (run: Run, name: string) =>
    (resource(run, `monitoring-${name}`).inputs.triggers as string[])[0]!;

  test("cannot be confirmed by the name of its secret, nor can a webhook's", () => {
    const secrets = { password: "open sesame", "alertmanager-config": alertmanagerConfig(WEBHOOK) };
    for (const [name, guess] of Object.entries(secrets)) {
      expect(called(all, name)).toMatch(/^[a-z-]+-[0-9a-f]{12}$/);
      expect(called(all, name)).not.toContain(fingerprint(guess));
    }
    expect(called(all, "grafana-datasource")).toContain(
      fingerprint(staticFile("grafana-datasource.yml")),
    );
  });

  test("has a name by the key of the stack, as all secrets have, and configs have not", async () => {
    const other = (type: string, name: string, inputs: unknown) => ({
      ...outputs(type, name, inputs),
      ...(name === "secret-names" ? { result: "another key" } : {}),
    });
    const after = await up(ALL, { outputs: other });
    const made = (kind: string) =>
      all.resources
        .filter(({ inputs }) => `${inputs.create as string}`.includes(`-- create ${kind} `))
        .map(({ name }) => name)
        .sort();
    const renamed = changed(all, after);
    expect(renamed.filter((name) => made("secret").includes(name))).toEqual(made("secret"));
    expect(renamed.filter((name) => made("config").includes(name))).toEqual([]);
    expect(made("secret")).toContain("services-portainer-password");
    expect(made("config")).toContain("monitoring-prometheus-config");
  });

  test("is what Prometheus and Alertmanager ask for", () => {
    for (const name of ["prometheus", "alertmanager"]) {
      const { args, secrets } = spec(on, name).containerSpec;
      expect(args).toContain("--web.config.file=/run/secrets/monitoring-web.yml");
      expect(secrets!.map(({ fileName }) => fileName)).toContain("/run/secrets/monitoring-web.yml");
    }
  });
});

describe("a change", () => {
  test.each<[name: string, value: string, touched: string[]]>([
    ["scrapeSeconds", "30", ["controller-service", "prometheus-config", "prometheus-service"]],
    ["prometheusRetention", "30d", ["prometheus-service"]],
    ["alertWebhook", "https://example.org/a", ["alertmanager-config", "alertmanager-service"]],
    ["autoscaling", "true", ["controller-service"]],
    ["webPublish", "8080:80", ["prometheus-config", "prometheus-service"]],
  ])("of %s rolls what it is about", async (name, value, touched) => {
    const after = await up({ ...ON, [name]: value });
    const removals = (one: string) => !one.endsWith("-removal");
    expect(
      changed(on, after).filter((one) => one.startsWith("monitoring-") && removals(one)),
    ).toEqual(touched.map((one) => `monitoring-${one}`));
  });
});

describe("its parts", () => {
  test("know which ports are published, and stay as they are when there is a node more", async () => {
    expect(content(on, "monitoring-prometheus-config")).toContain("port: 80\n");
    // Portainer's is for administrators, and nodes are none.
    expect(content(on, "monitoring-prometheus-config")).not.toContain("port: 9000\n");
    const larger = await up({ ...ON, workers: "2" });
    expect(larger.resources.length).toBeGreaterThan(on.resources.length);
    expect(changed(on, larger).filter((name) => name.startsWith("monitoring-"))).toEqual([]);
  });

  test("keep their data on the storage, in folders of their users", () => {
    expect(resource(nfs, "volumes-folders").inputs.create).toContain(
      "192.168.42.1 /srv/data portainer prometheus\\:65534 alertmanager\\:65534 grafana\\:472",
    );
    const volume = (name: string) =>
      spec(nfs, name).containerSpec.mounts!.find(({ type }) => type === "volume")!;
    expect(volume("prometheus")).toMatchObject({
      target: "/prometheus",
      volumeOptions: { driverOptions: { device: ":/srv/data/prometheus" } },
    });
    expect(volume("grafana").target).toBe("/var/lib/grafana");
  });

  test("the controller is told whether it acts", () => {
    const env = (run: Run) => spec(run, "controller").containerSpec.env!;
    expect(env(on)).toMatchObject({ AUTOSCALE: "false", DRY_RUN: "false" });
    expect(env(all)).toMatchObject({ AUTOSCALE: "true", DRY_RUN: "true", INTERVAL_SECONDS: "15" });
    expect(content(on, "monitoring-controller-program")).not.toContain("undefined/");
  });

  test("Grafana comes with its dashboards", () => {
    expect(added(on, all).filter((name) => name.startsWith("monitoring-grafana"))).toEqual([
      "monitoring-grafana-dashboard-cluster",
      "monitoring-grafana-dashboard-node",
      "monitoring-grafana-dashboard-service",
      "monitoring-grafana-dashboards",
      "monitoring-grafana-datasource",
      "monitoring-grafana-key",
      "monitoring-grafana-key-file",
      "monitoring-grafana-service",
      "monitoring-grafana-service-image",
      "monitoring-grafana-service-removal",
    ]);
  });

  test("Grafana has a key of its own, as a file and marked secret", () => {
    const { env, secrets } = spec(all, "grafana").containerSpec;
    expect(env).toMatchObject({ GF_SECURITY_SECRET_KEY__FILE: "/run/secrets/grafana-key" });
    expect(secrets!.map(({ fileName }) => fileName)).toContain("/run/secrets/grafana-key");
    expect(content(all, "monitoring-grafana-key-file")).toContain("open sesame");
    expect(resource(all, "monitoring-grafana-key-file").shown.stdin).toBe("[secret]");
  });
});
