import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { FatFs } from "js-fatfs" with { "resolution-mode": "import" };
import { seedVolume } from "../../../components/kvm/seedVolume";
import { gwbridgeFile, gwbridgeOptions } from "../../../components/swarm/engine";
import { nodeSeed, seedIdentity, type SeedArgs } from "../../../components/kvm/seed";
import type { SeedFile } from "../../../components/machine/userData";

const PROJECT = join(__dirname, "../../..");
const PRIVATE_KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n-----END OPENSSH PRIVATE KEY-----\n";
const ENGINE_FILES: SeedFile[] = [
  { path: "/etc/docker/daemon.json", content: '{ "hosts": [] }\n', permissions: "0644" },
  { path: "/etc/docker/tls/key.pem", content: "the API's secret\n", permissions: "0600" },
];

const network = { prefixLength: 24, netmask: "255.255.255.0", mtu: 1500, exists: false };

const GWBRIDGE = { subnet: "172.18.0.0/16", icc: false, masquerade: true, mtu: 1500 };

const args: SeedArgs = {
  node: {
    name: "mg0",
    role: "manager",
    index: 0,
    ingressAddress: "192.168.123.10",
    ingressMac: "52:54:c0:a8:7b:0a",
    advertiseAddress: "192.168.42.10",
    advertiseMac: "52:54:c0:a8:2a:0a",
  },
  nat: {
    ...network,
    name: "docker-network",
    cidr: "192.168.123.0/24",
    hostAddress: "192.168.123.1",
    bridge: "swarm-nat",
  },
  internal: {
    ...network,
    name: "docker-machines",
    cidr: "192.168.42.0/24",
    hostAddress: "192.168.42.1",
    bridge: "swarm-int",
    mtu: 1400,
  },
  nameservers: ["192.168.123.1", "192.0.2.53"],
  user: { name: "root", publicKey: "ssh-ed25519 AAAAuser" },
  hostKey: { privateKey: PRIVATE_KEY, publicKey: "ssh-ed25519 AAAAhost" },
  fixedFiles: [gwbridgeFile(GWBRIDGE)],
  engineFiles: ENGINE_FILES,
};

/** Another setting of docker_gwbridge. */
function gwbridge(change: Partial<typeof GWBRIDGE>): Partial<SeedArgs> {
  return { fixedFiles: [gwbridgeFile({ ...GWBRIDGE, ...change })] };
}

describe("nodeSeed", () => {
  /** What cloud-init makes of the user data. */
  function userData(changes: Partial<SeedArgs> = {}): Record<string, unknown> {
    const [firstLine, ...rest] = nodeSeed({ ...args, ...changes }).userData.split("\n");
    expect(firstLine).toBe("#cloud-config");
    return JSON.parse(rest.join("\n")) as Record<string, unknown>;
  }

  test("names the machine and its keys", () => {
    expect(userData()).toMatchObject({
      hostname: "mg0",
      ssh_pwauth: false,
      ssh_keys: { ed25519_private: PRIVATE_KEY, ed25519_public: "ssh-ed25519 AAAAhost" },
    });
  });

  test("has the options of docker_gwbridge, and the engine's files as they are", () => {
    const gwbridge = {
      path: "/etc/docker/gwbridge",
      content: gwbridgeOptions(GWBRIDGE),
      permissions: "0644",
    };
    expect(userData().write_files).toEqual([gwbridge, ...ENGINE_FILES]);
    expect(userData({ engineFiles: [] }).write_files).toEqual([gwbridge]);
  });

  test("lets root in with the key, and nobody with a password", () => {
    expect(userData()).toMatchObject({
      disable_root: false,
      users: [{ name: "root", ssh_authorized_keys: ["ssh-ed25519 AAAAuser"], lock_passwd: true }],
    });
  });

  test("gives any other user sudo and Docker, and keeps root out", () => {
    const user = { name: "debian", publicKey: "ssh-ed25519 AAAAuser" };
    expect(userData({ user })).toMatchObject({
      disable_root: true,
      users: [
        {
          name: "debian",
          ssh_authorized_keys: ["ssh-ed25519 AAAAuser"],
          lock_passwd: true,
          sudo: "ALL=(ALL) NOPASSWD:ALL",
          groups: "docker",
        },
      ],
    });
  });

  test("gives the machine a name and an identity of its own", () => {
    expect(JSON.parse(nodeSeed(args).metaData)).toEqual({
      "instance-id": "mg0",
      "local-hostname": "mg0",
    });
  });

  test("gives both cards, known by their MACs, static addresses and one way out", () => {
    expect(JSON.parse(nodeSeed(args).networkConfig)).toEqual({
      version: 2,
      ethernets: {
        eth0: {
          match: { macaddress: "52:54:c0:a8:7b:0a" },
          "set-name": "eth0",
          dhcp4: false,
          mtu: 1500,
          addresses: ["192.168.123.10/24"],
          routes: [{ to: "default", via: "192.168.123.1" }],
          nameservers: { addresses: ["192.168.123.1", "192.0.2.53"] },
        },
        eth1: {
          match: { macaddress: "52:54:c0:a8:2a:0a" },
          "set-name": "eth1",
          dhcp4: false,
          mtu: 1400,
          addresses: ["192.168.42.10/24"],
        },
      },
    });
  });
});

