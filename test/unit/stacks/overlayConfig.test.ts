import { problems, type Values } from "./configProblems";

describe("one bad value is one problem, which says what to write instead", () => {
  const BOOLEAN = "is neither true nor false; write true or false";
  const NAME =
    "is not a name that Docker takes for a network; write 1 to 63 letters, digits, dots, " +
    "dashes and underscores that start with a letter or digit";
  const DOCKERS = "is the name of a network of Docker's own; write another one, such as my-ingress";
  const GATEWAY = "is not an IPv4 address; write one of ingressSubnet, such as 10.11.0.2";
  const SMALL_MTU =
    "is less than 576, the least that IPv4 hosts can rely on; write a whole number from 576 to 9000";

  test.each<[key: string, value: string, message: string]>([
    // The ingress network
    ["ingressName", "", NAME],
    ["ingressName", "my ingress", NAME],
    ["ingressName", "_ingress", NAME],
    ["ingressName", "i".repeat(64), NAME],
    ["ingressName", "ingress", DOCKERS],
    ["ingressName", "docker_gwbridge", DOCKERS],
    ["ingressName", "bridge", DOCKERS],
    ["ingressSubnet", "", "is not an IPv4 network; write one such as 10.11.0.0/16"],
    ["ingressSubnet", "10.11.0.0", "is not an IPv4 network; write one such as 10.11.0.0/16"],
    ["ingressSubnet", "10.11.0.2/16", "is not how that network is written; write 10.11.0.0/16"],
    [
      "ingressSubnet",
      "10.11.0.0/25",
      "is too small; write a prefix from /8 to /24, such as 10.11.0.0/16",
    ],
    [
      "ingressSubnet",
      "100.64.0.0/16",
      "is not private; write a network inside 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16",
    ],
    ["ingressGateway", "", GATEWAY],
    ["ingressGateway", "10.11.0.2/16", GATEWAY],
    ["ingressGateway", "gateway.example.org", GATEWAY],
    ["ingressMtu", "575", SMALL_MTU],
    ["ingressMtu", "9001", "is more than 9000; write a whole number from 576 to 9000"],
    ["ingressMtu", "auto", "is not a whole number; write a whole number from 576 to 9000"],
    ["ingressEncrypted", "ipsec", BOOLEAN],

    // docker_gwbridge
    ["gwbridgeSubnet", "172.18.0.0", "is not an IPv4 network; write one such as 172.18.0.0/16"],
    [
      "gwbridgeSubnet",
      "172.18.0.0/28",
      "is too small; write a prefix from /8 to /24, such as 172.18.0.0/16",
    ],
    [
      "gwbridgeSubnet",
      "172.0.0.0/7",
      "is too large; write a prefix from /8 to /24, such as 172.18.0.0/16",
    ],
    [
      "gwbridgeSubnet",
      "172.32.0.0/16",
      "is not private; write a network inside 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16",
    ],
    ["gwbridgeIcc", "off", BOOLEAN],
    ["gwbridgeMasquerade", "", BOOLEAN],
    ["gwbridgeMtu", "500", SMALL_MTU],

    // The API
    ["apiOutside", "public", BOOLEAN],
    ["certificateDays", "0", "is less than 1; write a whole number from 1 to 3650"],
    ["certificateDays", "3651", "is more than 3650; write a whole number from 1 to 3650"],
    ["certificateDays", "1y", "is not a whole number; write a whole number from 1 to 3650"],
    ["certificateRenewDays", "-1", "is less than 0; write a whole number from 0 to 3649"],
    ["certificateRenewDays", "3650", "is more than 3649; write a whole number from 0 to 3649"],
    [
      "certificateRenewDays",
      "365",
      "is not less than certificateDays (365), so every up would renew the certificates; " +
        "write at most 364",
    ],
  ])("%s: %j", (key, value, message) => {
    expect(problems({ [key]: value })).toEqual([`${key}: ${JSON.stringify(value)} ${message}`]);
  });
});

