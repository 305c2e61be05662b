import { readFileSync } from "node:fs";
import { join } from "node:path";
import { FakeNode, onlyMessage } from "../../unit/fakeNode";

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

describe("file", () => {
  const file = (action: string, kind = "secret", content = "open\nsesame") =>
    node.run("service/file", [action, kind, "name-1"], { CONTENT: content });

  test.each(["secret", "config"])("makes a %s with its content byte for byte", async (kind) => {
    node.swarm(1);
    const { code, stdout } = await file("create", kind);
    expect(code).toBe(0);
    expect(stdout).toBe(`${node.read(`${kind}s/name-1/id`)}\n`);
    expect(readFileSync(join(node.folder, `${kind}s/name-1/content`), "utf8")).toBe("open\nsesame");
    expect(node.read("calls")).not.toContain("sesame");
  });

  test("prints the ID of one that is there, and nothing else", async () => {
    node.swarm(1);
    const first = await file("create");
    expect(await file("create")).toEqual(first);
    expect(node.calls(/secret create/)).toHaveLength(1);
  });

  test("gives up when it cannot be made, with the reason", async () => {
    node.swarm(1);
    node.fastForward = true;
    node.failing("secret create");
    const { code, stderr } = await file("create");
    expect(code).toBe(1);
    expect(onlyMessage(stderr)).toBe(
      "node1: gave up after 120 s waiting for the secret name-1 to be made: " +
        "Error response from daemon: fake failure of docker secret create",
    );
  });

  test("says at once what Docker finds wrong with it", async () => {
    node.swarm(1);
    const { code, stderr } = await file("create", "secret", "a".repeat(512_000));
    expect(code).toBe(1);
    expect(onlyMessage(stderr)).toBe(
      "node1: Docker refuses the secret name-1: Error response from daemon: rpc error: code = " +
        "InvalidArgument desc = secret data must be larger than 0 and less than 512000 bytes",
    );
    expect(node.calls(/secret create/)).toHaveLength(1);
  });

  test("removes it once no task uses it any more, and is content where it is gone", async () => {
    node.swarm(1);
    await file("create");
    node.write("secrets/name-1/used", "");
    const running = file("remove");
    await node.called(/secret rm/, 2);
    node.erase("secrets/name-1/used");
    expect((await running).code).toBe(0);
    expect(node.read("secrets/name-1/id")).toBeUndefined();
    expect((await file("remove")).code).toBe(0);
  });
});

describe("image", () => {
  const DIGEST = `sha256:${"0123456789abcdef".repeat(4)}`;
  const image = (name: string) => node.run("service/image", [name]);
  const answer = (body: string) => node.command("curl", `printf '%s' '${body}'`);

  test("is printed with the digest that the registry knows it by", async () => {
    answer(`{"Descriptor":{"digest":"${DIGEST}","size":1},"Platforms":[{"digest":"sha256:1"}]}`);
    expect(await image("web/nginx:1.28")).toEqual({
      code: 0,
      stdout: `web/nginx:1.28@${DIGEST}\n`,
      stderr: "",
    });
    expect(node.calls(/^curl/)[0]).toMatch(
      /http:\/\/engine\/distribution\/web\/nginx:1\.28\/json$/,
    );
  });

  test("with a digest is printed as it is", async () => {
    expect(await image(`nginx@${DIGEST}`)).toMatchObject({ code: 0, stdout: `nginx@${DIGEST}\n` });
  });

  test("that the registry does not know is named, with its answer, after a second try", async () => {
    answer('{"message":"manifest unknown"}');
    const { code, stderr } = await image("nginx:0");
    expect(code).toBe(1);
    expect(onlyMessage(stderr)).toBe(
      'node1: the registry does not know the image nginx:0: {"message":"manifest unknown"}',
    );
    expect(node.calls(/^curl/)).toHaveLength(2);
  });
});