describe("seedIdentity", () => {
  test("has no private key in it", () => {
    const identity = JSON.stringify(seedIdentity(args));
    expect(identity).not.toContain("PRIVATE KEY");
    expect(identity).not.toContain("the API's secret");
  });

  test.each<[string, Partial<SeedArgs>]>([
    ["the private host key", { hostKey: { ...args.hostKey, privateKey: "another" } }],
    ["an engine's file", { engineFiles: [{ ...ENGINE_FILES[0]!, content: "{}" }] }],
    ["the number of the engine's files", { engineFiles: [] }],
  ])("stays the same with a change of %s", (_, change) => {
    expect(nodeSeed({ ...args, ...change })).not.toEqual(nodeSeed(args));
    expect(seedIdentity({ ...args, ...change })).toEqual(seedIdentity(args));
  });

  test.each<[string, Partial<SeedArgs>]>([
    ["name", { node: { ...args.node, name: "mg1" } }],
    ["address", { node: { ...args.node, ingressAddress: "192.168.123.11" } }],
    ["internal address", { node: { ...args.node, advertiseAddress: "192.168.42.11" } }],
    ["user", { user: { ...args.user, name: "debian" } }],
    ["user's key", { user: { ...args.user, publicKey: "ssh-ed25519 AAAAother" } }],
    ["public host key", { hostKey: { ...args.hostKey, publicKey: "ssh-ed25519 AAAAother" } }],
    ["gateway", { nat: { ...args.nat, hostAddress: "192.168.123.254" } }],
    ["MTU", { internal: { ...args.internal, mtu: 1500 } }],
    ["name servers", { nameservers: ["192.0.2.53"] }],
    ["subnet of docker_gwbridge", gwbridge({ subnet: "172.19.0.0/16" })],
    ["ICC of docker_gwbridge", gwbridge({ icc: true })],
    ["masquerade of docker_gwbridge", gwbridge({ masquerade: false })],
    ["MTU of docker_gwbridge", gwbridge({ mtu: 1400 })],
  ])("changes with the %s", (_, change) => {
    expect(seedIdentity({ ...args, ...change })).not.toEqual(seedIdentity(args));
  });
});

describe("seedVolume", () => {
  const seed = nodeSeed(args);

  test("holds the three files of a NoCloud seed, as they were given", async () => {
    expect(await files(await seedVolume(seed))).toEqual({
      "meta-data": seed.metaData,
      "network-config": seed.networkConfig,
      "user-data": seed.userData,
    });
  });

  test("holds long and foreign text too", async () => {
    const userData = `#cloud-config\n${"Grüße 日本 ".repeat(10_000)}`;
    expect(await files(await seedVolume({ ...seed, userData }))).toMatchObject({
      "user-data": userData,
    });
  });

  test("is labelled CIDATA", async () => {
    const volume = await seedVolume(seed);
    const reservedSectors = volume.readUInt16LE(14);
    const sectorsOfFat = volume.readUInt8(16) * volume.readUInt16LE(22);
    const root = (reservedSectors + sectorsOfFat) * volume.readUInt16LE(11);
    const entry = volume.subarray(root, root + 32);
    expect(entry.subarray(0, 11).toString()).toBe("CIDATA     ");
    expect(entry[11]).toBe(0x08); // a volume's label, not a file
  });

  test("says so when the seed does not fit", async () => {
    const userData = "x".repeat(2 * 1024 * 1024);
    await expect(seedVolume({ ...seed, userData })).rejects.toThrow("no room for all of user-data");
  });
});