describe("values that do not go together", () => {
  test.each<[subnet: string, gateway: string]>([
    ["10.11.0.0/16", "10.12.0.2"],
    ["10.11.0.0/16", "10.11.0.0"],
    ["10.11.0.0/16", "10.11.255.255"],
    ["10.12.0.0/24", "10.11.0.2"],
  ])("the ingress subnet %s and the gateway %s", (subnet, gateway) => {
    expect(problems({ ingressSubnet: subnet, ingressGateway: gateway })).toEqual([
      `ingressGateway: "${gateway}" is no address that a host can have in ingressSubnet ` +
        `(${subnet}); write one such as ${subnet.replace(/0\/\d+$/, "1")}`,
    ]);
  });

  test.each<[key: string, cidr: string, changes: Values, overlaps: string]>([
    [
      "ingressSubnet",
      "192.168.123.0/24",
      { ingressGateway: "192.168.123.2" },
      "natNetworkCidr (192.168.123.0/24)",
    ],
    [
      "ingressSubnet",
      "192.168.40.0/21",
      { ingressGateway: "192.168.40.2" },
      "internalNetworkCidr (192.168.42.0/24)",
    ],
    [
      "ingressSubnet",
      "172.17.8.0/24",
      { ingressGateway: "172.17.8.2" },
      "Docker's docker0 (172.17.0.0/16)",
    ],
    ["gwbridgeSubnet", "192.168.123.0/24", {}, "natNetworkCidr (192.168.123.0/24)"],
    ["gwbridgeSubnet", "192.168.42.0/24", {}, "internalNetworkCidr (192.168.42.0/24)"],
    ["gwbridgeSubnet", "172.16.0.0/15", {}, "Docker's docker0 (172.17.0.0/16)"],
    ["gwbridgeSubnet", "10.200.0.0/16", {}, "overlayAddressPool (10.0.0.0/8)"],
    [
      "gwbridgeSubnet",
      "172.20.0.0/16",
      { ingressSubnet: "172.20.7.0/24", ingressGateway: "172.20.7.1" },
      "ingressSubnet (172.20.7.0/24)",
    ],
  ])("%s %s", (key, cidr, changes, overlaps) => {
    expect(problems({ ...changes, [key]: cidr })).toEqual([
      `${key}: "${cidr}" overlaps ${overlaps}; write a network outside it`,
    ]);
  });

  test.each<[mtu: string, encrypted: string, taken: number, most: string]>([
    ["1401", "true", 100, "1400"],
    ["1451", "false", 50, "1450"],
  ])("an ingress MTU of %s, encrypted %s", (mtu, encrypted, taken, most) => {
    const changes = { ingressEncrypted: encrypted, ingressMtu: mtu };
    expect(problems(changes)).toEqual([
      `ingressMtu: "${mtu}" does not fit into internalNetworkMtu (1500), of which the overlay ` +
        `takes ${taken} bytes; write at most ${most}`,
    ]);
    expect(problems({ ...changes, ingressMtu: most })).toEqual([]);
  });

  test("the ingress MTU and the smallest internal network", () => {
    expect(problems({ internalNetworkMtu: "1280" })).toEqual([
      'ingressMtu: "1200" does not fit into internalNetworkMtu (1280), of which the overlay takes ' +
        "100 bytes; write at most 1180",
    ]);
  });

  test("certificates that would be renewed on every up", () => {
    const changes = { certificateDays: "20" };
    expect(problems(changes)).toEqual([
      'certificateRenewDays: "30" is not less than certificateDays (20), so every up would renew ' +
        "the certificates; write at most 19",
    ]);
    expect(problems({ ...changes, certificateRenewDays: "19" })).toEqual([]);
  });
});

describe("good values", () => {
  test.each<[what: string, changes: Values]>([
    ["the first address as the gateway", { ingressGateway: "10.11.0.1" }],
    ["the last address as the gateway", { ingressGateway: "10.11.255.254" }],
    [
      "the smallest ingress, outside the pool of overlay networks",
      { ingressSubnet: "192.168.7.0/24", ingressGateway: "192.168.7.1" },
    ],
    ["jumbo frames in the routing mesh", { internalNetworkMtu: "9000", ingressMtu: "8900" }],
    ["a bridge right beside Docker's own", { gwbridgeSubnet: "172.16.255.0/24" }],
    [
      "a bridge that talks, and hides nothing",
      { gwbridgeIcc: "true", gwbridgeMasquerade: "false", natNetworkExists: "true" },
    ],
    ["certificates for a day", { certificateDays: "1", certificateRenewDays: "0" }],
  ])("%s", (_what, changes) => {
    expect(problems(changes)).toEqual([]);
  });
});
