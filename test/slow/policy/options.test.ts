/**
 * The policies have nothing against any option of the program, on either target: each option alone on
 * a small stack, and all of them together on the stacks `dev` and `aws`.
 */
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { configKeys, type ConfigKey } from "../../../stacks/config";
import { readDeclaredKeys } from "../../../stacks/stackFile";
import { ec2Outputs, EXISTING, upOnEc2 } from "../../unit/ec2Run";
import { COMPOSE_FILE, folder, QCOW2, SMALL, up, useFolder } from "../../unit/graphRun";
import { stackOf, violations } from "../../unit/policy/run";

type Values = Partial<Record<ConfigKey, string>>;
type Target = "kvm" | "ec2";

const STORAGE: Record<Target, Values> = { kvm: { storage: "machine" }, ec2: { storage: "efs" } };
const MONITORING: Values = { monitoring: "true" };
const SUBNETS = "subnet-0000000000000000a,subnet-0000000000000000b";
const OTHER_IMAGE = join(folder, "other.qcow2");
const IMAGE_BYTES = Buffer.concat([QCOW2, Buffer.from("another")]);
const BACKUP_KEY = join(folder, "backup-key");

// An `up` with autolock asks the managers.
jest.mock("../../../components/remote/nodeScript", () => ({
  ...jest.requireActual<object>("../../../components/remote/nodeScript"),
  runOnManager: () => () => Promise.resolve(""),
}));

/**
 * For each key a value that is not its default, and what it takes beside it. A key of one target is
 * tried there only, and has `undefined` for the other.
 */
interface Option {
  value: string;
  /** Where it is tried. Default: on both. */
  target?: Target;
  /** What else it takes. */
  needs?: Values | ((target: Target) => Values);
  /** The policy that is there to refuse exactly this value. */
  refusedBy?: string;
  /** It excludes others, or takes away what they are about: it is not tried with them. */
  alone?: true;
}

const one = (value: string, more: Omit<Option, "value"> = {}): Option => ({ value, ...more });
const kvm = (value: string, more: Omit<Option, "value"> = {}) =>
  one(value, { target: "kvm", ...more });
const ec2 = (value: string, more: Omit<Option, "value"> = {}) =>
  one(value, { target: "ec2", ...more });

