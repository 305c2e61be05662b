import type { ResourceRule } from "../rule";

/** What a secret looks like, whatever the property is called. */
const TEXTS: [RegExp, what: string][] = [
  [/SWMTKN-1-/, "a join token"],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----/, "a private key"],
];

/** Properties that have a secret in them, whatever it looks like. */
const NAMES =
  /(password|passphrase|secret|token|private_?key(pem|openssh)?|keymaterial|secret_?key)$/i;

/** Types of which a property has a secret in it by its meaning. */
const BY_TYPE: Record<string, string> = { "docker:index/secret:Secret": "data" };

export const secretsMarkedSecret: ResourceRule = {
  name: "secrets-marked-secret",
  description:
    "Join tokens, private keys and passwords are marked secret: anything else is in clear text in " +
    "the state, in previews and in their comments on a pull request.",
  level: "mandatory",
  check({ type, props, secrets }) {
    const found = leaves(props).flatMap(([path, text]) => {
      const what = kind(type, path, text);
      return what ? [{ path, what }] : [];
    });
    if (found.length > 0 && !secrets) {
      return [
        "cannot tell what is marked secret; give the policy secret-marks its level, remediate, back",
      ];
    }
    // The value is not shown: this message would be where it leaks.
    return found
      .filter(({ path }) => !isMarked(path, secrets!))
      .map(
        ({ path, what }) =>
          `${path.join(".")} is ${what} in clear text; write pulumi.secret(...) around it, or take ` +
          "it from an output that is a secret",
      );
  },
};

function kind(type: string, path: string[], text: string): string | undefined {
  const [, what] = TEXTS.find(([pattern]) => pattern.test(text)) ?? [];
  if (what) return what;
  const name = path.at(-1)!;
  return NAMES.test(name) || BY_TYPE[type] === path.join(".") ? "a secret by its name" : undefined;
}

/** Every text that is not empty, with its path. */
function leaves(value: unknown, path: string[] = []): [path: string[], text: string][] {
  if (typeof value === "string" && value !== "") return [[path, value]];
  if (value === null || typeof value !== "object") return [];
  return Object.entries(value).flatMap(([key, inner]) => leaves(inner, [...path, key]));
}

/** Whether the property itself is marked, or one that it is part of. */
function isMarked(path: string[], secrets: ReadonlySet<string>): boolean {
  return path.some((_, i) => secrets.has(path.slice(0, i + 1).join(".")));
}
