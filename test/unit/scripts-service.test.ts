import { FakeNode, onlyMessage } from "./fakeNode";

jest.setTimeout(30_000); // enough for a machine that does other things too

let node: FakeNode;
beforeEach(() => {
  node = new FakeNode();
  node.swarm(3);
});
afterEach(() => node.remove());

const compose = (...services: string[]) =>
  `services:\n${services.map((name) => `  ${name}:\n    image: "it's:1"\n`).join("")}`;
const deploy = (...services: string[]) =>
  node.run("service/stack", ["deploy", "app"], { COMPOSE: compose(...services) });

describe("stack deploy", () => {
  test("hands the compose file to Docker, and prints the services in order", async () => {
    expect(await deploy("web", "cache")).toEqual({
      code: 0,
      stdout: "app_cache\napp_web\n",
      stderr: "",
    });
  });

  test("takes away what is no longer in the file", async () => {
    await deploy("web", "cache");
    expect((await deploy("web")).stdout).toBe("app_web\n");
    expect(node.calls(/stack deploy/)).toEqual(
      Array(2).fill("docker stack deploy --prune --detach=true --compose-file - app"),
    );
  });

  test("passes on what Docker has to say about the file", async () => {
    node.failing("stack deploy");
    const { code, stdout, stderr } = await deploy("web");
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toBe(
      "Error response from daemon: fake failure of docker stack deploy\n" +
        "node1: could not deploy the compose file as app\n",
    );
  });
});

describe("stack remove", () => {
  const remove = () => node.run("service/stack", ["remove", "app"], { COMPOSE: compose("web") });
  const NEVER_GONE = "node1: gave up after 120 s waiting for the services of app to go";

  test("takes its services away, and leaves those of others", async () => {
    await deploy("web");
    node.write("stacks/other/web", "");
    expect((await remove()).code).toBe(0);
    expect(node.read("stacks/app/web")).toBeUndefined();
    expect(node.read("stacks/other/web")).toBe("");
  });

  test("ends well when they are gone already", async () => {
    expect((await remove()).code).toBe(0);
  });

  test("waits until the last one is gone", async () => {
    await deploy("web");
    node.failing("stack rm"); // so that they go when this test says so
    const running = remove();
    await node.called(/service ls/, 2);
    node.erase("stacks/app");
    expect((await running).code).toBe(0);
  });

  test("gives up on services that stay", async () => {
    await deploy("web");
    node.fastForward = true;
    node.failing("stack rm");
    const { code, stderr } = await remove();
    expect(code).toBe(1);
    expect(onlyMessage(stderr)).toBe(NEVER_GONE);
  });

  test("does not take an engine that cannot tell for one without services", async () => {
    await deploy("web");
    node.fastForward = true;
    node.failing("service ls");
    const { code, stderr } = await remove();
    expect(code).toBe(1);
    expect(stderr).toContain(NEVER_GONE);
  });
});
