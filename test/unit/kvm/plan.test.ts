import { hostAddresses, nodeAddresses } from "../../../components/machine/addresses";
import { domainName, planCluster, type ClusterPlan } from "../../../components/kvm/plan";
import { clusterSettings } from "../../../stacks/kvm";
import { config, type Values } from "../stacks/configProblems";

function plan(changes: Values = {}, stack = "dev"): ClusterPlan {
  return planCluster(clusterSettings(config(changes)), stack);
}

describe("three managers and three workers", () => {
  test("are numbered by role, with their addresses and MAC addresses on both networks", () => {
    expect(plan().nodes).toEqual(
      [
        ["mg0", "manager", 0, "10", "0a"],
        ["mg1", "manager", 1, "11", "0b"],
        ["mg2", "manager", 2, "12", "0c"],
        ["worker0", "worker", 0, "20", "14"],
        ["worker1", "worker", 1, "21", "15"],
        ["worker2", "worker", 2, "22", "16"],
      ].map(([name, role, index, last, lastHex]) => ({
        name,
        role,
        index,
        ingressAddress: `192.168.123.${last}`,
        ingressMac: `52:54:c0:a8:7b:${lastHex}`,
        advertiseAddress: `192.168.42.${last}`,
        advertiseMac: `52:54:c0:a8:2a:${lastHex}`,
      })),
    );
  });

  test("are listed by role, too", () => {
    const { managers, workers } = plan();
    expect(managers.map(({ name }) => name)).toEqual(["mg0", "mg1", "mg2"]);
    expect(workers.map(({ name }) => name)).toEqual(["worker0", "worker1", "worker2"]);
  });

  test("are planned the same every time", () => {
    expect(plan()).toEqual(plan());
  });
});

describe("scaling", () => {
  test.each(["1", "3", "5", "7"])("to %s managers moves no worker", (managers) => {
    expect(plan({ managers }).workers).toEqual(plan().workers);
  });

  test.each(["0", "1", "50", "100"])("to %s workers moves no manager", (workers) => {
    expect(plan({ workers }).managers).toEqual(plan().managers);
  });

  test("adds nodes at the end and takes them away there", () => {
    const { managers, workers } = plan({ managers: "7", workers: "100" });
    expect(managers.slice(0, 3)).toEqual(plan().managers);
    expect(workers.slice(0, 3)).toEqual(plan().workers);
    expect(plan({ managers: "1", workers: "1" }).nodes).toEqual([managers[0], workers[0]]);
  });
});

describe("MAC addresses", () => {
  const macs = ({ nodes }: ClusterPlan) =>
    nodes.flatMap(({ ingressMac, advertiseMac }) => [ingressMac, advertiseMac]);
  const largest = plan({ managers: "7", workers: "100" });

  test("are valid, locally administered and unicast", () => {
    for (const mac of macs(largest)) {
      expect(mac).toMatch(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/);
      expect(parseInt(mac, 16) & 0b11).toBe(0b10);
    }
  });

  test("are each there once in the largest swarm", () => {
    expect(new Set(macs(largest)).size).toBe(2 * 107);
  });

  test("are others in a stack on other networks", () => {
    const other = plan({
      managers: "7",
      workers: "100",
      natNetworkCidr: "192.168.124.0/24",
      natNetworkAddresses: "192.168.124.10-192.168.124.250",
      internalNetworkCidr: "192.168.43.0/24",
      internalNetworkAddresses: "192.168.43.10-192.168.43.250",
    });
    expect(new Set([...macs(largest), ...macs(other)]).size).toBe(4 * 107);
  });
});

describe("addresses", () => {
  test("go on in the next block of a network that is larger than 256 addresses", () => {
    const { workers } = plan({
      natNetworkCidr: "192.168.120.0/22",
      natNetworkAddresses: "192.168.120.245-192.168.121.250",
    });
    expect(workers.map(({ ingressAddress }) => ingressAddress)).toEqual([
      "192.168.120.255",
      "192.168.121.0",
      "192.168.121.1",
    ]);
  });

  test("are each there once in the largest swarm", () => {
    const { nodes } = plan({ managers: "7", workers: "100" });
    expect(new Set(nodes.map((node) => node.ingressAddress)).size).toBe(107);
    expect(new Set(nodes.map((node) => node.advertiseAddress)).size).toBe(107);
  });
});