const OPTIONS: Record<ConfigKey, Option> = {
  target: ec2("ec2"),
  managers: one("5"),
  workers: one("2"),
  nodesAtOnce: one("2"),
  drainedNodes: one("mg0"),
  nodeLabels: one("mg0:disk=ssd"),
  memoryMiB: kvm("1024"),
  diskMB: one("30000"),
  vcpus: kvm("2"),
  image: kvm(OTHER_IMAGE),
  imageChecksum: kvm(`sha256:${createHash("sha256").update(IMAGE_BYTES).digest("hex")}`, {
    needs: { image: OTHER_IMAGE },
  }),
  sshUser: one("operator"),
  sshKeyRotation: one("2"),
  libvirtUri: kvm("qemu+ssh://me@host/system"),
  domainType: kvm("qemu"),
  poolPath: kvm("/srv/pool"),

  ec2InstanceType: ec2("t3.medium"),
  ec2Ami: ec2("ami-0123456789abcdef0"),
  ec2SpotWorkers: ec2("true"),
  ec2ElasticIps: ec2("all"),
  ec2SessionManager: ec2("true"),
  ec2VpcCidr: ec2("172.30.0.0/16"),
  ec2Zones: ec2("2"),
  // A VPC that exists, and one that the stack makes, exclude each other's keys.
  ec2VpcId: ec2(EXISTING.ec2VpcId, {
    alone: true,
    needs: { ...EXISTING, ec2PublicSubnets: SUBNETS },
  }),
  ec2PublicSubnets: ec2(SUBNETS, { alone: true, needs: EXISTING }),
  ec2InternalSubnets: ec2(SUBNETS, {
    alone: true,
    needs: { ...EXISTING, ec2PublicSubnets: SUBNETS, storage: "efs" },
  }),
  ec2AdminCidrs: ec2("198.51.100.7/32,203.0.113.0/24"),
  ec2IngressCidrs: ec2("192.0.2.0/24"),
  ec2Balancer: ec2("true"),
  ec2ApiBalancer: ec2("true", { needs: { apiOutside: "true" } }),

  natNetworkName: kvm("nat"),
  natNetworkCidr: kvm("192.168.124.0/24", {
    needs: { natNetworkAddresses: "192.168.124.10-192.168.124.250" },
  }),
  natNetworkBridge: kvm("nat0"),
  natNetworkMtu: kvm("1400"),
  natNetworkExists: kvm("true", { alone: true }), // others are about networks that the stack makes
  natNetworkAddresses: kvm("192.168.123.20-192.168.123.240", { alone: true }),
  adminCidrs: kvm("192.168.123.1/32"),
  internalNetworkName: kvm("internal"),
  internalNetworkCidr: kvm("192.168.43.0/24", {
    needs: { internalNetworkAddresses: "192.168.43.10-192.168.43.250" },
  }),
  internalNetworkBridge: kvm("int0"),
  internalNetworkMtu: kvm("1450"),
  internalNetworkExists: kvm("true", { alone: true }),
  internalNetworkAddresses: kvm("192.168.42.20-192.168.42.240", { alone: true }),
  nameservers: kvm("9.9.9.9"),

  registryMirror: one("http://10.9.8.7:5000"),
  overlayAddressPool: one("10.64.0.0/12"),
  tokenRotation: one("1"),
  caRotation: one("1"),
  ingressName: one("mesh"),
  ingressSubnet: one("10.12.0.0/16", { needs: { ingressGateway: "10.12.0.3" } }),
  ingressGateway: one("10.11.0.3", { alone: true }),
  ingressMtu: one("1300"),
  // Who wants it so says so to the policy, too.
  ingressEncrypted: one("false", { alone: true, refusedBy: "encrypted-ingress" }),
  gwbridgeSubnet: one("172.19.0.0/16"),
  gwbridgeIcc: one("true"),
  gwbridgeMasquerade: kvm("false", { alone: true, needs: { natNetworkExists: "true" } }),
  gwbridgeMtu: one("1400"),
  apiOutside: one("true"),
  certificateDays: one("100"),
  nodeCertificateDays: one("30"),
  certificateRenewDays: one("20"),
  certificateRotation: one("1"),

  web: one("false", { alone: true }),
  webImage: one("nginx:1.29.0-alpine"),
  webReplicas: one("2"),
  webPublish: one("host:80:80,8081:80", { needs: { webReplicas: "1" }, alone: true }),
  webAutoscale: one("max=2,min=1,requests=10", {
    needs: { autoscaling: "true", monitoring: "true" },
  }),
  webCpus: one("0.25"),
  portainer: one("false", { alone: true }),
  portainerImage: one("portainer/portainer-ce:2.28.0"),
  portainerMode: one("agent"),
  portainerAgentImage: one("portainer/agent:2.28.0", { needs: { portainerMode: "agent" } }),
  portainerPublish: one("9001:9000"),
  visualizer: one("true"),
  visualizerImage: one("dockersamples/visualizer:2", { needs: { visualizer: "true" } }),
  visualizerPublish: one("8085:8080", { needs: { visualizer: "true" } }),
  overlayCheck: one("true"),
  overlayCheckImage: one("busybox:1.36.0", { needs: { overlayCheck: "true" } }),
  dnsCache: one("true", { needs: { ec2IngressCidrs: "192.0.2.0/24" } }),
  dnsCacheImage: one("coredns/coredns:1.11.0", {
    needs: { dnsCache: "true", ec2IngressCidrs: "192.0.2.0/24" },
  }),
  dnsCachePublish: one("5353:53/udp", {
    needs: { dnsCache: "true", ec2IngressCidrs: "192.0.2.0/24" },
  }),
  composeFile: one(COMPOSE_FILE),
  composeName: one("shop", { needs: { composeFile: COMPOSE_FILE } }),
  externalPortainer: one("true"),
  operatorDocker: one("ssh://me@desk", { needs: { externalPortainer: "true" } }),
  externalPortainerPort: one("9191", { needs: { externalPortainer: "true" } }),

  monitoring: one("true"),
  prometheusImage: one("prom/prometheus:v3.6.0", { needs: MONITORING }),
  prometheusPublish: one("9090:9090", { needs: MONITORING }),
  prometheusRetention: one("2d", { needs: MONITORING }),
  scrapeSeconds: one("30", { needs: MONITORING }),
  alertmanagerImage: one("prom/alertmanager:v0.29.0", { needs: MONITORING }),
  alertmanagerPublish: one("9093:9093", { needs: MONITORING }),
  alertWebhook: one("https://example.org/alerts", { needs: MONITORING }),
  nodeExporterImage: one("prom/node-exporter:v1.10.0", { needs: MONITORING }),
  cadvisorImage: one("example.org/cadvisor:v0.53.0", { needs: MONITORING }),
  blackboxExporterImage: one("prom/blackbox-exporter:v0.28.0", { needs: MONITORING }),
  apiReaderImage: one("nginx:1.29.0-alpine", { needs: MONITORING }),
  grafana: one("true", { needs: MONITORING }),
  grafanaImage: one("grafana/grafana:12.1.0", { needs: MONITORING }),
  grafanaPublish: one("3000:3000", { needs: { ...MONITORING, grafana: "true" } }),
  controllerImage: one("node:24.0.0-alpine", { needs: MONITORING }),
  autoscaling: one("true", { needs: MONITORING }),
  autoscalingDryRun: one("true", { needs: { ...MONITORING, autoscaling: "true" } }),

  storage: one("nfs", { needs: { nfsServer: "192.0.2.9", nfsExport: "/srv" }, alone: true }),
  nfsServer: one("192.0.2.9", { needs: { storage: "nfs", nfsExport: "/srv" }, alone: true }),
  nfsExport: one("/srv", { needs: { storage: "nfs", nfsServer: "192.0.2.9" }, alone: true }),
  storageMemoryMiB: kvm("600", { needs: { storage: "machine" } }),
  storageDiskMB: kvm("6000", { needs: { storage: "machine" } }),
  backupSchedule: one("hourly", { needs: (target) => STORAGE[target] }),
  backupKeep: one("3", { needs: (target) => STORAGE[target] }),
  restore: one("20260101T000000Z-mg0", { needs: (target) => STORAGE[target] }),
  restoreKeyFile: one(BACKUP_KEY, { needs: (target) => STORAGE[target] }),
  restoreUnlockKey: one("SWMKEY-1-abc", { needs: (target) => STORAGE[target] }),
  autolock: one("true"),
  bootTimeoutSeconds: one("600"),
  joinTimeoutSeconds: one("200"),
  drainTimeoutSeconds: one("60"),
  serviceTimeoutSeconds: one("300"),
};

