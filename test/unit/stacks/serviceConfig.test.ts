import { config, good, problems, type Values } from "./configProblems";

/** With every key that autoscaling needs. */
const SCALED = {
  monitoring: "true",
  autoscaling: "true",
  webAutoscale: "max=5,cpu=50",
  webCpus: "0.25",
};
const DIGEST = `@sha256:${"0123456789abcdef".repeat(4)}`;

describe("one bad value is one problem, which says what to write instead", () => {
  const WHOLE = "is not a whole number; write a whole number from";
  const BOOLEAN = "is neither true nor false; write true or false";
  const IMAGE = "write an image with its version, such as nginx:1.28.0-alpine";
  const NO_IMAGE = `is not the name of a container image; ${IMAGE}`;
  const NO_VERSION = `has no version; ${IMAGE}`;
  const PUBLISH =
    "is no list of published ports (1 to 65535); write 8080:80 or 80:80,host:53:53/udp, or nothing";
  const DURATION =
    "is no length of time that Prometheus knows; write one such as 15d, 12h or 1d12h";
  const WEBHOOK =
    "is no http:// or https:// URL; write one such as https://example.org/alerts, or nothing";
  const MODE = "is not how Portainer reaches the swarm; write socket or agent";
  const COMPOSE_FILE = "is no path of a YAML file; write one such as compose.yaml, or nothing";
  const COMPOSE_NAME =
    "is not a name that Docker takes for a stack; write 1 to 40 small letters, digits, dashes " +
    "and underscores that start with a letter or digit";
  const AUTOSCALE_LIST =
    "is no list of NAME=VALUE, each name once; write one such as max=5,cpu=50, or nothing";
  const CPUS = "write a number of CPUs such as 0.25, or nothing";
  const DOCKER = "write one such as unix:///var/run/docker.sock or ssh://user@host";
  const NO_DOCKER = `is not the address of a Docker engine; ${DOCKER}`;
  const STORAGE =
    "is not a kind of storage; write none, nfs (with nfsServer and nfsExport), machine (on KVM) or " +
    "efs (on EC2)";
  const SERVER = "is no IPv4 address and no host name; write one such as 192.168.42.1";
  const EXPORT =
    "is no absolute path without spaces, commas and colons; write one such as /srv/swarm";

  test.each<[key: string, value: string, message: string]>([
    // Switches
    ["web", "on", BOOLEAN],
    ["portainer", "1", BOOLEAN],
    ["visualizer", "", BOOLEAN],
    ["overlayCheck", "True", BOOLEAN],
    ["dnsCache", "yes", BOOLEAN],
    ["externalPortainer", "maybe", BOOLEAN],
    ["monitoring", "on", BOOLEAN],
    ["grafana", "1", BOOLEAN],
    ["autoscaling", "", BOOLEAN],
    ["autoscalingDryRun", "yes", BOOLEAN],

    // Images
    ["webImage", "", NO_IMAGE],
    ["webImage", "Nginx:1.28.0", NO_IMAGE],
    ["webImage", "nginx:1.28.0:1", NO_IMAGE],
    ["webImage", "nginx:", NO_IMAGE],
    ["webImage", "https://example.org/nginx:1", NO_IMAGE],
    ["webImage", "nginx latest", NO_IMAGE],
    ["webImage", "nginx", NO_VERSION],
    ["portainerImage", "example.org:5000/portainer", NO_VERSION],
    [
      "portainerImage",
      "portainer/portainer-ce:latest",
      `is another image every few weeks; ${IMAGE}`,
    ],
    ["portainerAgentImage", "portainer//agent:2", NO_IMAGE],
    ["visualizerImage", "visualizer@sha256:0123", NO_IMAGE],
    ["overlayCheckImage", `busybox:${"1".repeat(129)}`, NO_IMAGE],
    ["dnsCacheImage", " coredns:1", 'has white space around it; write "coredns:1"'],

    ["prometheusImage", "prom/prometheus", NO_VERSION],
    ["alertmanagerImage", "", NO_IMAGE],
    ["nodeExporterImage", "prom//node-exporter:v1", NO_IMAGE],
    ["cadvisorImage", "gcr.io/cadvisor/cadvisor", NO_VERSION],
    ["blackboxExporterImage", "prom/blackbox-exporter", NO_VERSION],
    ["apiReaderImage", "nginx:latest", `is another image every few weeks; ${IMAGE}`],
    ["grafanaImage", "grafana/grafana", NO_VERSION],
    ["controllerImage", "node", NO_VERSION],

    // Autoscaling
    ["webAutoscale", "on", AUTOSCALE_LIST],
    ["webAutoscale", "max=5,,cpu=50", AUTOSCALE_LIST],
    ["webAutoscale", "max=5,max=6,cpu=50", AUTOSCALE_LIST],
    [
      "webAutoscale",
      "max=0,cpu=50",
      'is no autoscaling: max: "0" is less than 1; write a whole number from 1 to 1000',
    ],
    [
      "webAutoscale",
      "max=2,min=3,memry=50",
      'is no autoscaling: memry: "50" is set, but there is no such label; write memory, or remove ' +
        'it; min: "3" is more than the most replicas, 2; write at most 2; cpu: no target is set; ' +
        'write "50", or a target of memory, requests or a query',
    ],
    ["webCpus", "half", `is no number with up to three decimals; ${CPUS}`],
    ["webCpus", "0.0001", `is no number with up to three decimals; ${CPUS}`],
    ["webCpus", "0.0", `is not above 0 and up to 64, as nodes have CPUs; ${CPUS}`],
    ["webCpus", "65", `is not above 0 and up to 64, as nodes have CPUs; ${CPUS}`],
    ["autoscaling", "web", BOOLEAN],

    // Sizes and ports
    ["webReplicas", "-1", "is less than 0; write a whole number from 0 to 500"],
    ["webReplicas", "501", "is more than 500; write a whole number from 0 to 500"],
    ["webReplicas", "all", `${WHOLE} 0 to 500`],
    ["webPublish", "80", PUBLISH],
    ["webPublish", "80:80;81:80", PUBLISH],
    ["webPublish", "80:65536", PUBLISH],
    ["portainerPublish", "mesh:9000:9000", PUBLISH],
    ["visualizerPublish", "8080:8080/sctp", PUBLISH],
    ["dnsCachePublish", "53:53/udp,", PUBLISH],
    ["webPublish", "80:80 ", 'has white space around it; write "80:80"'],
    ["webPublish", "80:80,host:80:8080", "publishes 80/tcp twice; write each port once"],
    ["dnsCachePublish", "53:53/udp, 53:54/udp", "publishes 53/udp twice; write each port once"],

    ["prometheusPublish", "9090", PUBLISH],
    ["alertmanagerPublish", "9093:9093/sctp", PUBLISH],
    ["grafanaPublish", "3000:65536", PUBLISH],

    // Monitoring
    ["prometheusRetention", "", DURATION],
    ["prometheusRetention", "15", DURATION],
    ["prometheusRetention", "0d", DURATION],
    ["prometheusRetention", "12h1d", DURATION],
    ["prometheusRetention", "two weeks", DURATION],
    ["scrapeSeconds", "4", "is less than 5; write a whole number from 5 to 300"],
    ["scrapeSeconds", "301", "is more than 300; write a whole number from 5 to 300"],
    ["scrapeSeconds", "15s", `${WHOLE} 5 to 300`],
    ["alertWebhook", "example.org/alerts", WEBHOOK],
    ["alertWebhook", "ftp://example.org/alerts", WEBHOOK],
    ["alertWebhook", "https://", WEBHOOK],

    // Portainer and compose
    ["portainerMode", "", MODE],
    ["portainerMode", "Agent", MODE],
    ["composeFile", "compose.json", COMPOSE_FILE],
    ["composeFile", "stacks/", COMPOSE_FILE],
    ["composeName", "", COMPOSE_NAME],
    ["composeName", "My Stack", COMPOSE_NAME],
    ["composeName", "-stack", COMPOSE_NAME],
    ["composeName", "s".repeat(41), COMPOSE_NAME],
    ["operatorDocker", "", NO_DOCKER],
    ["operatorDocker", "/var/run/docker.sock", NO_DOCKER],
    ["operatorDocker", "unix:/var/run/docker.sock", NO_DOCKER],
    ["operatorDocker", "http://localhost:2375", NO_DOCKER],
    ["operatorDocker", "unix://", `names no socket by an absolute path; ${DOCKER}`],
    ["operatorDocker", "unix://run/docker.sock", `names no socket by an absolute path; ${DOCKER}`],
    ["operatorDocker", "ssh://", `names no host; ${DOCKER}`],
    [
      "operatorDocker",
      "tcp://192.168.1.5:2375",
      `is reached without TLS, so the swarm's client key would travel in clear; ${DOCKER}`,
    ],
    ["externalPortainerPort", "0", "is less than 1; write a whole number from 1 to 65535"],
    ["externalPortainerPort", "65536", "is more than 65535; write a whole number from 1 to 65535"],

    // Storage
    ["storage", "", STORAGE],
    ["storage", "ceph", STORAGE],
    [
      "storageMemoryMiB",
      "511",
      "is less than 512, the MiB that the node image needs to boot and to serve files; " +
        "write a whole number from 512 to 1048576",
    ],
    ["storageMemoryMiB", "1g", `${WHOLE} 512 to 1048576`],
    [
      "storageDiskMB",
      "999",
      "is less than 1000, the MB that a file system and some data need; " +
        "write a whole number from 1000 to 10000000",
    ],
    [
      "storageDiskMB",
      "10000001",
      "is more than 10000000; write a whole number from 1000 to 10000000",
    ],
    ["nfsServer", "192.168.42.256", SERVER],
    ["nfsServer", "192.168.42.1/24", SERVER],
    ["nfsServer", "192.168.42.1:/srv", SERVER],
    ["nfsServer", "my_server", SERVER],
    ["nfsExport", "srv/swarm", EXPORT],
    ["nfsExport", "/srv/my swarm", EXPORT],
    ["nfsExport", "/srv,rw", EXPORT],
    ["nfsExport", "192.168.42.1:/srv/swarm", EXPORT],
  ])("%s: %j", (key, value, message) => {
    expect(problems({ [key]: value })).toEqual([`${key}: ${JSON.stringify(value)} ${message}`]);
  });
});

