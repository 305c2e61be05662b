import { execFile } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { contextName, setContext, writeContextFiles } from "../../../cli/contextFiles";

const run = promisify(execFile);
const project = join(__dirname, "..", "..", "..");

let scratch: string;
/** With the scratch folder first in the path. */
let env: NodeJS.ProcessEnv;

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), "context-"));
  env = { ...process.env, PATH: `${scratch}:${process.env.PATH}` };
});
afterEach(() => rmSync(scratch, { recursive: true }));

const outputs = { ca: "the CA\n", cert: "the certificate\n", key: "the key\n" };

/** Puts a program into the scratch folder. */
function program(name: string, script: string): void {
  const file = join(scratch, name);
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
}

/** A `docker` that knows one context, and notes how it is called. */
function fakeDocker(then = "true"): () => string[] {
  const log = join(scratch, "docker.log");
  program("docker", `echo "$*" >> ${log}\n[ "$2" != ls ] || exec echo swarm-old\n${then}`);
  return () => readFileSync(log, "utf8").trim().split("\n");
}

describe("the context's files", () => {
  const mode = (file: string) => (statSync(file).mode & 0o777).toString(8);

  test("have docker's names, and only this user reads the key", () => {
    const folder = writeContextFiles(scratch, "dev", outputs);
    expect(folder).toBe(join(scratch, ".cache", "context", "dev"));
    expect(mode(folder)).toBe("700");
    expect(mode(join(folder, "key.pem"))).toBe("600");
    for (const name of ["ca", "cert", "key"] as const) {
      expect(readFileSync(join(folder, `${name}.pem`), "utf8")).toBe(outputs[name]);
    }
  });

  test("are written anew, and get their modes back", () => {
    const folder = writeContextFiles(scratch, "dev", outputs);
    chmodSync(folder, 0o755);
    chmodSync(join(folder, "key.pem"), 0o644);
    writeContextFiles(scratch, "dev", { ...outputs, key: "another key\n" });
    expect(mode(folder)).toBe("700");
    expect(mode(join(folder, "key.pem"))).toBe("600");
    expect(readFileSync(join(folder, "key.pem"), "utf8")).toBe("another key\n");
  });
});

describe("the context", () => {
  test("is named after the stack", () => {
    expect(contextName("dev")).toBe("swarm-dev");
    expect(contextName("organisation/project/dev")).toBe("swarm-dev");
  });

  test.each([
    ["swarm-new", "create"],
    ["swarm-old", "update"],
  ])("%s: docker is told to %s it", async (name, verb) => {
    const calls = fakeDocker();
    expect(await setContext(name, "host=x", env)).toBe(true);
    expect(calls()).toEqual([
      "context ls --format {{.Name}}",
      `context ${verb} ${name} --docker host=x`,
    ]);
  });

  test("that docker refuses is an error with docker's reason", async () => {
    fakeDocker("echo 'invalid context name' >&2; exit 1");
    await expect(setContext("swarm:x", "host=x", env)).rejects.toThrow(
      "docker cannot set the context swarm:x: invalid context name",
    );
  });

  test("is left alone without the docker command", async () => {
    expect(await setContext("swarm-new", "host=x", { PATH: scratch })).toBe(false);
  });
});

describe("npm run context", () => {
  // A stack that is not one of this project's, so that nobody's files are touched.
  const stack = `test-${process.pid}`;
  const folder = join(project, ".cache", "context", stack);
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function fakePulumi(): void {
    const json = JSON.stringify({ ...outputs, nodes: [], dockerHost: "tcp://192.0.2.10:2376" });
    program("pulumi", `printf %s '${json}'`);
  }

  async function context(...args: string[]): Promise<string> {
    const command = [join(project, "node_modules", "tsx", "dist", "cli.mjs"), "cli/context.ts"];
    const { stdout } = await run(process.execPath, [...command, ...args], {
      ...{ cwd: project, env },
    });
    return stdout;
  }

  test("makes the context and says what to type", async () => {
    fakePulumi();
    const calls = fakeDocker();
    expect(await context("-s", stack)).toBe(
      `wrote ca.pem, cert.pem and key.pem to ${folder}\n` +
        `docker context swarm-${stack} is tcp://192.0.2.10:2376. Now type:\n` +
        `  docker --context swarm-${stack} node ls\n`,
    );
    expect(calls()[1]).toBe(
      `context create swarm-${stack} --docker host=tcp://192.0.2.10:2376,` +
        `ca=${folder}/ca.pem,cert=${folder}/cert.pem,key=${folder}/key.pem`,
    );
  });

  test("takes another name", async () => {
    fakePulumi();
    fakeDocker();
    expect(await context("-s", stack, "--name", "mine")).toContain("docker --context mine node ls");
  });

  test("without docker says how to go on", async () => {
    fakePulumi();
    env.PATH = scratch;
    const output = await context("-s", stack);
    expect(output).toContain("there is no docker command on this machine");
    expect(output).toContain("  export DOCKER_HOST=tcp://192.0.2.10:2376\n");
    expect(output).toContain(`  export DOCKER_CERT_PATH=${folder}\n`);
    expect(output).toContain(`  docker context create swarm-${stack} --docker "host=tcp://`);
  });

  test("asks for the stack when none is named", async () => {
    await expect(context()).rejects.toThrow("required option '-s, --stack <name>' not specified");
  });
});
