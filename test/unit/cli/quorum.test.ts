import { whyNotReplace, type NodeState } from "../../../cli/quorum";

const node = (name: string, managerStatus: string, status = "Ready"): NodeState => ({
  name,
  status,
  managerStatus,
});
const THREE = [
  node("mg0", "Leader"),
  node("mg1", "Reachable"),
  node("mg2", "Reachable"),
  node("worker0", ""),
];

test.each([
  ["the leader", "mg0", THREE],
  ["a manager", "mg2", THREE],
  ["a lost manager", "mg1", [THREE[0]!, node("mg1", "Unreachable", "Down"), THREE[2]!]],
  [
    "a worker while a manager is lost",
    "worker0",
    [...THREE.slice(0, 2), node("mg2", "Unreachable", "Down"), THREE[3]!],
  ],
  ["a machine that is no member any more", "worker9", THREE],
])("%s can be replaced", (_, name, nodes) => {
  expect(whyNotReplace(name, nodes)).toBeUndefined();
});

test.each([
  [
    "the only manager",
    "mg0",
    [node("mg0", "Leader"), node("worker0", "")],
    /^mg0 is the only manager/,
  ],
  [
    "a manager while another one is lost",
    "mg2",
    [THREE[0]!, node("mg1", "Unreachable", "Down"), THREE[2]!],
    /^without mg2 the managers may have no majority: mg1 cannot be reached/,
  ],
])("%s cannot", (_, name, nodes, why) => {
  expect(whyNotReplace(name, nodes)).toMatch(why);
});
