import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import type { Machine } from "../../../components/machine/machine";
import { sshAccess, writeSshFiles } from "../../../components/remote/sshAccess";
import { knownHosts, sshConfig, type SshHost } from "../../../components/remote/sshConfig";
import { resolve, run } from "../harness";

const HOSTS: SshHost[] = [
  { name: "mg0", role: "manager", address: "192.0.2.10" },
  { name: "mg1", role: "manager", address: "192.0.2.11" },
  { name: "worker0", role: "worker", address: "192.0.2.20" },
];

describe("an ssh_config", () => {
  const lines = sshConfig("folder", "debian", HOSTS).split("\n");

  test("has every machine under its name, with the checked host keys and the stack's key only", () => {
    for (const { name, address } of HOSTS) {
      expect(lines[lines.indexOf(`Host ${name}`) + 1]).toBe(`  HostName ${address}`);
    }
    expect(lines.slice(lines.indexOf("Host *"), lines.indexOf("Host mg0"))).toEqual(
      expect.arrayContaining([
        "  User debian",
        "  IdentityFile folder/key",
        "  IdentitiesOnly yes",
        "  UserKnownHostsFile folder/known_hosts folder/known_hosts.former",
        "  StrictHostKeyChecking yes",
      ]),
    );
  });

  test("leads a name for any manager to the program that finds one, before all else", () => {
    expect(lines[0]).toBe("# managers: mg0 mg1");
    expect(lines[1]).toBe("Host swarm-*");
    expect(lines[2]).toMatch(
      /^ {2}ProxyCommand ".*\/remote\/any-manager" folder\/config %n mg0=192.0.2.10 mg1=192.0.2.11$/,
    );
    // Longer than it may take to find one; for all other names ten seconds.
    expect(lines[3]).toBe("  ConnectTimeout 120");
  });
});

describe("the known hosts", () => {
  test("have each machine's key, and that of every manager that a name may stand for", () => {
    const own = HOSTS.map(({ name, address }) => `${address} ssh-ed25519 ${name}`);
    expect(knownHosts(HOSTS, own)).toEqual([
      ...own,
      "swarm-any,swarm-without-*,!swarm-without-mg0 ssh-ed25519 mg0",
      "swarm-any,swarm-without-*,!swarm-without-mg1 ssh-ed25519 mg1",
    ]);
  });
});

describe("a stack's SSH files", () => {
  const files = { hosts: HOSTS, user: "root", privateKey: "the key" };
  let project: string;
  const read = (name: string) => readFileSync(join(project, ".cache/ssh/dev", name), "utf8");
  const write = (...knownHosts: string[]) =>
    writeSshFiles("dev", { ...files, knownHosts }, project);

  beforeEach(() => (project = mkdtempSync(join(tmpdir(), "ssh-files-"))));
  afterEach(() => rmSync(project, { recursive: true }));

  test("are in a folder of the stack's own, with a key for this user only", () => {
    mkdirSync(join(project, ".cache/ssh/dev"), { recursive: true });
    writeFileSync(join(project, ".cache/ssh/dev/key"), "an old one", { mode: 0o644 });
    expect(write("mg0 key")).toBe(".cache/ssh/dev/config");
    expect(read("key")).toBe("the key");
    expect(statSync(join(project, ".cache/ssh/dev/key")).mode & 0o777).toBe(0o600);
    expect(read("known_hosts")).toBe("mg0 key\n");
  });

  test("keep the former host keys until a run that changes none", () => {
    write("mg0 old");
    expect(read("known_hosts.former")).toBe("");
    write("mg0 new");
    expect([read("known_hosts"), read("known_hosts.former")]).toEqual(["mg0 new\n", "mg0 old\n"]);
    write("mg0 new");
    expect(read("known_hosts.former")).toBe("");
  });

  test("change all at once: who reads one at that moment reads the old one to its end", () => {
    write("mg0 old");
    const reader = openSync(join(project, ".cache/ssh/dev/known_hosts"), "r");
    write("mg0 new");
    expect(readFileSync(reader, "utf8")).toBe("mg0 old\n");
    expect(readdirSync(join(project, ".cache/ssh/dev")).sort()).toEqual([
      "config",
      "key",
      "known_hosts",
      "known_hosts.former",
    ]);
  });

  describe("written by a program", () => {
    const mg0 = {
      ...{ name: "mg0", role: "manager" },
      ingressAddress: pulumi.output("192.0.2.10"),
      knownHost: pulumi.output("192.0.2.10 ssh-ed25519 AAAA"),
      connection: pulumi.output({ user: "root", privateKey: "the key" }),
    } as unknown as Machine;
    const program = async () => ({ config: sshAccess("dev", [mg0], 300).config });

    beforeEach(() => void jest.spyOn(process, "cwd").mockReturnValue(project));
    afterEach(() => jest.restoreAllMocks());

    test("are there when the config is known", async () => {
      const { outputs } = await run(program);
      expect((await resolve(outputs.config)).value).toBe(".cache/ssh/dev/config");
      expect(read("config")).toContain("HostName 192.0.2.10");
    });

    test("are not touched by a preview, although it knows everything", async () => {
      const { outputs } = await run(program, { preview: true });
      expect((await resolve(outputs.config)).value).toBe(".cache/ssh/dev/config");
      expect(existsSync(join(project, ".cache"))).toBe(false);
    });
  });
});
