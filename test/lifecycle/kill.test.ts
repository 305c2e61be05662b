/** An engine that is killed at any moment: the next `up` goes on from there. */
import { describeWithPulumi, hostKeyUrn, MINUTES, Operator } from "./lab";

jest.setTimeout(30 * MINUTES);

const SETTINGS = { managers: "3", workers: "1", webReplicas: "2", storage: "none" };
const OTHER_INGRESS = { ingressSubnet: "10.12.0.0/16", ingressGateway: "10.12.0.2" };

describeWithPulumi("an up that is killed", () => {
  let operator: Operator;

  beforeAll(async () => {
    operator = await Operator.start(SETTINGS);
  });
  afterAll(() => operator.stop());

  const create = "create";
  const replaced = "delete-replaced";

  // Each goes on where the one before was killed.
  test.each([
    { resource: "store-base", operation: create, seconds: 0.2 },
    { resource: "mg1-domain", operation: create, seconds: 1 },
    { resource: "swarm-mg0-ready", operation: create, seconds: 10 },
    { resource: "swarm-init", operation: create, seconds: 5 },
    { resource: "swarm-ingress-network", operation: create, seconds: 0.5 },
    { resource: "swarm-worker0-join", operation: create, seconds: 2 },
    { resource: "swarm-mg2-member", operation: create, seconds: 1 },
    { resource: "swarm-mg1-api", operation: create, seconds: 2 },
    { resource: "services-web-service", operation: create, seconds: 4 },
  ])("during $operation of $resource", async (moment) => {
    await operator.upKilledAt(moment);
  });

  test("goes on, and is then what its users rely on", async () => {
    await operator.up();
    await operator.expectNoChanges();
    expect(await operator.failures()).toEqual([]);
  });

  test.each([
    {
      moment: { resource: "swarm-mg2-member", operation: replaced, seconds: 8 },
      what: { replace: [hostKeyUrn("mg2")] },
    },
    {
      moment: { resource: "swarm-ingress-attached", operation: replaced, seconds: 1 },
      what: { changes: OTHER_INGRESS },
    },
    {
      moment: { resource: "services-web-service", operation: "create-replacement", seconds: 3 },
      what: { changes: OTHER_INGRESS },
    },
  ])("of a running swarm, during $moment.operation of $moment.resource", async (given) => {
    const { changes, replace } = { changes: {}, replace: [], ...given.what };
    await operator.upKilledAt(given.moment, changes, replace);
    if (given.moment.resource === "swarm-ingress-attached") return; // the next one goes on from here
    await operator.up(changes);
    await operator.expectNoChanges(changes);
    expect(await operator.statuses()).toEqual([
      ...["mg0", "mg1", "mg2", "worker0"].map((name) => `${name} Ready`),
    ]);
    expect(await operator.failures()).toEqual([]);
  });
});
