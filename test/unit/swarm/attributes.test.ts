import { nodeAttributes } from "../../../components/swarm/attributes";
import { config, problems } from "../stacks/configProblems";

describe("a node", () => {
  const NODE = { name: "worker1", role: "worker" } as const;

  test.each<[string, Record<string, string>, string, string[]]>([
    ["runs tasks and has no labels by default", {}, "active", []],
    ["is drained by its name", { drainedNodes: "mg1, worker1" }, "drain", []],
    ["is not drained by another's", { drainedNodes: "worker0" }, "active", []],
    ["has the labels of its role", { nodeLabels: "worker:disk=hdd" }, "active", ["disk=hdd"]],
    ["has not those of another role", { nodeLabels: "manager:disk=hdd" }, "active", []],
    ["has its own labels", { nodeLabels: "worker1:disk=ssd" }, "active", ["disk=ssd"]],
    [
      "has its own rather than its role's, wherever they stand",
      { nodeLabels: "worker1:disk=ssd,worker:disk=hdd,worker:zone=a" },
      "active",
      ["disk=ssd", "zone=a"],
    ],
  ])("%s", (_, changes, availability, labels) => {
    expect(nodeAttributes(config(changes), NODE)).toEqual({ availability, labels });
  });
});

describe("refused", () => {
  const NODES = "its nodes are mg0 to mg2 and worker0 to worker2";
  const EXAMPLE = "write NODE:NAME=VALUE with commas between them, such as worker0:disk=ssd";

  test.each([
    ["drainedNodes", "manager", 'has "manager" in it, which is no node\'s name; write names'],
    ["drainedNodes", "mg0,,mg1", 'has "" in it, which is no node\'s name; write names'],
    ["drainedNodes", "mg01", 'has "mg01" in it, which is no node\'s name; write names'],
    ["drainedNodes", "mg3", `names mg3, which is no node of this stack; ${NODES}`],
    ["drainedNodes", "worker3", `names worker3, which is no node of this stack; ${NODES}`],
    ["nodeLabels", "disk=ssd", `has "disk=ssd" in it, which is no label of a node; ${EXAMPLE}`],
    ["nodeLabels", "mg0:disk", `has "mg0:disk" in it, which is no label of a node; ${EXAMPLE}`],
    ["nodeLabels", "mg0:disk=a b", `has "mg0:disk=a b" in it, which is no label of a node`],
    ["nodeLabels", "storage:a=b", `has "storage:a=b" in it, which is no label of a node`],
    ["nodeLabels", "mg0:swarm.x=1", 'labels that begin with "swarm." are this program\'s own'],
    ["nodeLabels", "worker9:a=b", `names worker9, which is no node of this stack; ${NODES}`],
    ["nodesAtOnce", "0", "is less than 1; write a whole number from 1 to 107"],
  ])("%s %j", (key, value, message) => {
    const [problem, ...more] = problems({ [key]: value });
    expect(problem).toMatch(`${key}: ${JSON.stringify(value)} `);
    expect(problem).toContain(message);
    expect(more).toEqual([]);
  });
});