describe("values that do not go together", () => {
  test.each<[port: string, publish: string, whose: string]>([
    ["22/tcp", "22:22", "SSH"],
    ["2376/tcp", "2376:80", "the engine's API"],
    ["2377/tcp", "80:80,2377:80", "the swarm's managers"],
    ["4789/udp", "4789:4789/udp", "overlay networks"],
    ["7946/tcp", "7946:80", "the swarm's gossip"],
    ["7946/udp", "host:7946:53/udp", "the swarm's gossip"],
    ["9323/tcp", "9323:80", "the engine's metrics"],
  ])("a service on the nodes' own %s", (port, publish, whose) => {
    expect(problems({ webPublish: publish })).toEqual([
      `webPublish: "${publish}" publishes ${port}, which is the nodes' own (${whose}); ` +
        "write another port",
    ]);
  });

  test.each<[key: string, changes: Values]>([
    ["portainerPublish", {}],
    ["visualizerPublish", { visualizer: "true" }],
    ["dnsCachePublish", { dnsCache: "true" }],
    ["prometheusPublish", { monitoring: "true" }],
    ["alertmanagerPublish", { monitoring: "true" }],
    ["grafanaPublish", { monitoring: "true", grafana: "true" }],
  ])("a port of the nodes' own in %s", (key, changes) => {
    expect(problems({ ...changes, [key]: "22:22" })).toEqual([
      `${key}: "22:22" publishes 22/tcp, which is the nodes' own (SSH); write another port`,
    ]);
  });

  test.each<[one: string, other: string, changes: Values]>([
    ["web", "portainer", {}],
    ["web", "visualizer", { visualizer: "true" }],
    ["portainer", "visualizer", { visualizer: "true" }],
    ["web", "dnsCache", { dnsCache: "true" }],
    ["visualizer", "dnsCache", { visualizer: "true", dnsCache: "true" }],
    ["web", "prometheus", { monitoring: "true" }],
    ["prometheus", "alertmanager", { monitoring: "true" }],
    ["alertmanager", "grafana", { monitoring: "true", grafana: "true" }],
  ])("%s and %s on the same port", (one, other, changes) => {
    const ports = { [`${one}Publish`]: "7000:1,7001:2", [`${other}Publish`]: "host:7001:3" };
    expect(problems({ ...changes, ...ports })).toEqual([
      `${other}Publish: "host:7001:3" publishes 7001/tcp, which ${one} publishes too ` +
        `(${one}Publish); write another port`,
    ]);
  });

  test.each(["grafana", "autoscaling"])("%s without monitoring", (key) => {
    expect(problems({ [key]: "true" })).toEqual([
      `${key}: "true" needs monitoring, which is false; write monitoring: true, or false here`,
    ]);
    expect(problems({ [key]: "true", monitoring: "true" })).toEqual([]);
  });

  test("three services on the same port", () => {
    const changes = {
      visualizer: "true",
      portainerPublish: "80:9000",
      visualizerPublish: "80:8080",
    };
    expect(problems(changes).map((problem) => problem.split(";")[0])).toEqual([
      'portainerPublish: "80:9000" publishes 80/tcp, which web publishes too (webPublish)',
      'visualizerPublish: "80:8080" publishes 80/tcp, which web publishes too (webPublish)',
      'visualizerPublish: "80:8080" publishes 80/tcp, which portainer publishes too ' +
        "(portainerPublish)",
    ]);
  });

  test("host mode with more replicas than nodes", () => {
    const changes = { webPublish: "8080:80,host:80:80", webReplicas: "7" };
    expect(problems(changes)).toEqual([
      'webReplicas: "7" is more than the stack has nodes (6), and each has a "host:" port of ' +
        "webPublish for one replica only; write at most 6",
    ]);
    expect(problems({ ...changes, workers: "4" })).toEqual([]);
    expect(problems({ ...changes, webPublish: "80:80" })).toEqual([]);
  });

  test("host mode with more autoscaled replicas than nodes", () => {
    const changes = { ...SCALED, webPublish: "host:80:80", webReplicas: "9" };
    expect(problems({ ...changes, webAutoscale: "max=6,cpu=50" })).toEqual([]);
    expect(problems({ ...changes, webAutoscale: "max=7,cpu=50" })).toEqual([
      'webAutoscale: "max=7,cpu=50" has more replicas than the stack has nodes (6), and each has a ' +
        '"host:" port of webPublish for one replica only; write at most max=6',
    ]);
  });

  test("web is autoscaled, and nothing scales", () => {
    expect(problems({ ...SCALED, autoscaling: "false" })).toEqual([
      'webAutoscale: "max=5,cpu=50" is set, but nothing acts on it; write autoscaling: true, or nothing',
    ]);
  });

  test("a share of CPUs that are not given", () => {
    expect(problems({ ...SCALED, webCpus: "" })).toEqual([
      'webAutoscale: "max=5,cpu=50" has a target of CPU, which is a share of webCpus, and that is ' +
        "empty; write how many CPUs a replica has, such as webCpus: 0.25",
    ]);
    expect(problems({ ...SCALED, webCpus: "", webAutoscale: "max=5,requests=20" })).toEqual([]);
  });

  test("NFS without a server or an export", () => {
    const server = 'nfsServer: "" is empty, but storage is nfs; write one such as 192.168.42.1';
    const folder = 'nfsExport: "" is empty, but storage is nfs; write one such as /srv/swarm';
    const otherwise = ", or storage: none";
    const nfs = { storage: "nfs", nfsServer: "192.168.42.1", nfsExport: "/srv/swarm" };
    expect(problems({ storage: "nfs" })).toEqual([server + otherwise, folder + otherwise]);
    expect(problems({ ...nfs, nfsServer: "" })).toEqual([server + otherwise]);
    expect(problems({ ...nfs, nfsExport: "" })).toEqual([folder + otherwise]);
  });

  test.each(["none", "machine"])("a server and an export without NFS: storage %s", (storage) => {
    const remedy = `is set, but storage is ${storage}; write nothing, or storage: nfs`;
    const changes = { storage, nfsServer: "192.168.42.1", nfsExport: "/srv/swarm" };
    expect(problems(changes)).toEqual([
      `nfsServer: "192.168.42.1" ${remedy}`,
      `nfsExport: "/srv/swarm" ${remedy}`,
    ]);
  });
});

