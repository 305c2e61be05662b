/** Changes of the whole `dev` stack: all its services, another ingress network, a new machine. */
import { withCluster } from "../e2e/lab";
import { ALL_ON, describeWithPulumi, hostKeyUrn, MINUTES, Operator } from "./lab";

jest.setTimeout(15 * MINUTES);

/** Another ingress network, and certificates that end earlier. */
const CHANGED = {
  ingressSubnet: "10.12.0.0/16",
  ingressGateway: "10.12.0.2",
  ingressMtu: "1150",
  certificateDays: "100",
};

describeWithPulumi("the dev stack", () => {
  let operator: Operator;

  beforeAll(async () => {
    operator = await Operator.start();
    await operator.up();
  });
  afterAll(() => operator.stop());

  test("has every service switched on, with nothing to change the second time", async () => {
    await operator.up(ALL_ON);
    expect(await operator.failures()).toEqual([]);
    await operator.expectNoChanges(ALL_ON);
    await operator.refresh(ALL_ON, true);
  });

  test("has them off again, with another ingress network and new certificates in one up", async () => {
    const steps = await operator.up(CHANGED);
    expect(steps.of("replace")).toEqual(
      expect.arrayContaining(["swarm-ingress-network", "services-web-service", "api-mg1"]),
    );
    expect(steps.of("replace").filter((name) => name.endsWith("-domain"))).toEqual([]);
    const services = await withCluster(operator.outputs, (cluster) =>
      cluster.run(cluster.managers[0]!, "docker service ls --format '{{.Name}}'"),
    );
    expect(services.split("\n").sort()).toEqual(["portainer", "web"]);
    expect(await operator.failures()).toEqual([]);
  });

  test("would replace every machine for another memory size, and nothing else", async () => {
    const steps = await operator.preview({ ...CHANGED, memoryMiB: "900" });
    const replaced = steps.of("replace");
    expect(replaced.filter((name) => name.endsWith("-domain"))).toEqual(
      operator.outputs.nodes.map(({ name }) => `${name}-domain`),
    );
    expect(
      replaced.filter((name) => /network|store|access|host-key|init|tokens/.test(name)),
    ).toEqual([]);
  });

  test("has a worker with a new seed replaced alone, and back", async () => {
    const before = operator.outputs.nodes;
    const steps = await operator.up(CHANGED, [hostKeyUrn("worker2")]);
    expect(steps.of("replace")).toHaveLength(7);
    const changed = operator.outputs.nodes.filter(({ id }, i) => id !== before[i]!.id);
    expect(changed.map(({ name }) => name)).toEqual(["worker2"]);
    expect(await operator.statuses()).toEqual(
      ["mg0", "mg1", "mg2", "worker0", "worker1", "worker2"].map((name) => `${name} Ready`),
    );
  });
});
