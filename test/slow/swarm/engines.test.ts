import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { FakeNode } from "../../unit/fakeNode";

jest.setTimeout(30_000); // enough for a machine that does other things too

// The machine that runs Pulumi; nodes are files in `waits`, and what they are told is in `told`.
let node: FakeNode;
beforeEach(() => {
  node = new FakeNode();
  node.fastForward = true;
  mkdirSync(join(node.folder, "waits"));
  // ssh -F CONFIG HOST COMMAND
  node.command(
    "ssh",
    `cat >"stdin-$3"
step=\${4#bash -s -- }
echo "$3 \${step% 300*}" >>told
[[ ! -f silent/$3 ]] || exit 255
[[ ! -f fails/$3 || $step == look ]] || { echo "$3: why" >&2; exit 1; }
case $step in
  look) [[ ! -f waits/$3 ]] || echo staged ;;
  restart*) echo "id-$3" ;;
  finish*) rm "waits/$3" ;;
esac`,
  );
});
afterEach(() => node.remove());

const NODES = ["manager mg0", "manager mg1", "worker worker0", "worker worker1", "worker worker2"];

function engines(nodes: string[], atOnce = 1) {
  return node.run("swarm/engines", [300, "config", "bash -s --", atOnce], {
    STAGED_NODES: nodes.map((line) => `${line} staged 1`).join("\n"),
    ENGINE: "the text of engine.sh",
    ENGINE_CONFIGS: "{}",
    UNLOCK_KEY: "SWMKEY-1-good",
    ON_MANAGER: 'echo "$3 ${*: -1}" >>told; cat >/dev/null',
  });
}

const waits = (...names: string[]) => names.forEach((name) => node.write(`waits/${name}`, ""));
const told = (pattern = /./) =>
  (node.read("told") ?? "").split("\n").filter((line) => pattern.test(line));
/** One whole restart. */
const restart = (name: string) => [
  `${name} restart`,
  `swarm-any bash -s -- seen 300 id-${name}`,
  `${name} finish`,
];

test("asks nobody where no node has said that something waits", async () => {
  expect(await engines([])).toEqual({ code: 0, stdout: "", stderr: "" });
  expect(told()).toEqual([]);
});

test("restarts nothing where nothing waits any more", async () => {
  expect((await engines(NODES)).code).toBe(0);
  expect(told().sort()).toEqual(NODES.map((line) => `${line.split(" ")[1]} look`).sort());
});

test("takes the managers one after the other, then the workers, each to its end", async () => {
  waits("mg1", "mg0", "worker2", "worker0");
  expect((await engines(NODES)).code).toBe(0);
  expect(told().filter((line) => !line.endsWith("look"))).toEqual(
    ["mg0", "mg1", "worker0", "worker2"].flatMap(restart),
  );
});

test("takes as many workers at a time as may be away, and managers one by one still", async () => {
  waits("mg0", "mg1", "worker0", "worker1", "worker2");
  expect((await engines(NODES, 2)).code).toBe(0);
  const steps = told(/restart|finish/);
  expect(steps.slice(0, 4)).toEqual(["mg0 restart", "mg0 finish", "mg1 restart", "mg1 finish"]);
  expect(steps.slice(4, 8).sort()).toEqual(
    ["worker0", "worker1"].flatMap((name) => [`${name} finish`, `${name} restart`]),
  );
  expect(steps.slice(8)).toEqual(["worker2 restart", "worker2 finish"]);
});

test.each([
  ["manager", "mg0", ["mg0 restart"]],
  ["worker", "worker1", ["mg0 restart", "mg1 restart", "worker0 restart", "worker1 restart"]],
])(
  "stops at a %s that fails, with its reason, and goes on there the next time",
  async (_, name, restarts) => {
    const all = ["mg0", "mg1", "worker0", "worker1", "worker2"];
    waits(...all);
    node.write(`fails/${name}`, "");
    const { code, stderr } = await engines(NODES);
    expect(code).toBe(1);
    expect(stderr).toContain(`${name}: why\nnode1: stopped at ${name}: `);
    expect(told(/ restart$/)).toEqual(restarts);

    node.erase("fails");
    node.erase("told");
    expect((await engines(NODES)).code).toBe(0);
    const first = all.indexOf(name);
    expect(told(/ restart$/)).toEqual(all.slice(first).map((rest) => `${rest} restart`));
  },
);

test("restarts the others where one does not answer, and then says which", async () => {
  waits("mg0", "worker0", "worker1");
  node.write("silent/worker1", "");
  const { code, stderr } = await engines(NODES);
  expect(code).toBe(1);
  expect(stderr).toContain("node1: no answer from worker1: whether the engine there waits");
  expect(told(/ finish$/)).toEqual(["mg0 finish", "worker0 finish"]);
});

test("hands the key and the wanted configurations over stdin, and in no argument", async () => {
  waits("mg0");
  const { stdout, stderr } = await engines(NODES);
  expect(node.read("stdin-mg0")).toBe(
    "ENGINE_CONFIGS=\\{\\}\nUNLOCK_KEY=SWMKEY-1-good\nthe text of engine.sh",
  );
  expect([node.read("calls"), stdout, stderr].join()).not.toContain("SWMKEY");
});
