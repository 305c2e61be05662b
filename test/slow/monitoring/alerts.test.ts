/** Prometheus' own tools, on the configuration that the stack gives them. */
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { parse, stringify } from "yaml";
import { alertmanagerConfig } from "../../../components/monitoring/alertmanagerConfig";
import {
  prometheusConfig,
  PROMETHEUS_FILES,
} from "../../../components/monitoring/prometheusConfig";
import { webConfig } from "../../../components/monitoring/webConfig";

jest.setTimeout(30_000); // enough for a machine that does other things too

const PROJECT = join(__dirname, "../../..");
const TOOLS = join(PROJECT, ".cache/tools/usr/bin");
const FILES = join(PROJECT, "components/monitoring/files");
const TESTS = join(PROJECT, "test/alerts");
const RULES = join(FILES, "alerts.yml");

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "alerts-test-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What a tool says; it fails with that. */
async function tool(name: string, ...args: string[]): Promise<string> {
  try {
    const { stdout, stderr } = await promisify(execFile)(join(TOOLS, name), args);
    return stdout + stderr;
  } catch (error) {
    const { stdout, stderr, message } = error as Record<string, string>;
    throw new Error(`${message}\n${stdout}${stderr}`, { cause: error });
  }
}

function written(name: string, content: string): string {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
}

interface Rule {
  alert: string;
  labels: { severity: string };
  annotations: Record<string, string>;
}
const rules: Rule[] = parse(readFileSync(RULES, "utf8")).groups.flatMap(
  (group: { rules: Rule[] }) => group.rules,
);

describe("an alert", () => {
  interface Suite {
    tests: { name: string; alert_rule_test: { alertname: string; exp_alerts: object[] }[] }[];
  }
  const files = readdirSync(TESTS);
  const asserted = files.flatMap((file) =>
    (parse(readFileSync(join(TESTS, file), "utf8")) as Suite).tests.flatMap(
      (one) => one.alert_rule_test,
    ),
  );

  test.each(files)("fires when it should, and not before: %s", async (file) => {
    expect(await tool("promtool", "test", "rules", join(TESTS, file))).toContain("SUCCESS");
  });

  test.each(rules.map(({ alert }) => alert))("%s is seen firing and silent", (alert) => {
    const seen = asserted.filter(({ alertname }) => alertname === alert);
    expect(seen.some(({ exp_alerts }) => exp_alerts.length > 0)).toBe(true);
    expect(seen.some(({ exp_alerts }) => exp_alerts.length === 0)).toBe(true);
  });

  test.each(rules.map((rule) => [rule.alert, rule] as const))(
    "%s says how bad it is, what is wrong and what to do",
    (_, { labels, annotations }) => {
      expect(["critical", "warning", "info"]).toContain(labels.severity);
      expect(Object.keys(annotations).sort()).toEqual(["description", "runbook", "summary"]);
    },
  );

  test("has its row in docs/monitoring.md", () => {
    const docs = readFileSync(join(PROJECT, "docs/monitoring.md"), "utf8");
    const rows = [...docs.matchAll(/^\| `(\w+)` \| (critical|warning|info) \|/gm)];
    expect(rows.map(([, name, severity]) => [name, severity])).toEqual(
      rules.map(({ alert, labels }) => [alert, labels.severity]),
    );
  });
});

