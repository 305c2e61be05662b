import { domainCpu } from "../../plan/domain";
import { engineConfig } from "../../plan/engine";
import { fingerprint } from "../../plan/fingerprint";

describe("engineConfig", () => {
  const read = (registryMirror: string) => JSON.parse(engineConfig({ registryMirror })) as object;

  test("bounds the logs of a node, whose disk is small", () => {
    expect(read("")).toEqual({
      "log-driver": "json-file",
      "log-opts": { "max-size": "10m", "max-file": "3" },
    });
  });

  test("names the registry mirror where there is one", () => {
    expect(read("http://192.168.123.1:5000")).toMatchObject({
      "registry-mirrors": ["http://192.168.123.1:5000"],
    });
  });

  test("is a text file: ready.sh compares it line by line with the node's", () => {
    expect(engineConfig({ registryMirror: "" })).toMatch(/^\{\n {2}".*\n\}\n$/s);
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
