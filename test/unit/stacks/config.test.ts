import { parseConfig } from "../../../stacks/config";
import { good, problems, type Values } from "./configProblems";

/** Of a stack on EC2, what has no default there. */
const EC2 = { target: "ec2", ec2AdminCidrs: "203.0.113.7/32", diskMB: "20000" };
const NFS = { storage: "nfs", nfsExport: "/srv/swarm" };

describe("one bad value is one problem, which says what to write instead", () => {
  const WHOLE = "is not a whole number; write a whole number from";
  const IMAGE =
    'write "node", or the absolute path, file:// URL or http(s):// URL of a qcow2 image';
  const NAME =
    "is not a name that libvirt takes for a network; write 1 to 50 letters, digits, dots, " +
    "dashes and underscores that start with a letter or digit";
  const BRIDGE =
    "is not a name that Linux takes for a bridge; write 1 to 15 letters, digits, dots, dashes " +
    "and underscores that start with a letter or digit";
  const PATH = "write an absolute path such as /var/lib/libvirt/pulumi-swarm";
  const PRIVATE =
    "is not private; write a network inside 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16";
  const USER =
    "is not a user name that Linux takes; write 1 to 32 small letters, digits, dashes and " +
    'underscores that start with a letter, such as "root" or "debian"';
  const POOL = "is not two IPv4 addresses with a dash between them; write one such as";
  const SHA256 =
    "is no SHA-256 of a file; write sha256: and its 64 hexadecimal digits, as sha256sum prints them, " +
    "or nothing";
  const OPEN =
    "comes over a connection on which anyone can change it; write an https:// URL, or its SHA-256 as " +
    "imageChecksum";
  const MIRROR = "write one such as http://192.168.123.1:5000, or nothing";

  test.each<[key: string, value: string, message: string]>([
    // The cluster
    ["target", "gcp", "is not a target that this program knows; write kvm or ec2"],
    ["managers", "three", "is not a whole number; write 1, 3, 5 or 7"],
    ["managers", "", "is not a whole number; write 1, 3, 5 or 7"],
    ["managers", "0", "is less than 1, and a swarm needs a manager; write 1, 3, 5 or 7"],
    ["managers", "-3", "is less than 1, and a swarm needs a manager; write 1, 3, 5 or 7"],
    [
      "managers",
      "2",
      "is even, and 2 managers survive the loss of no more of them than 1 do; write 1 or 3",
    ],
    [
      "managers",
      "6",
      "is even, and 6 managers survive the loss of no more of them than 5 do; write 5 or 7",
    ],
    [
      "managers",
      "9",
      "is more than 7, and more managers make a swarm slower, not safer; write 1, 3, 5 or 7",
    ],
    ["workers", "-1", "is less than 0; write a whole number from 0 to 100"],
    ["workers", "101", "is more than 100; write a whole number from 0 to 100"],
    ["workers", "3.5", `${WHOLE} 0 to 100`],
    ["workers", "1e1", `${WHOLE} 0 to 100`],
    ["workers", "007", `${WHOLE} 0 to 100`],

    // The machines
    [
      "memoryMiB",
      "511",
      "is less than 512, the MiB that the node image needs to boot and to run Docker; " +
        "write a whole number from 512 to 1048576",
    ],
    ["memoryMiB", "800MB", `${WHOLE} 512 to 1048576`],
    ["memoryMiB", "838860800", "is more than 1048576; write a whole number from 512 to 1048576"],
    [
      "diskMB",
      "2999",
      "is less than 5000, the MB that the node image and a few containers need; " +
        "write a whole number from 5000 to 10000000",
    ],
    ["diskMB", "5000.5", `${WHOLE} 5000 to 10000000`],
    ["vcpus", "0", "is less than 1; write a whole number from 1 to 64"],
    ["vcpus", "65", "is more than 64; write a whole number from 1 to 64"],
    ["image", "", `is no absolute path and no URL; ${IMAGE}`],
    ["image", "Node", `is no absolute path and no URL; ${IMAGE}`],
    ["image", "images/node.qcow2", `is no absolute path and no URL; ${IMAGE}`],
    ["image", "~/node.qcow2", `is no absolute path and no URL; ${IMAGE}`],
    ["image", "debian:13", `is a URL of a kind that images cannot be read from; ${IMAGE}`],
    [
      "image",
      "ftp://example.org/a.qcow2",
      `is a URL of a kind that images cannot be read from; ${IMAGE}`,
    ],
    [
      "image",
      "file://images/node.qcow2",
      'names a host, "images", where a path should begin; write file:///absolute/path',
    ],
    ["image", "/var/lib/images/", `names no file; ${IMAGE}`],
    ["image", "https://example.org", `names no file; ${IMAGE}`],
    ["image", "/var/lib/node.qcow2 ", 'has white space around it; write "/var/lib/node.qcow2"'],
    ["sshUser", "", USER],
    ["image", "http://example.org/debian.qcow2", OPEN],
    ["image", "HTTP://example.org/debian.qcow2", OPEN],
    ["imageChecksum", "sha256:0123", SHA256],
    ["imageChecksum", "0".repeat(64), SHA256],
    ["imageChecksum", `md5:${"0".repeat(32)}`, SHA256],
    [
      "imageChecksum",
      `sha256:${"0".repeat(64)}`,
      "is set, but image is node, which is built here; write nothing",
    ],
    ["sshUser", "Root", USER],
    ["sshUser", "1user", USER],
    ["sshUser", "a b", USER],
    ["sshUser", "u".repeat(33), USER],

    // The hypervisor
    ["libvirtUri", "localhost", "is not a URI; write qemu:///system"],
    [
      "libvirtUri",
      "xen:///system",
      'is for the hypervisor "xen", and only QEMU works here; write qemu:///system',
    ],
    ["libvirtUri", "qemu:///", "does not end in /system; write qemu:///system"],
    [
      "libvirtUri",
      "qemu:///session",
      "is a user's own libvirt, which cannot make the bridges of the networks; write qemu:///system",
    ],
    [
      "libvirtUri",
      "qemu+ssh://user@host/session",
      "is a user's own libvirt, which cannot make the bridges of the networks; " +
        "write qemu+ssh://user@host/system",
    ],
    [
      "libvirtUri",
      "qemu://host/system",
      "has a host but no way to reach it; write qemu+ssh://user@host/system",
    ],
    ["libvirtUri", "qemu+ssh:///system", "names no host; write qemu+ssh://user@host/system"],
    [
      "libvirtUri",
      "qemu+unix:///system",
      'uses the transport "unix", which the provider does not have; ' +
        "write qemu:///system, or use one of ssh, sshcmd, tls, tcp",
    ],
    ["domainType", "xen", "is not a domain type; write kvm, or qemu for emulation"],
    ["poolPath", "", `is not an absolute path; ${PATH}`],
    ["poolPath", "disks", `is not an absolute path; ${PATH}`],
    ["poolPath", "/", `is the root of the file system; ${PATH}`],
    ["poolPath", "/var/lib/../disks", "goes a roundabout way; write /var/disks"],
    ["poolPath", "/var/lib/disks/", "goes a roundabout way; write /var/lib/disks"],
    ["poolPath", "/..", "goes a roundabout way; write another folder"],

    // The networks
    ["natNetworkName", "", NAME],
    ["natNetworkName", " ", NAME],
    ["natNetworkName", "docker/network", NAME],
    ["natNetworkName", "docker network", NAME],
    ["natNetworkName", "-network", NAME],
    ["internalNetworkName", "n".repeat(51), NAME],
    ["internalNetworkName", "docker-network", "is natNetworkName too; write another name"],
    ["natNetworkBridge", "a-bridge-too-far", BRIDGE],
    ["natNetworkBridge", "br:0", BRIDGE],
    ["natNetworkBridge", "-br0", BRIDGE],
    ["internalNetworkBridge", "..", BRIDGE],
    ["internalNetworkBridge", "swarm-nat", "is natNetworkBridge too; write another name"],
    [
      "internalNetworkBridge",
      "",
      "is no name, and the network is to be made; write a name, or set internalNetworkExists",
    ],
    [
      "natNetworkMtu",
      "575",
      "is less than 576, the least that IPv4 hosts can rely on; " +
        "write a whole number from 576 to 9216",
    ],
    ["natNetworkMtu", "9217", "is more than 9216; write a whole number from 576 to 9216"],
    [
      "internalNetworkMtu",
      "1279",
      "is less than 1280, which leaves too little inside overlay networks; " +
        "write a whole number from 1280 to 9216",
    ],
    ["natNetworkExists", "yes", "is neither true nor false; write true or false"],
    ["internalNetworkExists", "", "is neither true nor false; write true or false"],
    ["natNetworkCidr", "", "is not an IPv4 network; write one such as 192.168.123.0/24"],
    [
      "natNetworkCidr",
      "192.168.123.0",
      "is not an IPv4 network; write one such as 192.168.123.0/24",
    ],
    [
      "natNetworkCidr",
      "192.168.123.0/33",
      "is not an IPv4 network; write one such as 192.168.123.0/24",
    ],
    [
      "natNetworkCidr",
      "192.168.256.0/24",
      "is not an IPv4 network; write one such as 192.168.123.0/24",
    ],
    [
      "internalNetworkCidr",
      "fd00::/64",
      "is not an IPv4 network; write one such as 192.168.42.0/24",
    ],
    [
      "natNetworkCidr",
      "192.168.123.1/24",
      "is not how that network is written; write 192.168.123.0/24",
    ],
    ["overlayAddressPool", "10.0.0.0/08", "is not how that network is written; write 10.0.0.0/8"],
    [
      "natNetworkCidr",
      "192.168.123.0/29",
      "is too small; write a prefix from /8 to /28, such as 192.168.123.0/24",
    ],
    [
      "internalNetworkCidr",
      "10.0.0.0/7",
      "is too large; write a prefix from /8 to /28, such as 192.168.42.0/24",
    ],
    ["natNetworkCidr", "198.51.100.0/24", PRIVATE],
    ["natNetworkCidr", "192.168.0.0/15", PRIVATE],
    ["natNetworkAddresses", "192.168.123.10", `${POOL} 192.168.123.10-192.168.123.250`],
    ["natNetworkAddresses", "10-250", `${POOL} 192.168.123.10-192.168.123.250`],
    ["internalNetworkAddresses", "192.168.42.0/24", `${POOL} 192.168.42.10-192.168.42.250`],
    [
      "internalNetworkAddresses",
      "192.168.42.10-192.168.42.20-192.168.42.30",
      `${POOL} 192.168.42.10-192.168.42.250`,
    ],
    [
      "natNetworkAddresses",
      "192.168.123.250-192.168.123.10",
      "ends before it starts; write 192.168.123.10-192.168.123.250",
    ],
    [
      "natNetworkAddresses",
      "192.168.50.10-192.168.50.250",
      "is not inside the network 192.168.123.0/24; " +
        "write a range within 192.168.123.2-192.168.123.254",
    ],
    [
      "natNetworkAddresses",
      "192.168.123.1-192.168.123.250",
      "includes 192.168.123.1, the host's own address; " +
        "write a range within 192.168.123.2-192.168.123.254",
    ],
    [
      "internalNetworkAddresses",
      "192.168.42.10-192.168.42.255",
      "includes the network's own or its broadcast address; " +
        "write a range within 192.168.42.2-192.168.42.254",
    ],
    [
      "internalNetworkAddresses",
      "192.168.42.10-192.168.42.21",
      "has 12 addresses and needs 13 (10 kept for managers, 3 for workers); " +
        "write a longer range, or fewer workers",
    ],
    [
      "nameservers",
      "dns.example.org",
      'has "dns.example.org" in it, which is not an IPv4 address; ' +
        "write addresses with commas between them, such as 9.9.9.9,1.1.1.1, or nothing",
    ],
    [
      "nameservers",
      "9.9.9.9,",
      'has "" in it, which is not an IPv4 address; ' +
        "write addresses with commas between them, such as 9.9.9.9,1.1.1.1, or nothing",
    ],

    [
      "adminCidrs",
      "192.168.123.1",
      'has "192.168.123.1" in it, which is not an IPv4 network; write networks with commas ' +
        "between them, such as 203.0.113.7/32",
    ],
    [
      "adminCidrs",
      "192.168.123.1/24",
      "has 192.168.123.1/24 in it, which is not how that is written; write 192.168.123.0/24",
    ],
    [
      "adminCidrs",
      "192.168.123.1/32,0.0.0.0/0",
      "has 0.0.0.0/0 in it, from where anyone could open the management pages; write the " +
        "addresses that you come from, such as 203.0.113.7/32",
    ],

    // Docker
    ["registryMirror", "192.168.123.1:5000", `is not a URL; ${MIRROR}`],
    ["registryMirror", "localhost:5000", `is no http(s) URL; ${MIRROR}`],
    [
      "registryMirror",
      "http://192.168.123.1:5000/v2",
      "has more than a host and a port in it; write http://192.168.123.1:5000",
    ],
    [
      "registryMirror",
      "https://user:word@mirror.example.org",
      "has more than a host and a port in it; write https://mirror.example.org",
    ],
    [
      "overlayAddressPool",
      "10.0.0.0/17",
      "is too small; write a prefix from /8 to /16, such as 10.0.0.0/8",
    ],
    ["overlayAddressPool", "10.1.2.0/8", "is not how that network is written; write 10.0.0.0/8"],
    [
      "overlayAddressPool",
      "172.17.0.0/16",
      "overlaps Docker's docker0 (172.17.0.0/16); write a network outside it",
    ],
    [
      "nodeCertificateDays",
      "0",
      "is less than 1, and a swarm that is off for a day would not start by itself; write a whole number from 1 to 3650",
    ],
    ["tokenRotation", "-1", "is less than 0; write a whole number from 0 to 1000000"],
    ["bootTimeoutSeconds", "15m", `${WHOLE} 30 to 7200`],
    ["bootTimeoutSeconds", "29", "is less than 30; write a whole number from 30 to 7200"],
    ["joinTimeoutSeconds", "3601", "is more than 3600; write a whole number from 10 to 3600"],
    ["drainTimeoutSeconds", "0", "is less than 10; write a whole number from 10 to 3600"],
    ["serviceTimeoutSeconds", "1h", `${WHOLE} 10 to 3600`],
  ])("%s: %j", (key, value, message) => {
    expect(problems({ [key]: value })).toEqual([`${key}: ${JSON.stringify(value)} ${message}`]);
  });
});