const run = {
  kvm: async (config: Values) => stackOf(await up(config)),
  ec2: async (config: Values) => stackOf(await upOnEc2(config), { answer: ec2Outputs }),
};

jest.setTimeout(60_000); // enough for a machine that does other things too

useFolder();
beforeAll(() => {
  writeFileSync(OTHER_IMAGE, IMAGE_BYTES);
  writeFileSync(BACKUP_KEY, "-----BEGIN OPENSSH PRIVATE KEY-----\nkey\n");
});

const declared = readDeclaredKeys(join(__dirname, "../../.."));

function needsOf({ needs = {} }: Option, target: Target): Values {
  return typeof needs === "function" ? needs(target) : needs;
}

/** The options of a target. */
function optionsOf(target: Target): [ConfigKey, Option][] {
  return (Object.entries(OPTIONS) as [ConfigKey, Option][]).filter(
    ([, option]) => (option.target ?? target) === target,
  );
}

/**
 * What only says how much, how long or which version takes away no resource that a policy could have
 * something against: it is tried with all others only.
 */
const isShape = ([key, { alone }]: [ConfigKey, Option]) =>
  alone ?? (declared[key]!.type !== "integer" && !key.endsWith("Image"));

test("every key has a value here that is not its default", () => {
  expect(Object.keys(OPTIONS).sort()).toEqual([...configKeys].sort());
  expect(Object.keys(declared).sort()).toEqual([...configKeys].sort());
  for (const key of configKeys) {
    expect([key, OPTIONS[key].value]).not.toEqual([key, String(declared[key]!.default)]);
  }
});

describe.each<Target>(["kvm", "ec2"])("on %s the policies have nothing against", (target) => {
  test.each(optionsOf(target).filter(isShape))("%s", async (key, option) => {
    const config = { ...SMALL, ...needsOf(option, target), [key]: option.value };
    const found = violations(await run[target](config));
    const expected = option.refusedBy ? [expect.stringContaining(`${option.refusedBy}: `)] : [];
    expect(found).toEqual(expected);
  });

  test("all of them together", async () => {
    const together = optionsOf(target).filter(([, { alone }]) => !alone);
    const config = Object.assign(
      {},
      ...together.map(([, option]) => needsOf(option, target)),
      Object.fromEntries(together.map(([key, { value }]) => [key, value])),
      STORAGE[target],
    ) as Values;
    expect(violations(await run[target](config))).toEqual([]);
  });
});
