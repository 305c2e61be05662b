import { domainCpu } from "../../../components/kvm/domain";
import { engineConfig, gwbridgeOptions } from "../../../components/swarm/engine";
import { gwbridgeOf } from "../../../stacks/config/sections";
import { fingerprint, keyedFingerprint } from "../../../components/machine/fingerprint";
import type { Role } from "../../../components/machine/nodes";
import { config } from "../stacks/configProblems";

describe("engineConfig", () => {
  const read = (role: Role, registryMirror = "") =>
    JSON.parse(engineConfig({ role, registryMirror })) as object;

  /** Logs are bounded, since a node's disk is small; the firewall guards the metrics. */
  const everywhere = {
    "log-driver": "json-file",
    "log-opts": { "max-size": "10m", "max-file": "3" },
  };

  test.each<Role>(["worker", "storage"])("leaves a %s's engine on its socket", (role) => {
    expect(read(role)).toEqual(everywhere);
  });

  test("opens a manager's engine to clients with a certificate", () => {
    expect(read("manager")).toEqual({
      ...everywhere,
      hosts: ["unix:///var/run/docker.sock", "tcp://0.0.0.0:2376"],
      tlsverify: true,
      tlscacert: "/etc/docker/tls/ca.pem",
      tlscert: "/etc/docker/tls/cert.pem",
      tlskey: "/etc/docker/tls/key.pem",
    });
  });

  test.each<Role>(["manager", "worker"])("names the registry mirror of a %s", (role) => {
    const mirror = "http://192.168.123.1:5000";
    expect(read(role, mirror)).toEqual({ ...read(role), "registry-mirrors": [mirror] });
  });

  test.each<Role>(["manager", "worker"])("is a text file on a %s", (role) => {
    expect(engineConfig({ role, registryMirror: "" })).toMatch(/^\{\n {2}".*\n\}\n$/s);
  });
});

describe("docker_gwbridge", () => {
  test("has the settings of the config, as options of `docker network create`", () => {
    expect(gwbridgeOptions(gwbridgeOf(config())).split("\n")).toEqual([
      "--subnet=172.18.0.0/16",
      "--opt=com.docker.network.bridge.name=docker_gwbridge",
      "--opt=com.docker.network.bridge.enable_icc=false",
      "--opt=com.docker.network.bridge.enable_ip_masquerade=true",
      "--opt=com.docker.network.driver.mtu=1500",
      "",
    ]);
  });

  test.each([
    ["gwbridgeSubnet", "172.19.0.0/16", "--subnet=172.19.0.0/16"],
    ["gwbridgeIcc", "true", "--opt=com.docker.network.bridge.enable_icc=true"],
    ["gwbridgeMasquerade", "false", "--opt=com.docker.network.bridge.enable_ip_masquerade=false"],
    ["gwbridgeMtu", "1400", "--opt=com.docker.network.driver.mtu=1400"],
  ])("takes %s %s", (key, value, option) => {
    const changed = { natNetworkExists: "true", [key]: value };
    expect(gwbridgeOptions(gwbridgeOf(config(changed))).split("\n")).toContain(option);
  });
});

describe("domainCpu", () => {
  test("is the host's own where the hardware runs the guest", () => {
    expect(domainCpu("kvm")).toEqual({ mode: "host-passthrough" });
  });

  test("is all that emulation has, without what makes that slow", () => {
    const { mode, features } = domainCpu("qemu");
    expect(mode).toBe("maximum");
    expect(features).toContainEqual({ name: "smap", policy: "disable" });
    expect(features).toContainEqual({ name: "erms", policy: "disable" });
    expect(features!.every(({ policy }) => policy === "disable")).toBe(true);
  });
});

describe("fingerprint", () => {
  test("is the same for the same content on every machine, and fit for a file name", () => {
    // printf '{"a":[1,"x"]}' | sha256sum
    expect(fingerprint({ a: [1, "x"] })).toBe("5e49f471d8b6");
  });

  test.each([
    ["a value", { a: 2 }],
    ["a name", { b: 1 }],
    ["a type", { a: "1" }],
    ["one more", { a: 1, b: 1 }],
  ])("changes with %s", (_, content) => {
    expect(fingerprint(content)).not.toBe(fingerprint({ a: 1 }));
  });
});

describe("keyedFingerprint", () => {
  test("is an HMAC of the content, the same on every machine", () => {
    // printf 'hunter2' | openssl dgst -sha256 -hmac key
    expect(keyedFingerprint("key", "hunter2")).toBe("05d210d8af05");
  });

  test("is another with another key or content, and not the fingerprint", () => {
    const marks = [
      keyedFingerprint("key", "hunter2"),
      keyedFingerprint("other", "hunter2"),
      keyedFingerprint("key", "hunter3"),
      fingerprint("hunter2"),
    ];
    expect(new Set(marks).size).toBe(marks.length);
  });
});
