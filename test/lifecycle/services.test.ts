/** Each service by itself: switched off and on again, with nothing else changed. */
import { withCluster } from "../e2e/lab";
import { describeWithPulumi, MINUTES, Operator } from "./lab";

jest.setTimeout(10 * MINUTES);

const SETTINGS = { managers: "1", workers: "1", webReplicas: "2", storage: "none" };

describeWithPulumi("a service", () => {
  let operator: Operator;

  beforeAll(async () => {
    operator = await Operator.start(SETTINGS);
    await operator.up();
  });
  afterAll(() => operator.stop());

  const running = () =>
    withCluster(operator.outputs, async (cluster) => {
      const names = await cluster.run(
        cluster.managers[0]!,
        "docker service ls --format '{{.Name}}'",
      );
      return names.split("\n").sort();
    });

  test.each<[key: string, on: string, off: string, services: string[]]>([
    ["web", "true", "false", ["web"]],
    ["portainer", "true", "false", ["portainer"]],
    ["portainerMode", "agent", "socket", ["portainer-agent"]],
    ["visualizer", "true", "false", ["visualizer"]],
    ["overlayCheck", "true", "false", ["over-test"]],
    ["dnsCache", "true", "false", ["dns-cache"]],
    ["composeFile", "test/fixtures/compose.yaml", "", ["compose_web"]],
  ])("%s: off and on again", async (key, on, off, services) => {
    const isDefault = ["web", "portainer"].includes(key);
    const others = ["portainer", "web"].filter((name) => !services.includes(name));
    for (const value of isDefault ? [off, on] : [on, off]) {
      await operator.up({ [key]: value });
      await operator.expectNoChanges({ [key]: value });
      expect(await running()).toEqual([...others, ...(value === on ? services : [])].sort());
      expect(await operator.failures()).toEqual([]);
    }
  });
});
