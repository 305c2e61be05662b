import { FakeNode, onlyMessage } from "../../unit/fakeNode";

jest.setTimeout(30_000); // enough for a machine that does other things too

let node: FakeNode;
beforeEach(() => {
  node = new FakeNode();
  node.swarm(3, 2);
  node.write("networks/net1", "ingress-sbox");
  node.write("peers/net1", peers(NODES));
});
afterEach(() => node.remove());

const NODES = ["m1", "m2", "m3", "w1", "w2"];
const peers = (ids: string[]) => ids.map((id) => `10.9.0.${id} `).join("");
const ingress = (seconds = 0) => node.run("swarm/overlay", ["attach", seconds, "net1"]);
const labels = () => NODES.map((id) => node.read(`nodes/${id}/labels`)?.split("\n").at(-1));

describe("ingress attach", () => {
  test("has every node take part in the network, and prints its ID", async () => {
    expect(await ingress()).toEqual({ code: 0, stdout: "net1\n", stderr: "" });
    expect(labels()).toEqual(NODES.map(() => "swarm.ingress=net1"));
  });

  test.each(["node ls", "node update"])(
    "misses no node when docker %s fails for a while",
    async (words) => {
      node.failing(words, 2);
      expect((await ingress(20)).code).toBe(0);
      expect(labels()).toEqual(NODES.map(() => "swarm.ingress=net1"));
    },
  );

  test("gives up when the nodes cannot be told", async () => {
    node.failing("node update");
    const { code, stdout, stderr } = await ingress();
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toContain(
      "node1: gave up after 0 s waiting for the nodes to take the label swarm.ingress\n",
    );
  });

  test("waits until this node has its end of the network", async () => {
    node.write("networks/net1", "");
    const running = ingress(20);
    await node.called(/network inspect/, 2);
    node.write("networks/net1", "other ingress-sbox");
    expect(await running).toMatchObject({ code: 0, stdout: "net1\n" });
  });

  test("waits until every node that is there takes part in it", async () => {
    node.write("peers/net1", peers(["m1", "m2", "w1"]));
    node.member("w2", { role: "worker", state: "down" });
    const running = ingress(20);
    await node.called(/network inspect/, 4);
    node.write("peers/net1", peers(["m1", "m2", "m3", "w1"]));
    expect(await running).toMatchObject({ code: 0, stdout: "net1\n" });
  });

  test("gives up on a node that keeps the network before it", async () => {
    node.write("peers/net1", peers(["m1", "m2", "m3", "w1"]));
    const { code, stderr } = await ingress();
    expect(code).toBe(1);
    expect(onlyMessage(stderr)).toContain(
      "waiting for the ingress network net1 to reach every node; " +
        "restart the engine of one that keeps the former one (docker network ls)",
    );
  });

  test("changes the nodes' labels every ten tries, which makes Docker try again", async () => {
    node.fastForward = true;
    node.write("networks/net1", "");
    expect((await ingress(25)).code).toBe(1);
    const values = node
      .calls(/^docker node update --label-add .* m1$/)
      .map((call) => call.split(" ").at(-2));
    expect(values).toEqual([
      "swarm.ingress=net1",
      "swarm.ingress=net1.10",
      "swarm.ingress=net1.20",
    ]);
  });

  test.each([
    ["is without its end of the network", "other"],
    ["does not know the network", undefined],
  ])("gives up on a node that %s", async (_, containers) => {
    node.erase("networks/net1");
    if (containers) node.write("networks/net1", containers);
    const { code, stdout, stderr } = await ingress();
    expect([code, stdout]).toEqual([1, ""]);
    expect(onlyMessage(stderr)).toBe(
      "node1: gave up after 0 s waiting for the ingress network net1 to reach every node; " +
        "restart the engine of one that keeps the former one (docker network ls)",
    );
  });
});

