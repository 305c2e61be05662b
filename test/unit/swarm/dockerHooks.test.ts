import { existsSync, readFileSync, writeFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { dockerHooks } from "../../../components/swarm/dockerHooks";
import { executable, inProgramFolder } from "../programFolder";

jest.mock("node:timers/promises", () => ({ setTimeout: () => Promise.resolve() }));

inProgramFolder();
const { PATH } = process.env;
beforeEach(() => {
  process.env.PATH = `${process.cwd()}/bin:${PATH}`;
  writeFileSync("config", "# managers: mg0\n");
  manager('printf "%s\\n" "$@" "$(cat)" >>calls');
});
afterEach(() => (process.env.PATH = PATH));

/** What becomes of a connection to a manager. */
const manager = (body: string) => executable("bin/ssh", `#!/bin/bash\n${body}\n`);

const calls = () => (existsSync("calls") ? readFileSync("calls", "utf8") : "");

function hooks() {
  const { beforeCreate, onError } = dockerHooks("services-web", {
    access: {
      config: pulumi.output("config"),
      user: pulumi.output("debian"),
      answerSeconds: 5,
    },
    ...{ manager: "swarm-any", script: "service/service", words: ["remove", "web"] },
  });
  const [makeRoom] = beforeCreate as pulumi.ResourceHook[];
  const [tryAgain] = onError as pulumi.ErrorHook[];
  const about = { urn: "urn", id: "", name: "services-web", type: "docker:index/service:Service" };
  return {
    makeRoom: async () => makeRoom!.callback(about),
    tryAgain: async (failedOperation: string, ...errors: string[]) =>
      tryAgain!.callback({ ...about, failedOperation, errors }),
  };
}

const SLOW = "rpc error: code = DeadlineExceeded desc = context deadline exceeded";

test("before it is made, the script takes away what has its name", async () => {
  await hooks().makeRoom();
  expect(calls()).toMatch(
    /^-F\nconfig\n-o\nLogLevel=QUIET\nswarm-any\nsudo -n bash -s -- remove web\n/,
  );
  expect(calls()).toContain("docker service rm");
});

test("it is not made when that fails, with what the script said", async () => {
  manager("cat >/dev/null; echo 'mg0: gave up' >&2; exit 1");
  await expect(hooks().makeRoom()).rejects.toThrow(/^mg0: gave up$/);
});

test("what failed for a reason that passes is made again, with room for it", async () => {
  expect(await hooks().tryAgain("create", SLOW)).toBe(true);
  expect(calls()).toContain("remove web");
});

test.each(["update", "delete"])("an %s is tried again as it is", async (operation) => {
  expect(await hooks().tryAgain(operation, SLOW)).toBe(true);
  expect(calls()).toBe("");
});

test("what failed for another reason has failed", async () => {
  expect(await hooks().tryAgain("create", "port '80' is already in use")).toBe(false);
  expect(calls()).toBe("");
});
