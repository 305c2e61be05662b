import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import type { Machine } from "../../../components/machine/machine";
import { nodeScript, type NodeScriptArgs } from "../../../components/remote/nodeScript";
import { run } from "../harness";

/** What a shell would change, were it not quoted. */
const AWKWARD = [
  "",
  " ",
  "two  words",
  "it's",
  'say "hi"',
  `it's "both"`,
  "it's loud!",
  'loud "!!"',
  "first\nsecond\n",
  "it's\nlines\n",
  "$HOME ${HOME} $(id) `id`",
  "it's $HOME $(id) `id`",
  "back\\slash \\n",
  "it's back\\slash \\$HOME",
  "a*b?c[d]{e,f}~",
  "~root",
  "#comment",
  "-n",
  "a;b&c|d<e>f(g)",
  "VARIABLE=1",
  "tab\tand return\r",
  "grüße 日本 🐳",
];

function machine(user: string): Machine {
  return {
    name: "mg0",
    role: "manager",
    index: 0,
    connection: pulumi.output({
      host: "192.0.2.10",
      user,
      privateKey: pulumi.secret("PRIVATE"),
      hostKey: "HOST",
    }),
    ingressAddress: pulumi.output("192.0.2.10"),
    inboundAddress: pulumi.output("192.0.2.10"),
    advertiseAddress: pulumi.output("198.51.100.10"),
    identity: pulumi.output("uuid"),
    knownHost: pulumi.output("192.0.2.10 HOST"),
  };
}

async function register(args: Partial<NodeScriptArgs>, user = "root") {
  const { resources } = await run(async () => {
    nodeScript(
      "script",
      { machine: machine(user), script: "swarm/size", create: [3], timeoutSeconds: 60, ...args },
      {},
    );
  });
  expect(resources).toHaveLength(1);
  return resources[0]!;
}

/** What bash makes of `command` with `stdin`: the fields that it printed, each ended by NUL. */
function bash(command: string, stdin: string): string[] {
  const printed = execFileSync("bash", ["-c", command], { input: stdin, encoding: "utf8" });
  return printed.split("\0").slice(0, -1);
}

describe("the command line", () => {
  test("hands every argument to the script as it is", async () => {
    const { inputs } = await register({ create: [300, ...AWKWARD] });
    expect(bash(String(inputs.create), `printf '%s\\0' "$@"`)).toEqual(["300", ...AWKWARD]);
  });

  test("waits for arguments that are not there yet", async () => {
    const { inputs } = await register({ create: [pulumi.output("later")] });
    expect(inputs.create).toBe("bash -s -- later");
  });

  test("becomes root by sudo where it logs in as somebody else", async () => {
    const { inputs } = await register({ create: ["up"], delete: ["down"] }, "debian");
    expect(inputs.create).toBe("sudo -n bash -s -- up");
    expect(inputs.delete).toBe("sudo -n bash -s -- down");
  });

  test("is no secret, so that a preview shows what changes", async () => {
    const { shown } = await register({ create: ["up"], delete: ["down"] });
    expect(shown).toMatchObject({ create: "bash -s -- up", delete: "bash -s -- down" });
  });

  test("is there for the steps that were asked for, and for no others", async () => {
    const plain = await register({});
    expect(plain.inputs.create).toBe("bash -s -- 3");
    expect(plain.inputs).not.toHaveProperty("delete");

    const all = await register({ create: ["a"], delete: ["c"] });
    expect(all.inputs).toMatchObject({
      create: "bash -s -- a",
      delete: "bash -s -- c",
    });
  });
});

describe("stdin", () => {
  test.each(["swarm/join", "storage/export"])(
    "is the helpers and the script %s",
    async (script) => {
      const { inputs } = await register({ script });
      const [folder, name] = script.split("/");
      const file = (path: string) =>
        readFileSync(`${__dirname}/../../../components/${path}.sh`, "utf8");
      expect(inputs.stdin).toBe(
        `${file("remote/scripts/common")}\n${file(`${folder}/scripts/${name}`)}`,
      );
    },
  );

  test("sets every variable to its value, whatever is in it", async () => {
    const variables = Object.fromEntries(AWKWARD.map((value, i) => [`V${i}`, value]));
    const { inputs } = await register({ variables });
    const [assignments] = String(inputs.stdin).split("#!/usr/bin/env bash");
    const print = Object.keys(variables).map((name) => `printf '%s\\0' "$${name}"`);
    expect(bash("bash -s", `${assignments}${print.join("\n")}`)).toEqual(AWKWARD);
  });

  test("is secret when a variable is, and no secret is anywhere else in plain text", async () => {
    const { inputs, shown } = await register({
      variables: { PLAIN: "plain", JOIN_TOKEN: pulumi.secret("SWMTKN-1") },
    });
    expect(inputs.stdin).toContain("JOIN_TOKEN=SWMTKN-1");
    expect(JSON.stringify(shown)).not.toMatch(/SWMTKN|PRIVATE/);
  });

  test("is no secret when no variable is", async () => {
    const { shown } = await register({ variables: { PLAIN: "plain" } });
    expect(shown.stdin).toContain("PLAIN=plain");
  });
});

describe("the connection", () => {
  test("dials on until the step's own bound, and checks the host key", async () => {
    const { inputs, opts } = await register({ timeoutSeconds: 900 });
    expect(inputs.connection).toMatchObject({
      host: "192.0.2.10",
      hostKey: "HOST",
      dialErrorLimit: -1,
    });
    expect(opts.customTimeouts).toEqual({ create: "900s", update: "900s", delete: "900s" });
  });
});

describe("the output", () => {
  test("is neither logged nor kept in plain text when it is a secret", async () => {
    const { inputs, opts } = await register({ secretOutput: true });
    expect(inputs.logging).toBe("none");
    expect(opts.additionalSecretOutputs).toEqual(expect.arrayContaining(["stdout", "stderr"]));
  });

  test("is plain otherwise, and only what the script says is logged", async () => {
    const { inputs, opts } = await register({});
    expect(inputs.logging).toBe("stderr");
    expect(opts.additionalSecretOutputs ?? []).not.toContain("stdout");
  });
});