describe("ingress remove", () => {
  const remove = (seconds = 0) => node.run("swarm/overlay", ["remove", seconds, "net1"]);

  test("is done when the network is gone already", async () => {
    node.erase("networks/net1");
    node.command("curl", "");
    expect(await remove()).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(node.calls(/^curl/)).toEqual([]);
  });

  test("waits until the network is gone, which is after Docker's answer", async () => {
    node.command("curl", "");
    const running = remove(20);
    await node.called(/network inspect/, 2);
    node.erase("networks/net1");
    expect((await running).code).toBe(0);
    expect(node.calls(/^curl/)[0]).toMatch(/--request DELETE http:\/\/engine\/networks\/net1$/);
  });

  test.each([
    "rpc error: code = FailedPrecondition desc = network net1 is in use by service s1",
    "ingress network cannot be removed because service s1 depends on it",
  ])("fails at once, and says what to do, when Docker says: %s", async (said) => {
    node.command("curl", `echo '{"message":"${said}"}'`);
    const { code, stderr } = await remove(20);
    expect(code).toBe(1);
    expect(onlyMessage(stderr)).toBe(
      `node1: the network stays: {"message":"${said}"}. ` +
        "Remove that service first, or have it publish no port, then run pulumi up again",
    );
    expect(node.calls(/^curl/)).toHaveLength(1);
  });

  test.each([
    ["goes on at once", "when its task has ended", "w1 remove shutdown net1 ingress"],
    ["goes on at once", "when its task is in another network", "w1 remove running net2 other"],
    ["goes on at once", "when its task is meant to run", "w1 running running net1 ingress"],
    ["goes on at once", "when its node is not there", "w2 remove running net1 ingress"],
    ["waits", "when its task runs", "w1 remove running net1 ingress"],
    ["waits", "when its task runs in several", "w1 remove running net2 other net1 ingress"],
  ])("%s %s", async (what, _, task) => {
    node.member("w2", { role: "worker", state: "down" });
    node.write("tasks/t0", "w1 remove complete net1 ingress");
    node.write("tasks/t1", task);
    node.command("curl", "");
    const running = remove(40);
    await node.called(/inspect --type task/, 2);
    expect(node.calls(/^curl/).length > 0).toBe(what === "goes on at once");
    node.erase("tasks/t1");
    await node.called(/^curl/, 1);
    node.erase("networks/net1");
    expect((await running).code).toBe(0);
  });

  test("goes on without a node that does not end its containers, after half of its time", async () => {
    node.fastForward = true;
    node.write("tasks/t1", "w1 remove running net1 ingress");
    node.command("curl", "mv networks/net1 gone");
    expect((await remove(20)).code).toBe(0);
    expect(node.calls(/inspect --type task/).length).toBeGreaterThan(5);
  });

  test("gives up on a network that stays", async () => {
    node.command("curl", "exit 7");
    node.fastForward = true;
    const { code, stderr } = await remove(5);
    expect(code).toBe(1);
    expect(onlyMessage(stderr)).toBe(
      "node1: gave up after 5 s waiting for the network net1 to go; restart the engine if it keeps it",
    );
    expect(node.calls(/^curl/).length).toBeGreaterThan(1);
  });
});

describe("network make-room", () => {
  const makeRoom = (seconds = 20) =>
    node.run("swarm/overlay", ["make-room", seconds, "net1", "dev"]);

  test("removes what this stack made, which an up that was killed has left", async () => {
    node.write("owners/net1", "dev");
    node.command("curl", "rm networks/net1");
    expect(await makeRoom()).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(node.calls(/^curl/)).toHaveLength(1);
  });

  test("has nothing to do where there is none", async () => {
    node.erase("networks/net1");
    node.command("curl", "");
    expect(await makeRoom()).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(node.calls(/^curl/)).toEqual([]);
  });

  test.each([
    ["nobody says whose it is", "", ""],
    ["it is another stack's", "other", ", of the stack other"],
  ])("leaves a network alone, and says which it is, when %s", async (_, stack, whose) => {
    if (stack) node.write("owners/net1", stack);
    node.command("curl", "");
    const { code, stderr } = await makeRoom();
    expect(code).toBe(1);
    expect(onlyMessage(stderr)).toBe(
      "node1: there is a network net1 already, which this stack has not made: ID id-of-net1, " +
        `driver overlay${whose}. It stays; remove it (docker network rm net1), then run pulumi up again`,
    );
    expect(node.calls(/^curl/)).toEqual([]);
  });
});
