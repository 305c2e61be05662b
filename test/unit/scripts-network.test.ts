import { FakeNode, onlyMessage } from "./fakeNode";

jest.setTimeout(30_000); // enough for a machine that does other things too

let node: FakeNode;
beforeEach(() => {
  node = new FakeNode();
  node.swarm(3, 2);
  node.write("networks/net1", "ingress-sbox");
});
afterEach(() => node.remove());

const NODES = ["m1", "m2", "m3", "w1", "w2"];
const ingress = (seconds = 0) => node.run("network/ingress", [seconds, "net1"]);
const labels = () => NODES.map((id) => node.read(`nodes/${id}/labels`)?.split("\n").at(-1));

describe("ingress", () => {
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

  test.each([
    ["is without its end of the network", "other"],
    ["does not know the network", undefined],
  ])("gives up on a node that %s", async (_, containers) => {
    node.erase("networks/net1");
    if (containers) node.write("networks/net1", containers);
    const { code, stdout, stderr } = await ingress();
    expect([code, stdout]).toEqual([1, ""]);
    expect(onlyMessage(stderr)).toBe(
      "node1: gave up after 0 s waiting for the ingress network net1 to reach this node",
    );
  });
});
