import { parseManagerLook, whyNotRestore, type ManagerLook } from "../../../components/backup/plan";

const BACKUP = "20260102T030405Z-mg1";
const OTHER = "20260101T000000Z-mg0";

function look(name: string, changes: Partial<ManagerLook> = {}): ManagerLook {
  return { name, state: "active", hasLeader: false, restored: "", begun: false, ...changes };
}

test.each<[string, ManagerLook]>([
  ["active yes \n", look("mg1", { hasLeader: true })],
  ["inactive no", look("mg1", { state: "inactive" })],
  [`active no ${BACKUP}`, look("mg1", { restored: BACKUP })],
  [
    `locked no begun ${BACKUP} /var/lib/docker/swarm-before-20260203T040506Z`,
    look("mg1", { state: "locked", restored: BACKUP, begun: true }),
  ],
  // As earlier versions left it.
  [`active no begun ${BACKUP}`, look("mg1", { restored: BACKUP, begun: true })],
])("%j is read", (line, seen) => {
  expect(parseManagerLook("mg1", line)).toEqual(seen);
});

describe("a backup is restored", () => {
  const begun = { restored: BACKUP, begun: true };
  test.each<[string, ManagerLook[]]>([
    ["when no manager answers", []],
    ["when those that answer have no leader", [look("mg2"), look("mg0", { state: "inactive" })]],
    ["when another one was restored before", [look("mg0", { restored: OTHER })]],
    [
      "when it was already: then it stays as it is",
      [look("mg1", { hasLeader: true, restored: BACKUP })],
    ],
    ["when it broke off", [look("mg1", { state: "inactive", ...begun })]],
    ["when it broke off, and its manager leads", [look("mg1", { hasLeader: true, ...begun })]],
    ["when it broke off, and its manager is locked", [look("mg1", { state: "locked", ...begun })]],
  ])("%s", (_, managers) => {
    expect(whyNotRestore(BACKUP, managers)).toBeUndefined();
  });
});

describe("a backup is not restored", () => {
  test.each<[string, ManagerLook[], string]>([
    [
      "while a manager has a leader",
      [look("mg0", { state: "inactive" }), look("mg2", { hasLeader: true })],
      "the manager mg2 is in a swarm with a leader, and what that has would be lost. pulumi refresh " +
        "and pulumi up bring lost machines back; empty restore",
    ],
    [
      "while another one has, though it broke off before",
      [look("mg1", { restored: BACKUP, begun: true }), look("mg2", { hasLeader: true })],
      "the manager mg2 is in a swarm with a leader, and what that has would be lost. pulumi refresh " +
        "and pulumi up bring lost machines back; empty restore",
    ],
    [
      "while a manager is locked: it may come back",
      [look("mg0", { state: "inactive" }), look("mg2", { state: "locked" })],
      "the manager mg2 is locked, and its swarm may have a leader once it is not. Bring it its key: " +
        "docker swarm unlock on it (the output unlockKey). If it has no leader then either, or the key " +
        "is lost, give up its state: docker swarm leave --force on it. Then run pulumi up again",
    ],
    [
      "while the restore of another one is not done",
      [look("mg0", { state: "inactive", restored: OTHER, begun: true })],
      `a restore of ${OTHER} has begun on mg0 and is not done. Set restore to that one, and run ` +
        "pulumi up again. If it cannot be finished, docs/restore.md says how to give it up",
    ],
  ])("%s", (_, managers, why) => {
    expect(whyNotRestore(BACKUP, managers)).toBe(why);
  });
});