describe("good values", () => {
  test.each<[what: string, changes: Values]>([
    ["an image by digest", { webImage: `nginx${DIGEST}` }],
    ["an image by tag and digest", { webImage: `nginx:1.28.0-alpine${DIGEST}` }],
    ["even the latest, by digest", { webImage: `nginx:latest${DIGEST}` }],
    ["an image of a registry with a port", { webImage: "registry.example.org:5000/a/b/nginx:1" }],
    ["an image of a registry by address", { webImage: "192.168.123.1:5000/nginx:1" }],
    ["an image with all signs", { webImage: "localhost/my_team/web__server-x.y:V1_2.3-rc" }],
    ["nothing published", { webPublish: "", portainerPublish: "" }],
    ["UDP and TCP of the same number", { dnsCache: "true", dnsCachePublish: "80:53/udp" }],
    ["both in one list", { dnsCache: "true", dnsCachePublish: "53:53,host:53:53/udp" }],
    ["one port of a container on two of the nodes", { webPublish: "80:80,8080:80" }],
    ["Prometheus on a port of another that is off", { prometheusPublish: "80:9090" }],
    ["a length of time in parts", { prometheusRetention: "1w2d12h" }],
    ["a webhook", { alertWebhook: "https://user:secret@example.org:8443/hook?a=b" }],
    ["a port that only a service which is off has", { visualizerPublish: "80:8080" }],
    ["a port of the nodes' own of a service that is off", { dnsCachePublish: "22:22" }],
    ["TCP where the nodes have UDP", { webPublish: "4789:80" }],
    ["no replicas", { webReplicas: "0" }],
    ["as many replicas as nodes in host mode", { webPublish: "host:80:80", webReplicas: "6" }],
    [
      "more replicas than nodes of a service that is off",
      { web: "false", webPublish: "host:80:80", webReplicas: "500" },
    ],
    ["a compose file elsewhere", { composeFile: "../other/docker-compose.yml" }],
    ["the operator's Docker over SSH", { operatorDocker: "ssh://user@host.example.org:2222" }],
    ["a storage machine", { storage: "machine", storageDiskMB: "200000" }],
    ["NFS by name", { storage: "nfs", nfsServer: "nas.example.org", nfsExport: "/" }],
  ])("%s", (_what, changes) => {
    expect(problems(changes)).toEqual([]);
  });

  test("become what a service is autoscaled by, with nothing that was not said", () => {
    const list = "max=5, min=2,cpu=50,window-down=60,dry-run=true";
    const { webAutoscale, webCpus } = config({ ...SCALED, webAutoscale: list });
    expect(webAutoscale).toEqual({
      ...{ max: 5, min: 2, cpuPercent: 50, windowDownSeconds: 60, dryRun: true },
    });
    expect(webCpus).toBe(0.25);
    const off = config();
    expect([off.webAutoscale, off.webCpus]).toEqual([undefined, undefined]);
  });

  test("become ports", () => {
    expect(config({ webPublish: "host:8080:80, 53:53/udp" }).webPublish).toEqual([
      { mode: "host", protocol: "tcp", published: 8080, target: 80 },
      { mode: "ingress", protocol: "udp", published: 53, target: 53 },
    ]);
    expect(config({ webPublish: "" }).webPublish).toEqual([]);
  });
});

describe("default images", () => {
  /** The oldest versions that speak to every engine that can be there, Docker 29 with them. */
  const OLDEST: [key: string, version: string, source: string][] = [
    ["portainerImage", "2.33.5", "https://github.com/portainer/portainer/issues/12934"],
    ["portainerAgentImage", "2.33.5", "https://github.com/portainer/portainer/issues/12934"],
    // Layers of containerd since 0.54, API versions from 1.40 (Docker 19.03) on since 0.57.
    ["cadvisorImage", "0.57.0", "https://github.com/google/cadvisor/issues/3749"],
  ];

  test.each(OLDEST)("%s is %s or newer (%s)", (key, oldest) => {
    const [, version] = /:v?(\d+\.\d+\.\d+)$/.exec(good[key]!)!;
    expect(version!.localeCompare(oldest, "en", { numeric: true })).toBeGreaterThanOrEqual(0);
  });

  test("Portainer and its agent are of one version", () => {
    const tag = (image: string) => image.split(":").at(-1);
    expect(tag(good.portainerAgentImage!)).toBe(tag(good.portainerImage!));
  });
});