describe("values that do not go together", () => {
  test("both networks in the same place", () => {
    const changes = {
      internalNetworkCidr: "192.168.0.0/16",
      internalNetworkAddresses: "192.168.42.10-192.168.42.250",
    };
    expect(problems(changes)).toEqual([
      'internalNetworkCidr: "192.168.0.0/16" overlaps natNetworkCidr (192.168.123.0/24); ' +
        "write a network outside it",
    ]);
  });

  test("a network in Docker's docker0", () => {
    const changes = {
      natNetworkCidr: "172.17.4.0/24",
      natNetworkAddresses: "172.17.4.10-172.17.4.250",
    };
    expect(problems(changes)).toEqual([
      `natNetworkCidr: "172.17.4.0/24" overlaps Docker's docker0 (172.17.0.0/16); ` +
        "write a network outside it",
    ]);
  });

  test("a network among the overlay networks", () => {
    const changes = {
      internalNetworkCidr: "10.9.8.0/24",
      internalNetworkAddresses: "10.9.8.10-10.9.8.250",
    };
    expect(problems(changes)).toEqual([
      'internalNetworkCidr: "10.9.8.0/24" overlaps overlayAddressPool (10.0.0.0/8), where ' +
        "Docker's overlay networks are; write a network outside it, or move overlayAddressPool",
    ]);
    expect(problems({ ...changes, overlayAddressPool: "10.128.0.0/9" })).toEqual([]);
  });

  test("an overlay pool that covers both of Docker's bridges", () => {
    expect(problems({ overlayAddressPool: "172.16.0.0/12" })).toEqual([
      `overlayAddressPool: "172.16.0.0/12" overlaps Docker's docker0 (172.17.0.0/16); ` +
        "write a network outside it",
      'gwbridgeSubnet: "172.18.0.0/16" overlaps overlayAddressPool (172.16.0.0/12); ' +
        "write a network outside it",
    ]);
  });

  test.each<[address: string, where: string]>([
    ["127.0.0.53", "is the node itself"],
    ["10.0.0.2", "is inside overlayAddressPool (10.0.0.0/8), where nodes have their containers"],
    ["172.17.0.1", "is inside Docker's docker0 (172.17.0.0/16), where nodes have their containers"],
    [
      "172.18.255.254",
      "is inside gwbridgeSubnet (172.18.0.0/16), where nodes have their containers",
    ],
    ["192.168.7.9", "is inside ingressSubnet (192.168.7.0/24), where nodes have their containers"],
  ])("the host %s, which a node would look for in itself", (address, where) => {
    const ingress = { ingressSubnet: "192.168.7.0/24", ingressGateway: "192.168.7.1" };
    expect(problems({ ...ingress, nameservers: `9.9.9.9, ${address}` })).toEqual([
      `nameservers: "9.9.9.9, ${address}" has ${address} in it, which ${where}, so that names would ` +
        "be asked there; write a server elsewhere, or nothing",
    ]);
    // An overlay network is in containers only: the engine and the mounts of a node are outside.
    const ofContainersOnly = /overlayAddressPool|ingressSubnet/.test(where);
    const mirror =
      `registryMirror: "http://${address}:5000" names a host that ${where}; write one elsewhere that ` +
      "all nodes reach, or nothing";
    expect(problems({ ...ingress, registryMirror: `http://${address}:5000` })).toEqual(
      ofContainersOnly ? [] : [mirror],
    );
    const server = `nfsServer: "${address}" ${where}; write a server elsewhere that all nodes reach`;
    expect(problems({ ...ingress, ...NFS, nfsServer: address })).toEqual(
      ofContainersOnly ? [] : [server],
    );
  });

  test("a mirror and an NFS server on the node itself, by name, on both targets", () => {
    for (const target of [{}, EC2]) {
      const changes = { ...target, ...NFS, nfsServer: "localhost" };
      expect(problems({ ...changes, registryMirror: "http://localhost:5000" })).toEqual([
        'registryMirror: "http://localhost:5000" names a host that is the node itself; write one ' +
          "elsewhere that all nodes reach, or nothing",
        'nfsServer: "localhost" is the node itself; write a server elsewhere that all nodes reach',
      ]);
    }
  });

  test.each<[where: string, target: Values, message: string]>([
    [
      "libvirt's NAT",
      {},
      "takes containers their way out: libvirt translates the nodes' addresses only; write true, or " +
        "use a NAT network that knows the way to gwbridgeSubnet (natNetworkExists: true)",
    ],
    [
      "EC2",
      EC2,
      "takes containers their way out: a VPC drops what does not come from an instance's own " +
        "address; write true",
    ],
  ])("containers with their own addresses on %s", (_, target, message) => {
    expect(problems({ ...target, gwbridgeMasquerade: "false" })).toEqual([
      `gwbridgeMasquerade: "false" ${message}`,
    ]);
  });

  test("more workers than there are addresses, in both networks", () => {
    const short = {
      workers: "20",
      natNetworkAddresses: "192.168.123.10-192.168.123.38",
      internalNetworkAddresses: "192.168.42.10-192.168.42.38",
    };
    const message =
      "has 29 addresses and needs 30 (10 kept for managers, 20 for workers); " +
      "write a longer range, or fewer workers";
    expect(problems(short)).toEqual([
      `natNetworkAddresses: "192.168.123.10-192.168.123.38" ${message}`,
      `internalNetworkAddresses: "192.168.42.10-192.168.42.38" ${message}`,
    ]);
  });
});

