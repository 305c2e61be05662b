/** @pulumi/random 4.21.2: passwords. */
import { spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { text } from "node:stream/consumers";
import { z } from "zod";
import { readInputs, type Executor } from "./executor";

const count = z.int().nonnegative().default(0);

const passwordInputs = z.strictObject({
  length: z.int().positive(),
  lower: z.boolean().default(true),
  upper: z.boolean().default(true),
  numeric: z.boolean().default(true),
  special: z.boolean().default(true),
  minLower: count,
  minUpper: count,
  minNumeric: count,
  minSpecial: count,
  overrideSpecial: z.string().nonempty().default("!@#$%&*()-_=+[]{}<>:?"),
  /** Accepted but without effect here: when to make a new one. */
  keepers: z.record(z.string(), z.string()).optional(),
});

const randomPassword: Executor = async (task) => {
  const inputs = readInputs(passwordInputs, task);
  const alphabets = [
    { characters: "abcdefghijklmnopqrstuvwxyz", used: inputs.lower, least: inputs.minLower },
    { characters: "ABCDEFGHIJKLMNOPQRSTUVWXYZ", used: inputs.upper, least: inputs.minUpper },
    { characters: "0123456789", used: inputs.numeric, least: inputs.minNumeric },
    { characters: inputs.overrideSpecial, used: inputs.special, least: inputs.minSpecial },
  ];
  const required = alphabets.flatMap(({ characters, least }) => pick(characters, least));
  const all = alphabets.map(({ characters, used }) => (used ? characters : "")).join("");
  if (all === "" || required.length > inputs.length) {
    throw new Error("no password of this length has the characters that are asked for");
  }
  const result = shuffle([...required, ...pick(all, inputs.length - required.length)]);
  const password = result.join("");
  return { id: "none", result: password, bcryptHash: await bcrypt(password) };
};

/**
 * The provider's cost. The last character of a salt has two bits of it.
 * https://pkg.go.dev/golang.org/x/crypto/bcrypt
 */
const BCRYPT_COST = 10;
const SALT = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const SALT_END = ".Oeu";

/** By the C library, which Perl has a function of: Node.js and openssl have none. */
async function bcrypt(password: string): Promise<string> {
  const salt = [...pick(SALT, 21), ...pick(SALT_END, 1)].join("");
  const program = `print crypt(<STDIN>, "\\$2b\\$${BCRYPT_COST}\\$${salt}")`;
  const perl = spawn("perl", ["-e", program], { stdio: ["pipe", "pipe", "inherit"] });
  perl.stdin.end(password);
  const hash = await text(perl.stdout);
  if (hash.length !== 60) throw new Error(`perl made no bcrypt hash: it printed "${hash}"`);
  return hash;
}

export const random: Record<string, Executor> = {
  "random:index/randomPassword:RandomPassword": randomPassword,
};

function pick(characters: string, length: number): string[] {
  return Array.from({ length }, () => characters[randomInt(characters.length)]!);
}

function shuffle(items: string[]): string[] {
  for (let last = items.length - 1; last > 0; last--) {
    const other = randomInt(last + 1);
    [items[last], items[other]] = [items[other]!, items[last]!];
  }
  return items;
}
