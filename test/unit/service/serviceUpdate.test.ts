import { serviceUpdate } from "../../../components/service/serviceUpdate";

const inputs = {
  name: "web",
  labels: [{ label: "swarm.autoscale.max", value: "5" }],
  taskSpec: {
    containerSpec: { image: "nginx:1@sha256:12", stopGracePeriod: "1m" },
    resources: { limits: { nanoCpus: 250_000_000 } },
  },
  mode: { replicated: { replicas: 2 } },
  updateConfig: { order: "start-first" },
};
const changed = (changes: object) => serviceUpdate({ ...inputs, ...changes });
const { labels, variables } = serviceUpdate(inputs);

/** Which of the two labels are others. */
function others({ variables: now }: ReturnType<typeof serviceUpdate>): string[] {
  return (["SPEC_ID", "TASK_ID"] as const).filter((id) => now[id] !== variables[id]);
}

test("is the spec for the Engine API, with places for replicas and for the tasks", () => {
  expect(JSON.parse(variables.SPEC)).toEqual({
    Name: "web",
    Labels: {
      "swarm.autoscale.max": "5",
      "swarm.task": variables.TASK_ID,
      "swarm.spec": variables.SPEC_ID,
    },
    TaskTemplate: "@TASK@",
    Mode: { Replicated: { Replicas: "@REPLICAS@" } },
    UpdateConfig: {
      ...{ Parallelism: 1, Delay: 0, FailureAction: "pause", Monitor: 5e9 },
      ...{ MaxFailureRatio: 0, Order: "start-first" },
    },
  });
  expect(JSON.parse(variables.TASK)).toMatchObject({
    ContainerSpec: { Image: "nginx:1@sha256:12", StopGracePeriod: 60e9 },
    Resources: { Limits: { NanoCPUs: 250_000_000 } },
  });
});

test("is what the service says by its labels that it was given", () => {
  expect(labels).toEqual([
    { label: "swarm.autoscale.max", value: "5" },
    { label: "swarm.task", value: variables.TASK_ID },
    { label: "swarm.spec", value: variables.SPEC_ID },
  ]);
});

test.each<[what: string, changes: object, ids: string[]]>([
  ["the number that it is made with", { mode: { replicated: { replicas: 3 } } }, []],
  ["a label", { labels: [{ label: "swarm.autoscale.max", value: "6" }] }, ["SPEC_ID"]],
  ["how it is updated", { updateConfig: { order: "stop-first" } }, ["SPEC_ID"]],
  [
    "its image",
    { taskSpec: { containerSpec: { image: "nginx:2@sha256:12" } } },
    ["SPEC_ID", "TASK_ID"],
  ],
])("is another one for %s: %j", (_, changes, ids) => {
  expect(others(changed(changes))).toEqual(ids);
});

test("refuses what it has no place for, rather than lose it", () => {
  expect(() => changed({ auth: { serverAddress: "registry.example.org" } })).toThrow(/auth/);
});