describe("service make-room", () => {
  const makeRoom = () => node.run("service/service", ["make-room", "web", "dev"]);
  const there = (stack: string) => {
    node.write("services/web", "");
    if (stack) node.write("state-of/web/stack", stack);
    node.write("state-of/web/image", "shop:1");
  };

  test("removes what this stack made, which an up that was killed has left", async () => {
    there("dev");
    expect(await makeRoom()).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(node.read("services/web")).toBeUndefined();
  });

  test("has nothing to do where there is none", async () => {
    node.write("services/web2", "");
    expect(await makeRoom()).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(node.calls(/service (inspect|rm)/)).toEqual([]);
  });

  test.each([
    ["nobody says whose it is", "", ""],
    ["it is another stack's", "other", ", of the stack other"],
  ])("leaves a service alone, and says which it is, when %s", async (_, stack, whose) => {
    there(stack);
    const { code, stderr } = await makeRoom();
    expect(code).toBe(1);
    expect(onlyMessage(stderr)).toBe(
      "node1: the swarm has a service web already, which this stack has not made: ID id-of-web, " +
        `image shop:1${whose}. It stays; remove it (docker service rm web), then run pulumi up again`,
    );
    expect(node.calls(/service rm/)).toEqual([]);
    expect(node.read("services/web")).toBe("");
  });

  test("does not take a swarm without a leader for an answer", async () => {
    there("dev");
    node.failing("service ls", 1);
    node.failing("service inspect", 1);
    expect((await makeRoom()).code).toBe(0);
    expect(node.read("services/web")).toBeUndefined();
  });
});

describe("service remove", () => {
  const remove = () => node.run("service/service", ["remove", "web"]);

  beforeEach(() => {
    node.write("services/web", "");
    node.write("services/web2", "");
  });

  test("takes the service away, and no other", async () => {
    expect(await remove()).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(node.read("services/web")).toBeUndefined();
    expect(node.read("services/web2")).toBe("");
  });

  test("ends well when there is none", async () => {
    node.erase("services/web");
    expect((await remove()).code).toBe(0);
    expect(node.calls(/service rm/)).toEqual([]);
  });

  test("does not take a swarm without a leader for one without the service", async () => {
    node.failing("service ls", 2);
    expect((await remove()).code).toBe(0);
    expect(node.read("services/web")).toBeUndefined();
  });

  test("says so when nobody leads the swarm in the end", async () => {
    node.fastForward = true;
    node.failing("service ls");
    const { code, stderr } = await remove();
    expect(code).toBe(1);
    expect(stderr).toMatch("node1: gave up after 60 s waiting for the service web to go");
  });
});

