import { composePorts, composeProblems } from "../../../components/service/compose";
import { planServices } from "../../../stacks/services";
import { config } from "../stacks/configProblems";

/** Beside the web server on 80/tcp, Portainer on 9000/tcp and the DNS cache on 53/udp. */
const services = planServices(config({ dnsCache: "true" }));
const problems = (text: string) => composeProblems(text, services);
const withPorts = (ports: string) => `services: { app: { image: "app:1", ports: ${ports} } }`;

describe("a good compose file", () => {
  test.each<[what: string, text: string]>([
    ["no services", "services: {}"],
    ["no ports", "services: { app: { image: app:1 } }"],
    ["keys that are none of our business", "services: { app: { image: app:1, x-y: 1 } }\nx: 1"],
    ["ports of its own", withPorts('["8080:80", "53:53", "80:80/udp", "8022:22"]')],
    ["ports that Docker chooses", withPorts('[80, "9000"]')],
    ["ports of its own, at length", withPorts("[{ target: 80, published: 8080 }]")],
    ["a port that Docker chooses, at length", withPorts("[{ target: 80 }]")],
  ])("%s", (_what, text) => {
    expect(problems(text)).toEqual([]);
  });
});

describe("a compose file that is none", () => {
  test.each<[text: string, message: string]>([
    ["", "is no compose file; write one with services in it"],
    ["text", "is no compose file; write one with services in it"],
    ["version: 3", "is wrong at services: no services; write them as NAME: { image: IMAGE }"],
    ["services: { app: }", "is wrong at services.app: no service; write an image at least"],
    [
      "services: { app: { build: . } }",
      "is wrong at services.app.image: no image; write one, since nodes build none",
    ],
  ])("%j", (text, message) => {
    expect(problems(text)).toEqual([message]);
  });

  test("is told where it is no YAML", () => {
    expect(problems("services: [")).toEqual([
      expect.stringMatching(/^is not YAML: .* at line 1, column 12$/),
    ]);
  });
});

describe("a port that a service of the stack has already", () => {
  test.each<[ports: string, taken: string, whose: string]>([
    ['["80:8080"]', "80/tcp", "web"],
    ['["8080:80", "9000:9000"]', "9000/tcp", "portainer"],
    ['["53:53/udp"]', "53/udp", "dns-cache"],
    ["[{ target: 8080, published: 80 }]", "80/tcp", "web"],
    ['[{ target: 53, published: "53", protocol: udp }]', "53/udp", "dns-cache"],
  ])("%s", (ports, taken, whose) => {
    expect(problems(withPorts(ports))).toEqual([
      `publishes ${taken} (app), which ${whose} publishes too; write another port`,
    ]);
  });
});

describe("a port of the nodes' own", () => {
  test.each<[ports: string, port: string, what: string]>([
    ['["22:22"]', "22/tcp", "SSH"],
    ["[{ target: 80, published: 2376 }]", "2376/tcp", "the engine's API"],
    ['["4789:53/udp"]', "4789/udp", "overlay networks"],
  ])("%s", (ports, port, what) => {
    expect(problems(withPorts(ports))).toEqual([
      `publishes ${port} (app), which is the nodes' own (${what}); write another port`,
    ]);
  });
});

test("the ports that nodes have open for it, as far as each is one number", () => {
  const ports = [
    '"8080:80"',
    '"53:53/udp"',
    '"9000"',
    "{ target: 80, published: 8081, mode: host }",
    '{ target: 53, published: "54", protocol: udp }',
    '{ target: 90, published: "9090-9099" }',
    "{ target: 80 }",
  ];
  expect(composePorts(withPorts(`[${ports.join(", ")}]`))).toEqual([
    { mode: "ingress", protocol: "tcp", published: 8080 },
    { mode: "ingress", protocol: "udp", published: 53 },
    { mode: "host", protocol: "tcp", published: 8081 },
    { mode: "ingress", protocol: "udp", published: 54 },
  ]);
});
