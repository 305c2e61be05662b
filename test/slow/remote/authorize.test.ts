import { readdirSync } from "node:fs";
import { FakeNode, onlyMessage } from "../../unit/fakeNode";

jest.setTimeout(30_000); // enough for a machine that does other things too

const KEYS = {
  PUBLIC_KEY: "ssh-ed25519 AAAApresent",
  PRESENT: "the present key",
  FORMER: "the former key",
  FIRST: "the first key",
  HOST_KEY: "ssh-ed25519 AAAAhost",
};

let node: FakeNode;
beforeEach(() => {
  node = new FakeNode();
  // A machine that lets in one key. `-i` comes third, and its file's name after it.
  node.command(
    "ssh",
    `[[ ! -f away ]] || { echo "ssh: connect to host: No route to host" >&2; exit 255; }
[[ $(<"$4") == "$(<accepted)" ]] || { echo "debian@host: Permission denied (publickey)." >&2; exit 255; }
[[ \${@: -1} == true ]] || cat >authorized_keys
cat "$(dirname "$4")/known_hosts" >known`,
  );
});
afterEach(() => node.remove());

const authorize = (seconds = 0) =>
  node.run("remote/authorize", [seconds, "debian", "192.168.123.10"], KEYS);
const written = () => node.read("authorized_keys");

test.each([
  ["the one before it", KEYS.FORMER],
  ["the one that machines are made with", KEYS.FIRST],
])("a machine that lets in %s gets the present key, and no other", async (_, accepted) => {
  node.write("accepted", accepted);
  expect(await authorize()).toEqual({ code: 0, stdout: "", stderr: "" });
  expect(written()).toBe(KEYS.PUBLIC_KEY);
  expect(node.read("known")).toBe(`192.168.123.10 ${KEYS.HOST_KEY}`);
});

test("a machine that lets in the present key is left as it is", async () => {
  node.write("accepted", KEYS.PRESENT);
  expect((await authorize()).code).toBe(0);
  expect(written()).toBeUndefined();
});

test("a machine that lets in none of them is not asked again", async () => {
  node.write("accepted", "another key");
  const { code, stderr } = await authorize(60);
  expect(code).toBe(1);
  expect(onlyMessage(stderr)).toBe(
    "node1: 192.168.123.10 lets in none of this stack's SSH keys; sshKeyRotation goes up by one at a time",
  );
  expect(node.calls(/^ssh/)).toHaveLength(3);
});

test("a machine that boots is waited for", async () => {
  node.write("accepted", KEYS.FIRST);
  node.write("away", "");
  const running = authorize(20);
  await node.called(/^ssh/, 4);
  node.erase("away");
  expect((await running).code).toBe(0);
  expect(written()).toBe(KEYS.PUBLIC_KEY);
});

test("a machine that does not answer within the bound is named, with its last answer", async () => {
  node.fastForward = true;
  node.write("away", "");
  const { code, stderr } = await authorize(10);
  expect(code).toBe(1);
  expect(onlyMessage(stderr)).toBe(
    "node1: 192.168.123.10 did not answer within 10 s: ssh: connect to host: No route to host",
  );
});

test("no key is in an argument list, or left behind", async () => {
  node.write("accepted", KEYS.FIRST);
  await authorize();
  expect(node.read("calls")).not.toMatch(/the (present|former|first) key/);
  expect(readdirSync(node.folder).filter((name) => name.startsWith("tmp."))).toEqual([]);
});