describe("writeSeedVolume", () => {
  test("keeps the file private, and only as long as the program runs", () => {
    const folder = mkdtempSync(join(tmpdir(), "seed-test-"));
    const program = `
      const { statSync } = require("node:fs");
      const { dirname } = require("node:path");
      const { writeSeedVolume } = require("./components/kvm/seedVolume");
      const seed = { userData: "u", metaData: "m", networkConfig: "n" };
      const mode = (path) => (statSync(path).mode & 0o777).toString(8);
      Promise.all([writeSeedVolume("mg0", seed), writeSeedVolume("mg1", seed)]).then((paths) =>
        console.log(JSON.stringify(paths.map((path) => [path, mode(path), mode(dirname(path))]))),
      );`;
    try {
      const printed = execFileSync(join(PROJECT, "node_modules/.bin/tsx"), ["--eval", program], {
        cwd: PROJECT,
        env: { ...process.env, TMPDIR: folder },
        encoding: "utf8",
      });
      const written = JSON.parse(printed) as [path: string, mode: string, folderMode: string][];
      expect(written).toEqual([
        [expect.stringMatching(/\/mg0\.img$/), "600", "700"],
        [expect.stringMatching(/\/mg1\.img$/), "600", "700"],
      ]);
      for (const [path] of written) {
        expect(path.startsWith(folder)).toBe(true);
        expect(existsSync(dirname(path))).toBe(false);
      }
      expect(readdirSync(folder).filter((name) => name.includes("seed"))).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

/** The files in the root of a FAT volume, by name. */
async function files(volume: Buffer): Promise<Record<string, string>> {
  const fatfs = await import("js-fatfs");
  const sectorBytes = volume.readUInt16LE(11);
  const ff = await fatfs.create({
    diskio: {
      initialize: () => 0,
      status: () => 0,
      read: (ff: FatFs, _drive: number, buffer: number, sector: number, count: number) => {
        ff.HEAPU8.set(
          volume.subarray(sector * sectorBytes, (sector + count) * sectorBytes),
          buffer,
        );
        return fatfs.RES_OK;
      },
      write: () => fatfs.RES_WRPRT,
      ioctl: (ff: FatFs, _drive: number, command: number, buffer: number) => {
        if (command !== fatfs.GET_SECTOR_SIZE) return fatfs.RES_PARERR;
        ff.setValue(buffer, sectorBytes, "i16");
        return fatfs.RES_OK;
      },
    },
  });
  expect(ff.f_mount(ff.malloc(fatfs.sizeof_FATFS), "", 1)).toBe(fatfs.FR_OK);

  const folder = ff.malloc(fatfs.sizeof_DIR);
  const info = ff.malloc(fatfs.sizeof_FILINFO);
  expect(ff.f_opendir(folder, "")).toBe(fatfs.FR_OK);
  const found: Record<string, string> = {};
  for (;;) {
    expect(ff.f_readdir(folder, info)).toBe(fatfs.FR_OK);
    const name = ff.FILINFO_fname(info);
    if (!name) return found;
    const size = ff.FILINFO_fsize(info);
    const file = ff.malloc(fatfs.sizeof_FIL);
    const buffer = ff.malloc(size + 4);
    expect(ff.f_open(file, name, fatfs.FA_READ)).toBe(fatfs.FR_OK);
    expect(ff.f_read(file, buffer, size, buffer + size)).toBe(fatfs.FR_OK);
    found[name] = Buffer.from(ff.HEAPU8.slice(buffer, buffer + size)).toString();
  }
}
