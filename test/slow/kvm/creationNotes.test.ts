import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { CreationNotes, type LibvirtKind } from "../../../components/kvm/creationNotes";
import { executable, inProgramFolder } from "../../unit/programFolder";

const URI = "qemu:///system";
const NOTE = ".cache/creating/stack/mg1-domain";

inProgramFolder();
const { PATH } = process.env;
afterEach(() => (process.env.PATH = PATH));
beforeEach(() => {
  process.env.PATH = `${process.cwd()}/bin:${PATH}`;
  mkdirSync("there");
  virsh(VIRSH);
});

/** A libvirt that has what there is a file for in the folder `there`; domains that run cannot go. */
const VIRSH = `
shift 3 # --quiet --connect URI
echo "$*" >>calls
case $1 in
  *-info | dominfo) [[ -f there/$2 ]] ;;
  destroy | *-destroy) [[ -f there/$2 ]] && echo off >there/$2 ;;
  undefine | *-undefine) [[ $(<there/$2) == off ]] && rm "there/$2" ;;
  vol-delete) rm "there/$2" ;;
esac`;

const virsh = (body: string) => executable("bin/virsh", `#!/bin/bash\n${body}\n`);
const calls = () => (existsSync("calls") ? readFileSync("calls", "utf8").trim().split("\n") : []);

/** What becomes of one resource, as the engine tells it. */
function hooksOf(kind: LibvirtKind, name: string, removalSeconds = 60) {
  let tell: (id: string) => void;
  const id = pulumi.output(new Promise<string>((done) => (tell = done)));
  let hooks: pulumi.ResourceHookBinding = {};
  new CreationNotes(URI, ".cache/creating/stack", removalSeconds).create(kind, name, (given) => {
    hooks = given;
    return { id } as pulumi.CustomResource;
  });
  const { beforeCreate, onError } = hooks;
  const about = { urn: "urn", id: "", name, type: kind };
  return {
    before: async (newInputs: Record<string, string>) =>
      (beforeCreate![0] as pulumi.ResourceHook).callback({ ...about, newInputs }),
    inState: async () => {
      tell("id");
      await new Promise(setImmediate);
    },
    failed: async (...errors: string[]) =>
      (onError![0] as pulumi.ErrorHook).callback({ ...about, failedOperation: "create", errors }),
  };
}
const domain = () => hooksOf("domain", "mg1-domain");

test("what is there before the first up is not touched", async () => {
  writeFileSync("there/dev-mg1", "on");
  await domain().before({ name: "dev-mg1" });
  expect(calls()).toEqual([]);
  expect(existsSync(NOTE)).toBe(true);
});

test("a note is kept from before it is made until the state has it", async () => {
  const hooks = domain();
  await hooks.before({ name: "dev-mg1" });
  expect(existsSync(NOTE)).toBe(true);
  await hooks.inState();
  expect(existsSync(NOTE)).toBe(false);
});

test("a note that an up left which was ended just after that goes with the next one", async () => {
  await domain().before({ name: "dev-mg1" });
  await domain().inState();
  expect(existsSync(NOTE)).toBe(false);
});

test.each<[LibvirtKind, { name: string; pool?: string }, string[]]>([
  ["domain", { name: "dev-mg1" }, ["destroy dev-mg1", "undefine dev-mg1"]],
  ["network", { name: "net" }, ["net-destroy net", "net-undefine net"]],
  ["pool", { name: "swarm-dev" }, ["pool-destroy swarm-dev", "pool-undefine swarm-dev"]],
  ["volume", { name: "base", pool: "swarm-dev" }, ["vol-delete base --pool swarm-dev"]],
])("a %s that an up has left which was ended is taken away", async (kind, inputs, commands) => {
  const hooks = hooksOf(kind, kind);
  await hooks.before(inputs);
  writeFileSync(`there/${inputs.name}`, "on");
  await hooks.before(inputs);
  expect(calls().filter((call) => !call.includes("info"))).toEqual(commands);
  expect(existsSync(`there/${inputs.name}`)).toBe(false);
});

test("where it has left nothing, nothing is taken away", async () => {
  await domain().before({ name: "dev-mg1" });
  await domain().before({ name: "dev-mg1" });
  expect(calls()).toEqual(["dominfo dev-mg1"]);
});

test("one that does not go stops the up, with what libvirt says", async () => {
  virsh('shift 3; case $1 in dominfo) SECONDS=100 ;; *) echo "it is $1 time"; exit 1 ;; esac');
  await domain().before({ name: "dev-mg1" });
  const impatient = hooksOf("domain", "mg1-domain", 1);
  await expect(impatient.before({ name: "dev-mg1" })).rejects.toThrow(
    /^the domain dev-mg1, which an earlier up has left, does not go: .*undefine time/s,
  );
});

test("what another stack has made is said to be there, and stays", async () => {
  const error = jest.spyOn(pulumi.log, "error").mockResolvedValue();
  await domain().before({ name: "dev-mg1" });
  expect(await domain().failed("operation failed: domain 'dev-mg1' already exists")).toBe(false);
  expect(error.mock.calls[0]![0]).toMatch(
    /^mg1-domain: libvirt has a domain of this name.*docs\/stacks/,
  );
  await domain().before({ name: "dev-mg1" }); // the next up does not touch it either
  expect(calls()).toEqual([]);
  expect(await domain().failed("no space left on device")).toBe(false);
  expect(error).toHaveBeenCalledTimes(1);
  error.mockRestore();
});
