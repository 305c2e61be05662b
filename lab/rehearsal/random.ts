/**
 * @pulumi/random 4.21.2: passwords. There is no `bcryptHash`: what reads it finds it undefined.
 */
import { randomInt } from "node:crypto";
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
  return { id: "none", result: result.join("") };
};

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
