/** A changed setting of the engines on a running swarm: it goes from node to node, a bad one nowhere. */
import { scriptText } from "../../components/remote/nodeScript";
import { withCluster } from "../e2e/lab";
import { describeWithPulumi, MINUTES, Operator } from "./lab";
import { watch } from "./watch";

jest.setTimeout(30 * MINUTES);

/** The lab's registry again, by the hypervisor's address in the internal network. */
const OTHER_MIRROR = { registryMirror: "http://192.168.42.1:5000" };

describeWithPulumi("a running swarm of three managers and three workers", () => {
  let operator: Operator;

  beforeAll(async () => {
    operator = await Operator.start({ portainer: "false" });
    await operator.up();
  });
  afterAll(() => operator.stop());

  const onEach = (command: string) =>
    withCluster(operator.outputs, (cluster) =>
      Promise.all(cluster.nodes.map((node) => cluster.run(node, command))),
    );
  const engines = () => onEach("systemctl show --property MainPID docker");
  const settings = () => onEach("cat /etc/docker/daemon.json");

  test("takes another registry mirror, one manager at a time, without a failed request", async () => {
    const before = await engines();
    const seen = await watch(operator.outputs, () => operator.up(OTHER_MIRROR), 10);
    console.log(JSON.stringify(seen));
    expect(seen.failed).toEqual([]);
    expect(seen.requests).toBeGreaterThan(200);
    expect(seen.fewestManagers).toBeGreaterThanOrEqual(2);
    const after = await engines();
    expect(after.filter((engine, i) => engine === before[i])).toEqual([]);
    expect(
      (await settings()).filter((text) => !text.includes(OTHER_MIRROR.registryMirror)),
    ).toEqual([]);
    await operator.expectNoChanges(OTHER_MIRROR);
    expect(await operator.failures()).toEqual([]);
  });

  test("refuses a mirror that is no address", async () => {
    await expect(operator.up({ registryMirror: "no mirror" })).rejects.toThrow(
      /registryMirror: "no mirror"/,
    );
  });

  test.each([
    ["is unknown", '{"unknown-setting": true}'],
    ["is no JSON", '{"log-driver": '],
  ])(
    "changes nothing on any node for a setting that %s and got past the config",
    async (_, bad) => {
      const before = [await engines(), await settings()];
      const script = `ENGINE_CONFIG='${bad}'\nFIREWALL="$(cat /etc/nftables.conf)"\n${scriptText("swarm/ready")}`;
      const encoded = Buffer.from(script).toString("base64");
      const said = await onEach(
        `bash -c 'echo ${encoded} | base64 -d | bash -s -- 60 2>&1 || echo refused'`,
      );
      console.log(said[0]);
      expect(said.filter((text) => !text.endsWith("refused"))).toEqual([]);
      expect([await engines(), await settings()]).toEqual(before);
      await operator.expectNoChanges(OTHER_MIRROR);
      expect(await operator.failures()).toEqual([]);
    },
  );
});
