import { parsePublish, portOf, type Publish } from "../../../components/swarm/publish";

const port = (changes: Partial<Publish>): Publish => ({
  mode: "ingress",
  protocol: "tcp",
  published: 80,
  target: 80,
  ...changes,
});

describe("parsePublish", () => {
  test.each<[list: string, ports: Publish[]]>([
    ["", []],
    [" ", []],
    ["80:80", [port({})]],
    ["80:80/tcp", [port({})]],
    ["8080:80", [port({ published: 8080 })]],
    ["1:65535", [port({ published: 1, target: 65535 })]],
    ["53:5353/udp", [port({ protocol: "udp", published: 53, target: 5353 })]],
    ["host:80:80", [port({ mode: "host" })]],
    ["host:80:80/udp", [port({ mode: "host", protocol: "udp" })]],
    ["80:80, host:80:80/udp", [port({}), port({ mode: "host", protocol: "udp" })]],
  ])("reads %j", (list, ports) => {
    expect(parsePublish(list)).toEqual(ports);
  });

  test.each([
    "80",
    ":80",
    "80:",
    "0:80",
    "80:0",
    "080:80",
    "65536:80",
    "80:65536",
    "100000:80",
    "-80:80",
    "80 : 80",
    "80:80,",
    "80:80,,81:80",
    "80:80 81:80",
    "80-90:80-90",
    "80:80/sctp",
    "80:80/UDP",
    "mesh:80:80",
    "0.0.0.0:80:80",
    "http:80",
  ])("refuses %j", (list) => {
    expect(parsePublish(list)).toBeUndefined();
  });
});

describe("portOf", () => {
  test("is what a node can give away once: TCP and UDP are apart, modes and targets are not", () => {
    const [tcp, udp, host] = parsePublish("53:53,53:53/udp,host:53:5353")!.map(portOf);
    expect([tcp, udp, host]).toEqual(["53/tcp", "53/udp", "53/tcp"]);
  });
});