describe("keys", () => {
  test("a misspelt one is named, with the one that was probably meant", () => {
    expect(problems({ manager: "3" })).toEqual([
      'manager: "3" is set, but there is no such key; write managers, or remove it',
    ]);
    expect(problems({ memoryMB: "800" })).toEqual([
      'memoryMB: "800" is set, but there is no such key; write memoryMiB, or remove it',
    ]);
  });

  test.each(["colour", "hasOwnProperty", "constructor"])("%s is not there at all", (key) => {
    expect(problems({ [key]: "red" })).toEqual([
      `${key}: "red" is set, but there is no such key; remove it (Pulumi.yaml has all keys)`,
    ]);
  });

  test("none may be left out", () => {
    const values = { ...good };
    delete values.workers;
    expect(() => parseConfig(values)).toThrow(
      "workers: has no value; write one, or give it a default in Pulumi.yaml",
    );
  });
});

describe("everything that is wrong is reported at once", () => {
  test("in one message, a line for each problem", () => {
    const changes = { managers: "4", worker: "3", domainType: "xen" };
    expect(() => parseConfig({ ...good, ...changes })).toThrow(
      [
        "The configuration has 3 problems:",
        '  - worker: "3" is set, but there is no such key; write workers, or remove it',
        '  - managers: "4" is even, and 4 managers survive the loss of no more of them than 3 do; ' +
          "write 3 or 5",
        '  - domainType: "xen" is not a domain type; write kvm, or qemu for emulation',
      ].join("\n"),
    );
  });

  test("with the rules between those keys that are good by themselves", () => {
    const changes = {
      diskMB: "lots",
      natNetworkName: "one",
      internalNetworkName: "one",
      natNetworkBridge: "",
      internalNetworkBridge: "br/1",
      natNetworkCidr: "192.168.42.0/25",
      overlayAddressPool: "8.0.0.0/8",
    };
    expect(problems(changes).map((problem) => problem.split(":")[0])).toEqual([
      "diskMB",
      "internalNetworkBridge",
      "overlayAddressPool",
      "internalNetworkName",
      "natNetworkBridge",
      "internalNetworkCidr",
      "natNetworkAddresses",
    ]);
  });

  test("when nothing is there", () => {
    expect(() => parseConfig({})).toThrow(
      `The configuration has ${Object.keys(good).length} problems:`,
    );
  });
});