describe("the configuration", () => {
  const config = (scrapeSeconds = 15, meshPorts = [80, 9000]) =>
    prometheusConfig({ scrapeSeconds, meshPorts });

  test.each<[what: string, text: string]>([
    ["as it is by default", config()],
    ["with the longest interval", config(300)],
    ["with nothing published", config(5, [])],
  ])("of Prometheus is good: %s", async (_, text) => {
    const password = written("password", "open sesame");
    const here = text
      .replaceAll("/run/secrets/monitoring-password", password)
      .replace(PROMETHEUS_FILES.alerts, RULES);
    const said = await tool("promtool", "check", "config", written("prometheus.yml", here));
    expect(said).toContain(`${rules.length} rules found`);
  });

  test("is Prometheus' alone to read what asks for a password", () => {
    const { scrape_configs } = parse(config()) as {
      scrape_configs: { job_name: string; basic_auth?: object }[];
    };
    expect(
      scrape_configs.filter(({ basic_auth }) => basic_auth).map(({ job_name }) => job_name),
    ).toEqual(["prometheus", "alertmanager"]);
    expect(scrape_configs.map(({ job_name }) => job_name)).toEqual([
      ...["prometheus", "alertmanager", "nodes", "cadvisor", "controller", "tasks", "ingress"],
    ]);
  });

  test("finds monitoring's own parts on their own network, and others' tasks on the other", () => {
    const { scrape_configs } = parse(config()) as {
      scrape_configs: {
        job_name: string;
        relabel_configs?: { source_labels?: string[]; regex?: string; action?: string }[];
      }[];
    };
    const networks = scrape_configs.flatMap(({ job_name, relabel_configs = [] }) =>
      relabel_configs
        .filter(({ source_labels }) => `${source_labels}` === "__meta_dockerswarm_network_name")
        .map(({ regex, action }) => [job_name, action, regex]),
    );
    expect(networks).toEqual([
      ["nodes", "keep", "monitoring-internal"],
      ["cadvisor", "keep", "monitoring-internal"],
      ["controller", "keep", "monitoring-internal"],
      ["tasks", "keep", "monitoring"],
    ]);
  });

  test("asks no port of a node's own", () => {
    expect(config()).not.toMatch(/:(2376|9323|7946)\b/);
  });

  test("says of a node exporter whether it is on a manager, for QuorumAtRisk", () => {
    const { scrape_configs } = parse(config()) as {
      scrape_configs: { job_name: string; relabel_configs?: object[] }[];
    };
    const nodes = scrape_configs.find(({ job_name }) => job_name === "nodes")!;
    expect(nodes.relabel_configs).toContainEqual({
      source_labels: ["__meta_dockerswarm_node_role"],
      target_label: "role",
    });
  });

  test("tries every published port on every node", () => {
    const { scrape_configs } = parse(config()) as {
      scrape_configs: {
        job_name: string;
        dockerswarm_sd_configs?: { role: string; port?: number }[];
        relabel_configs: {
          source_labels?: string[];
          target_label?: string;
          regex?: string;
          replacement?: string;
        }[];
      }[];
    };
    const ingress = scrape_configs.find(({ job_name }) => job_name === "ingress")!;
    expect(ingress.dockerswarm_sd_configs!.map(({ role, port }) => [role, port])).toEqual([
      ["nodes", 80],
      ["nodes", 9000],
    ]);
    const relabelled = (label: string, from: string, seen: string) => {
      const rule = ingress.relabel_configs.find(({ target_label }) => target_label === label)!;
      expect(rule.source_labels).toEqual(from.split(";"));
      return seen.replace(new RegExp(`^(?:${rule.regex!})$`), rule.replacement ?? "$1");
    };
    const address = "__meta_dockerswarm_node_label_swarm_address";
    const node = "192.168.42.20:9000"; // by its advertise address
    expect(relabelled("__param_target", `${address};__address__`, `192.168.123.20;${node}`)).toBe(
      "192.168.123.20:9000",
    );
    expect(relabelled("port", "__address__", node)).toBe("9000");
    const labelled = { source_labels: [address], regex: ".+", action: "keep" };
    expect(ingress.relabel_configs[0]).toEqual(labelled);
  });

  test.each(["", "https://example.org/alerts?a=b"])(
    "of Alertmanager is good: webhook %j",
    async (webhook) => {
      const text = alertmanagerConfig(webhook);
      expect(text.includes("webhook_configs")).toBe(webhook !== "");
      const said = await tool("amtool", "check-config", written("alertmanager.yml", text));
      expect(said).toContain("SUCCESS");
    },
  );

  test("of who may ask is good", async () => {
    const file = written(
      "web.yml",
      webConfig("$2a$10$abcdefghijklmnopqrstuuJ5qZ1nV9c5bB0x0Ge1rTqYb1rVwXyZe"),
    );
    expect(await tool("promtool", "check", "web-config", file)).toContain("SUCCESS");
  });
});

describe("a dashboard", () => {
  interface Dashboard {
    uid: string;
    panels: { id: number; title: string; targets: { expr: string }[] }[];
  }
  const names = readdirSync(join(FILES, "dashboards"));
  const read = (name: string): Dashboard =>
    JSON.parse(readFileSync(join(FILES, "dashboards", name), "utf8"));

  test.each(names)("asks what Prometheus understands: %s", async (name) => {
    const expressions = read(name)
      .panels.flatMap(({ targets }) => targets.map(({ expr }) => expr))
      // Grafana fills these in.
      .map((expr) => expr.replaceAll("$__rate_interval", "1m").replace(/\$(node|service)\b/g, "x"));
    expect(expressions.length).toBeGreaterThan(8);
    const recorded = expressions.map((expr, i) => ({ record: `panel:${i}`, expr }));
    const file = written(`${name}.yml`, stringify({ groups: [{ name, rules: recorded }] }));
    const said = await tool("promtool", "check", "rules", file);
    expect(said).toContain(`SUCCESS: ${expressions.length} rules found`);
  });

  test("is one of three, each with a name of its own in Grafana", () => {
    expect(names.map((name) => read(name).uid)).toEqual([
      "swarm-cluster",
      "swarm-node",
      "swarm-service",
    ]);
  });
});
