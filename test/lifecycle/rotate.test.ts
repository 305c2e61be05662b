/** What a swarm keeps secret, made anew: each by one counter and one up. */
import { X509Certificate } from "node:crypto";
import { withCluster } from "../e2e/lab";
import { describeWithPulumi, hostKeyUrn, MINUTES, Operator } from "./lab";

jest.setTimeout(15 * MINUTES);

const SETTINGS = { managers: "3", workers: "1", storage: "none" };

describeWithPulumi("a rotation", () => {
  let operator: Operator;
  const changes: Record<string, string> = {};

  beforeAll(async () => {
    operator = await Operator.start(SETTINGS);
    await operator.up();
  });
  afterAll(() => operator.stop());

  const onEach = (command: string) =>
    withCluster(operator.outputs, (cluster) =>
      Promise.all(cluster.nodes.map((node) => cluster.run(node, command))),
    );
  const engines = () => onEach("systemctl show --property MainPID docker");
  const containers = () => onEach("docker ps --quiet --no-trunc");
  /** What each node shows of the swarm's CA. */
  const swarmCa = async () => {
    const certificates = await onEach("cat /var/lib/docker/swarm/certificates/swarm-root-ca.crt");
    return [...new Set(certificates)];
  };

  /** One up with a counter increased, and what restarted meanwhile. */
  async function rotate(
    counter: string,
    count = "1",
  ): Promise<{ engines: string[]; containers: string[] }> {
    const before = { engines: await engines(), containers: await containers() };
    changes[counter] = count;
    await operator.up(changes);
    await operator.expectNoChanges(changes);
    const after = { engines: await engines(), containers: await containers() };
    expect(await operator.failures()).toEqual([]);
    const names = operator.outputs.nodes.map(({ name }) => name);
    const restarted = (what: "engines" | "containers") =>
      names.filter((_, i) => before[what][i] !== after[what][i]);
    return { engines: restarted("engines"), containers: restarted("containers") };
  }

  test.each(["1", "2"])(
    "of the SSH key, number %s, leaves one key, and restarts nothing",
    async (count) => {
      const accepted = async () => [...new Set(await onEach("cat .ssh/authorized_keys"))];
      const [before] = await accepted();
      const { sshPrivateKey } = operator.outputs;
      expect(await rotate("sshKeyRotation", count)).toEqual({ engines: [], containers: [] });
      const after = await accepted();
      expect(after).toEqual([expect.stringMatching(/^ssh-ed25519 \S+$/)]);
      expect(after[0]).not.toBe(before);
      expect(operator.outputs.sshPrivateKey).not.toBe(sshPrivateKey);
    },
  );

  test("of the SSH key holds for a machine that is made later", async () => {
    await operator.up(changes, [hostKeyUrn("worker0")]);
    await operator.expectNoChanges(changes);
    expect(await operator.failures()).toEqual([]);
  });

  test("of the join tokens replaces both, and restarts nothing", async () => {
    const { managerJoinToken, workerJoinToken } = operator.outputs;
    expect(await rotate("tokenRotation")).toEqual({ engines: [], containers: [] });
    expect(operator.outputs.managerJoinToken).not.toBe(managerJoinToken);
    expect(operator.outputs.workerJoinToken).not.toBe(workerJoinToken);
  });

  test("of the swarm's CA reaches every node, and restarts nothing", async () => {
    const [before] = await swarmCa();
    const { workerJoinToken } = operator.outputs;
    expect(await rotate("caRotation")).toEqual({ engines: [], containers: [] });
    const after = await swarmCa();
    expect(after).toHaveLength(1);
    expect(after[0]).not.toBe(before);
    expect(operator.outputs.workerJoinToken).not.toBe(workerJoinToken);
  });

  test("of the API's certificates replaces them all, and restarts the managers' engines", async () => {
    const { ca, cert, key } = operator.outputs;
    expect((await rotate("certificateRotation")).engines).toEqual(["mg0", "mg1", "mg2"]);
    const after = operator.outputs;
    expect(
      [after.ca, after.cert, after.key].filter((one) => [ca, cert, key].includes(one)),
    ).toEqual([]);
    expect(new X509Certificate(after.cert).verify(new X509Certificate(after.ca).publicKey)).toBe(
      true,
    );
  });
});
