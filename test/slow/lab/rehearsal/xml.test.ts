import { DOMAIN, NETWORK, POOL, VOLUME } from "../../../../lab/rehearsal/places";
import { toXml } from "../../../../lab/rehearsal/xml";

describe("libvirt XML of the rehearsal engine", () => {
  test("a NAT network", () => {
    const inputs = {
      name: "docker-network",
      bridge: { name: "swarm-nat" },
      mtu: { size: 1500 },
      forward: { mode: "nat" },
      ips: [{ address: "192.168.123.1", prefix: 24 }],
    };
    expect(toXml("network", inputs, NETWORK)).toMatchInlineSnapshot(`
      "<network>
        <name>docker-network</name>
        <bridge name="swarm-nat"/>
        <mtu size="1500"/>
        <forward mode="nat"/>
        <ip address="192.168.123.1" prefix="24"/>
      </network>"
    `);
  });

  test("an isolated network without name service", () => {
    const inputs = { name: "docker-machines", dns: { enable: "no" } };
    expect(toXml("network", inputs, NETWORK)).toMatchInlineSnapshot(`
      "<network>
        <name>docker-machines</name>
        <dns enable="no"/>
      </network>"
    `);
  });

  test("a pool", () => {
    const inputs = { name: "dev", type: "dir", target: { path: "/var/lib/pool <&> dev" } };
    expect(toXml("pool", inputs, POOL)).toMatchInlineSnapshot(`
      "<pool type="dir">
        <name>dev</name>
        <target>
          <path>/var/lib/pool &lt;&amp;&gt; dev</path>
        </target>
      </pool>"
    `);
  });

  test("an overlay volume", () => {
    const inputs = {
      name: "mg0.qcow2",
      capacity: 5_000_000_000,
      target: { format: { type: "qcow2" } },
      backingStore: { path: "/pool/base.qcow2", format: { type: "qcow2" } },
    };
    expect(toXml("volume", inputs, VOLUME)).toMatchInlineSnapshot(`
      "<volume>
        <name>mg0.qcow2</name>
        <capacity>5000000000</capacity>
        <target>
          <format type="qcow2"/>
        </target>
        <backingStore>
          <path>/pool/base.qcow2</path>
          <format type="qcow2"/>
        </backingStore>
      </volume>"
    `);
  });

  test("a machine", () => {
    const disk = (dev: string, type: string) => ({
      driver: { name: "qemu", type },
      source: { file: { file: `/pool/mg0-${dev}` } },
      target: { dev, bus: "virtio" },
    });
    const nic = (network: string, address: string) => ({
      mac: { address },
      model: { type: "virtio" },
      source: { network: { network } },
    });
    const inputs = {
      name: "dev-mg0",
      type: "qemu",
      memory: 800,
      memoryUnit: "MiB",
      vcpu: 1,
      os: { type: "hvm", typeArch: "x86_64", typeMachine: "q35", bootDevices: [{ dev: "hd" }] },
      cpu: {
        mode: "maximum",
        features: [
          { name: "erms", policy: "disable" },
          { name: "svm", policy: "disable" },
        ],
      },
      features: { acpi: true },
      clock: { offset: "utc" },
      devices: {
        disks: [disk("vda", "qcow2"), disk("vdb", "raw"), disk("vdc", "qcow2")],
        interfaces: [
          nic("docker-network", "52:54:c0:a8:7b:0a"),
          nic("docker-machines", "52:54:c0:a8:2a:0a"),
        ],
        consoles: [{ target: { type: "serial", port: 0 } }],
      },
    };
    expect(toXml("domain", inputs, DOMAIN)).toMatchInlineSnapshot(`
      "<domain type="qemu">
        <name>dev-mg0</name>
        <memory unit="MiB">800</memory>
        <vcpu>1</vcpu>
        <os>
          <type arch="x86_64" machine="q35">hvm</type>
          <boot dev="hd"/>
        </os>
        <cpu mode="maximum">
          <feature name="erms" policy="disable"/>
          <feature name="svm" policy="disable"/>
        </cpu>
        <features>
          <acpi/>
        </features>
        <clock offset="utc"/>
        <devices>
          <disk type="file">
            <driver name="qemu" type="qcow2"/>
            <source file="/pool/mg0-vda"/>
            <target dev="vda" bus="virtio"/>
          </disk>
          <disk type="file">
            <driver name="qemu" type="raw"/>
            <source file="/pool/mg0-vdb"/>
            <target dev="vdb" bus="virtio"/>
          </disk>
          <disk type="file">
            <driver name="qemu" type="qcow2"/>
            <source file="/pool/mg0-vdc"/>
            <target dev="vdc" bus="virtio"/>
          </disk>
          <interface type="network">
            <mac address="52:54:c0:a8:7b:0a"/>
            <model type="virtio"/>
            <source network="docker-network"/>
          </interface>
          <interface type="network">
            <mac address="52:54:c0:a8:2a:0a"/>
            <model type="virtio"/>
            <source network="docker-machines"/>
          </interface>
          <console>
            <target type="serial" port="0"/>
          </console>
        </devices>
      </domain>"
    `);
  });

  test("presence that is false leaves the element out", () => {
    expect(toXml("domain", { name: "x", features: { acpi: false } }, DOMAIN)).not.toContain("acpi");
  });

  test.each([
    [{ title: "x" }, "title"],
    [{ os: { type: "hvm", kernel: "/boot/vmlinuz" } }, "os.kernel"],
    [{ devices: { disks: [{ source: { block: { dev: "/a" } } }] } }, "source.block.dev"],
    [{ devices: { consoles: [{}] } }, "devices.consoles[]"],
  ])("refuses a property without a place: %j", (inputs, property) => {
    expect(() => toXml("domain", inputs, DOMAIN)).toThrow(
      new RegExp(`does not know the domain property .*${property.replace(/[.[\]]/g, "\\$&")}`),
    );
  });
});