describe("good values", () => {
  test.each<[what: string, changes: Values]>([
    ["a single node", { managers: "1", workers: "0" }],
    ["the largest swarm", { managers: "7", workers: "100" }],
    ["the smallest machines", { memoryMiB: "512", diskMB: "5000", vcpus: "1" }],
    ["an image by path", { image: "/var/lib/images/debian 13.qcow2" }],
    ["an image by file URL", { image: "file:///var/lib/images/node.qcow2" }],
    ["an image by URL", { image: "https://example.org/debian-13-genericcloud-amd64.qcow2" }],
    [
      "an image by plain HTTP with its checksum",
      { image: "http://example.org/debian.qcow2", imageChecksum: `sha256:${"0f".repeat(32)}` },
    ],
    [
      "an image by path with its checksum",
      { image: "/var/lib/images/debian.qcow2", imageChecksum: `sha256:${"0f".repeat(32)}` },
    ],
    ["a name server beside containers' networks", { nameservers: "172.19.0.1,172.16.255.255" }],
    [
      "a name server where overlays are elsewhere",
      {
        nameservers: "10.0.0.2",
        overlayAddressPool: "172.20.0.0/14",
        ingressSubnet: "10.11.0.0/16",
      },
    ],
    [
      "a mirror and an NFS server beside them",
      {
        registryMirror: "http://172.19.0.1:5000",
        ...{ storage: "nfs", nfsServer: "172.16.255.255", nfsExport: "/srv" },
      },
    ],
    ["a mirror by name", { registryMirror: "https://mirror.example.org" }],
    ["a name server that the target has no use for", { ...EC2, nameservers: "127.0.0.1" }],
    ["libvirt by another socket", { libvirtUri: "qemu:///system?socket=/run/other/libvirt-sock" }],
    ["libvirt by SSH", { libvirtUri: "qemu+ssh://root@hypervisor.example.org:2222/system" }],
    ["libvirt by SSH's own command", { libvirtUri: "qemu+sshcmd://hypervisor/system" }],
    ["libvirt by TLS", { libvirtUri: "qemu+tls://hypervisor/system" }],
    ["libvirt by TCP", { libvirtUri: "qemu+tcp://192.168.1.2:16509/system" }],
    ["networks that are there", { natNetworkExists: "true", natNetworkBridge: "" }],
    ["the longest bridge name", { natNetworkBridge: "a-bridge-so-far" }],
    ["jumbo frames", { internalNetworkMtu: "9000" }],
    [
      "the smallest network that three workers fit in",
      { natNetworkCidr: "192.168.5.16/28", natNetworkAddresses: "192.168.5.18-192.168.5.30" },
    ],
    [
      "networks side by side",
      {
        natNetworkCidr: "192.168.42.128/25",
        natNetworkAddresses: "192.168.42.130-192.168.42.150",
        internalNetworkCidr: "192.168.42.0/25",
        internalNetworkAddresses: "192.168.42.2-192.168.42.20",
      },
    ],
    [
      "overlays elsewhere",
      {
        natNetworkCidr: "10.0.0.0/24",
        natNetworkAddresses: "10.0.0.10-10.0.0.99",
        overlayAddressPool: "172.20.0.0/14",
      },
    ],
  ])("%s", (_what, changes) => {
    expect(problems(changes)).toEqual([]);
  });

  test("become numbers, booleans, lists and ranges", () => {
    const changes = {
      vcpus: "2",
      natNetworkExists: "true",
      nameservers: "9.9.9.9, 1.1.1.1",
      registryMirror: "http://192.168.123.1:5000/",
    };
    expect(parseConfig({ ...good, ...changes })).toMatchObject({
      vcpus: 2,
      natNetworkExists: true,
      internalNetworkExists: false,
      nameservers: ["9.9.9.9", "1.1.1.1"],
      registryMirror: "http://192.168.123.1:5000",
      natNetworkAddresses: { first: "192.168.123.10", last: "192.168.123.250" },
    });
  });

  test("are left as they are in the caller's object", () => {
    const values = Object.freeze({ ...good });
    expect(parseConfig(values)).toEqual(parseConfig(good));
  });
});
