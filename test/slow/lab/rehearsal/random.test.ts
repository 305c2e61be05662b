import { execFileSync } from "node:child_process";
import { tmpdir } from "node:os";
import { random } from "../../../../lab/rehearsal/random";

jest.setTimeout(30_000); // fifty hashes, on a machine that does other things too

async function password(inputs: Record<string, unknown>): Promise<string> {
  const type = "random:index/randomPassword:RandomPassword";
  const signal = AbortSignal.timeout(20_000);
  const task = { type, name: "x", inputs, provider: undefined, projectDir: tmpdir(), signal };
  return String((await random[type]!(task)).result);
}

const without = { lower: false, upper: false, numeric: false, special: false };

test.each([
  ["every kind of character", {}, /^[\w!@#$%&*()\-=+[\]{}<>:?]{400}$/],
  ["no special ones", { special: false }, /^[a-zA-Z0-9]{400}$/],
  ["chosen special ones", { ...without, special: true, overrideSpecial: "-+" }, /^[-+]{400}$/],
  ["digits alone", { ...without, numeric: true }, /^[0-9]{400}$/],
])("makes a password of %s", async (_what, inputs, pattern) => {
  expect(await password({ length: 400, ...inputs })).toMatch(pattern);
});

test("comes with its bcrypt hash, which the C library finds right", async () => {
  const task = {
    ...{ type: "random:index/randomPassword:RandomPassword", name: "x", inputs: { length: 24 } },
    ...{ provider: undefined, projectDir: tmpdir(), signal: AbortSignal.timeout(20_000) },
  };
  const { result, bcryptHash } = await random[task.type]!(task);
  expect(bcryptHash).toMatch(/^\$2b\$10\$[./A-Za-z0-9]{53}$/);
  const again = execFileSync("perl", ["-e", "print crypt($ENV{PASSWORD}, $ENV{HASH})"], {
    env: { ...process.env, PASSWORD: String(result), HASH: String(bcryptHash) },
  });
  expect(again.toString()).toBe(bcryptHash);
});

test("is a different one each time", async () => {
  expect(await password({ length: 24 })).not.toBe(await password({ length: 24 }));
});

test("has at least as many of each kind as asked for, anywhere", async () => {
  const least = { minLower: 1, minUpper: 2, minNumeric: 3, minSpecial: 4 };
  const all = await Promise.all(
    Array.from({ length: 50 }, () => password({ length: 10, ...least })),
  );
  for (const one of all) {
    expect([...one].sort().join("")).toMatch(
      /^(?=(.*[a-z]){1})(?=(.*[A-Z]){2})(?=(.*\d){3}).{10}$/,
    );
  }
  expect(new Set(all.map((one) => /[A-Z]/.exec(one)?.index)).size).toBeGreaterThan(1);
});

test.each([
  ["nothing to choose from", { length: 8, ...without }, "no password of this length"],
  ["more than fits", { length: 2, minLower: 3 }, "no password of this length"],
  ["a property that it does not know", { length: 8, number: true }, "cannot honour"],
])("refuses %s", async (_what, inputs, message) => {
  await expect(password(inputs)).rejects.toThrow(message);
});