describe("the storage machine", () => {
  test("is there only where the config asks for it", () => {
    expect(plan().storageMachine).toBeUndefined();
    const nfs = { storage: "nfs", nfsServer: "192.168.42.1", nfsExport: "/srv/swarm" };
    expect(plan(nfs).storageMachine).toBeUndefined();
  });

  test("has the last of the places that are kept for managers, and is no node", () => {
    const { storageMachine, nodes } = plan({ storage: "machine" });
    expect(storageMachine).toEqual({
      name: "storage",
      role: "storage",
      index: 0,
      ingressAddress: "192.168.123.19",
      ingressMac: "52:54:c0:a8:7b:13",
      advertiseAddress: "192.168.42.19",
      advertiseMac: "52:54:c0:a8:2a:13",
    });
    expect(nodes).toEqual(plan().nodes);
  });

  test("shares no address with the nodes of the largest swarm, and does not move with them", () => {
    const swarm = { managers: "7", workers: "100", storage: "machine" };
    const { storageMachine, nodes } = plan(swarm);
    const addresses = nodes.flatMap((node) => [node.ingressAddress, node.advertiseAddress]);
    expect(addresses).not.toContain(storageMachine!.ingressAddress);
    expect(addresses).not.toContain(storageMachine!.advertiseAddress);
    expect(storageMachine).toEqual(plan({ storage: "machine" }).storageMachine);
  });
});

describe("what is left of a subnet", () => {
  test.each([
    ["192.168.42.0/24", "192.168.42.1", "192.168.42.2", "192.168.42.254"],
    ["10.11.0.0/16", "10.11.0.1", "10.11.0.2", "10.11.255.254"],
    ["192.168.5.16/28", "192.168.5.17", "192.168.5.18", "192.168.5.30"],
  ])("%s", (cidr, firstHost, firstNode, last) => {
    expect(hostAddresses(cidr)).toEqual({ first: firstHost, last });
    expect(nodeAddresses(cidr)).toEqual({ first: firstNode, last });
  });
});

describe("networks", () => {
  test("have the host on their first address", () => {
    expect(plan({ internalNetworkMtu: "9000", internalNetworkExists: "true" })).toMatchObject({
      nat: {
        name: "docker-network",
        cidr: "192.168.123.0/24",
        prefixLength: 24,
        netmask: "255.255.255.0",
        hostAddress: "192.168.123.1",
        bridge: "swarm-nat",
        mtu: 1500,
        exists: false,
      },
      internal: {
        name: "docker-machines",
        cidr: "192.168.42.0/24",
        prefixLength: 24,
        netmask: "255.255.255.0",
        hostAddress: "192.168.42.1",
        bridge: "swarm-int",
        mtu: 9000,
        exists: true,
      },
    });
  });

  test("may have any prefix", () => {
    const changes = {
      natNetworkCidr: "192.168.5.16/28",
      natNetworkAddresses: "192.168.5.18-192.168.5.30",
    };
    expect(plan(changes).nat).toMatchObject({
      prefixLength: 28,
      netmask: "255.255.255.240",
      hostAddress: "192.168.5.17",
    });
  });
});

describe("name servers", () => {
  test("are the NAT network's host unless there are others", () => {
    expect(plan().nameservers).toEqual(["192.168.123.1"]);
    expect(plan({ nameservers: "9.9.9.9,1.1.1.1" }).nameservers).toEqual(["9.9.9.9", "1.1.1.1"]);
  });
});

describe("names in libvirt", () => {
  test("have the stack in them, so that stacks can share a host", () => {
    expect(plan({}, "dev")).toMatchObject({
      poolName: "swarm-dev",
      poolPath: "/var/lib/libvirt/pulumi-swarm/dev",
    });
    expect(domainName("dev", "mg0")).toBe("dev-mg0");
  });

  test.each(["dev", "a", "7", "blue-2", "s".repeat(40)])("take the stack name %j", (stack) => {
    expect(plan({}, stack).stack).toBe(stack);
  });

  test.each(["", "Dev", "my_stack", "org/dev", "a.b", "-dev", "dev-", "two words", "s".repeat(41)])(
    "refuse the stack name %j",
    (stack) => {
      expect(() => plan({}, stack)).toThrow(
        `stack: "${stack}" cannot be part of host names and libvirt's names; write 1 to 40 small ` +
          "letters, digits and dashes, with no dash at either end",
      );
    },
  );
});