describe("service update", () => {
  const variables = {
    SPEC: '{"Labels":{"it\'s":"a & b"},"TaskTemplate":"@TASK@","Mode":{"Replicated":{"Replicas":"@REPLICAS@"}}}',
    SPEC_ID: "spec2",
    TASK: '{"ContainerSpec":{"Image":"new & \\"better\\""}}',
    TASK_ID: "task2",
  };
  const update = (min = 1, max = 5) =>
    node.run("service/service", ["update", "web", "30", `${min}`, `${max}`], variables);
  const state = (fields: Record<string, string | number>) => {
    for (const [field, value] of Object.entries(fields)) node.write(`state-of/web/${field}`, value);
  };
  /** What Docker does with an update: the first answers, and the last one for good. */
  const answers = (...each: { status: number; body?: string; then?: string }[]) => {
    each.forEach(({ status, body = "{}", then = "" }, i) => {
      node.write(`answer-${i + 1}`, `cat >body\n${then}\nprintf '%s (status ${status})' '${body}'`);
    });
    node.command(
      "curl",
      `n=$(grep -c ^curl calls); ((n < ${each.length})) || n=${each.length}; . "./answer-$n"`,
    );
  };
  const GIVEN = "echo spec2 >state-of/web/spec; echo task2 >state-of/web/task";
  const updated = { status: 200, then: `${GIVEN}; echo completed >state-of/web/status` };
  const sent = () => JSON.parse(node.read("body")!);
  const OUT_OF_SEQUENCE = '{"message":"rpc error: code = Unknown desc = update out of sequence"}';

  beforeEach(() => {
    node.write("services/web", "");
    node.write("services/web2", "");
    state({ version: 41, replicas: 3, spec: "spec1", task: "task1", tasks: "3/3" });
    node.write("state-of/web2/tasks", "0/1");
  });

  test("gives the service its spec, and leaves it the replicas that it has", async () => {
    answers(updated);
    expect(await update()).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(sent()).toEqual({
      Labels: { "it's": "a & b" },
      TaskTemplate: { ContainerSpec: { Image: 'new & "better"' } },
      Mode: { Replicated: { Replicas: 3 } },
    });
    expect(node.calls(/^curl/)).toEqual([
      expect.stringMatching(/ http:\/\/engine\/services\/id-of-web\/update\?version=41$/),
    ]);
    expect(node.read("calls")).not.toContain("better");
  });

  test.each([
    ["more", 1, 2, 2],
    ["fewer", 4, 9, 4],
  ])("has it within new bounds at once: %s", async (_, min, max, replicas) => {
    state({ spec: "spec2", task: "task2", template: '{"ContainerSpec":{}}' });
    answers(updated);
    expect((await update(min, max)).code).toBe(0);
    expect(sent().Mode).toEqual({ Replicated: { Replicas: replicas } });
  });

  test("does nothing when it was given that already", async () => {
    state({ spec: "spec2", task: "task2", status: "rollback_completed" }); // of an earlier one
    answers(updated);
    expect(await update()).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(node.calls(/^curl/)).toEqual([]);
  });

  test("hands back what tasks are made of as Docker has it, where that stays", async () => {
    state({ task: "task2", template: '{"ContainerSpec":{},"Runtime":"container"}' });
    answers({ status: 200, then: GIVEN });
    expect((await update()).code).toBe(0);
    expect(sent().TaskTemplate).toEqual({ ContainerSpec: {}, Runtime: "container" });
  });

  test("looks again when the autoscaler wrote in between", async () => {
    const meanwhile = "echo 42 >state-of/web/version; echo 5 >state-of/web/replicas";
    answers({ status: 500, body: OUT_OF_SEQUENCE, then: meanwhile }, updated);
    expect((await update()).code).toBe(0);
    expect(node.calls(/^curl/)[1]).toMatch(/version=42$/);
    expect(sent().Mode).toEqual({ Replicated: { Replicas: 5 } });
  });

  test("gives up when somebody always does", async () => {
    node.fastForward = true;
    answers({ status: 500, body: OUT_OF_SEQUENCE });
    const { code, stderr } = await update();
    expect(code).toBe(1);
    expect(onlyMessage(stderr)).toBe(
      `node1: could not update the service web within 60 s: ${OUT_OF_SEQUENCE} (status 500)`,
    );
  });

  test("does not try again what Docker finds wrong", async () => {
    answers({ status: 400, body: '{"message":"invalid reference format"}' });
    const { code, stderr } = await update();
    expect(code).toBe(1);
    expect(onlyMessage(stderr)).toBe(
      'node1: Docker refuses the service web: {"message":"invalid reference format"} (status 400)',
    );
    expect(node.calls(/^curl/)).toHaveLength(1);
  });

  test("says so when there is no such service", async () => {
    node.fastForward = true;
    node.erase("services/web");
    const { code, stderr } = await update();
    expect(code).toBe(1);
    expect(onlyMessage(stderr)).toBe(
      "node1: could not update the service web within 60 s: Error: no such service: web",
    );
  });

  test.each(["rollback_started", "rollback_completed", "rollback_paused", "paused"])(
    "fails with Docker's reason when the update did not hold: %s",
    async (status) => {
      state({
        errors: "task: non-zero exit (1)\n\ntask: non-zero exit (1)\nNo such image: nginx:0",
      });
      const message = "update rolled back due to failure or early termination of task abc";
      answers({
        status: 200,
        then: `echo ${status} >state-of/web/status; echo "${message}" >state-of/web/message`,
      });
      const { code, stderr } = await update();
      expect(code).toBe(1);
      expect(onlyMessage(stderr)).toBe(
        `node1: the update of the service web did not hold (${status}): ${message}; ` +
          "No such image: nginx:0;task: non-zero exit (1)",
      );
    },
  );

  test("waits until tasks are replaced, and until they run", async () => {
    state({ tasks: "2/3" });
    answers({ status: 200, then: `${GIVEN}; echo updating >state-of/web/status` });
    const running = update();
    await node.called(/service inspect .*UpdateStatus/, 2);
    state({ status: "completed" });
    await node.called(/service ls --format .*Replicas/, 2);
    state({ tasks: "3/3" });
    expect((await running).code).toBe(0);
  });

  test("ends well where Docker finds no task to replace", async () => {
    node.fastForward = true;
    answers({ status: 200, then: GIVEN });
    expect((await update()).code).toBe(0);
  });

  test("fails when somebody else changed the service meanwhile", async () => {
    answers({
      status: 200,
      then: `${GIVEN}; echo other >state-of/web/spec; echo completed >state-of/web/status`,
    });
    const { code, stderr } = await update();
    expect(code).toBe(1);
    expect(onlyMessage(stderr)).toBe(
      "node1: somebody else changed the service web meanwhile; run `up` again",
    );
  });

  test("gives up on tasks that never run, with what they said", async () => {
    node.fastForward = true;
    state({ tasks: "2/3", errors: "no suitable node (insufficient resources on 3 nodes)" });
    answers(updated);
    const { code, stderr } = await update();
    expect(code).toBe(1);
    expect(onlyMessage(stderr)).toBe(
      "node1: the service web does not run as wanted after 30 s; its tasks said: " +
        "no suitable node (insufficient resources on 3 nodes)",
    );
  });
});
