import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readRestoreKey } from "../../../stacks/restoreKey";
import { config, problems } from "./configProblems";

const SCHEDULE =
  "is no calendar event of systemd; write one such as daily or *-*-* 03:00, or nothing";
const NAME = "is no name of a backup; write one that `npm run backup -- -s STACK --list` prints";
const NEWEST = "20260102T030405Z-mg1";
const KEY = "is no unlock key; write the stack's output unlockKey, which begins with SWMKEY-1-";

describe("refused", () => {
  test.each([
    ["backupSchedule", "daily; reboot", SCHEDULE],
    ["backupSchedule", "daily\nOnBootSec=1", SCHEDULE],
    ["backupSchedule", "$(date)", SCHEDULE],
    ["backupKeep", "0", "is less than 1; write a whole number from 1 to 10000"],
    ["backupKeep", "all", "is not a whole number; write a whole number from 1 to 10000"],
    ["restoreUnlockKey", "secret", KEY],
    ["restoreUnlockKey", "SWMKEY-1-a b", KEY],
    ["autolock", "yes", "is neither true nor false; write true or false"],
  ])("%s: %j", (key, value, message) => {
    expect(problems({ [key]: value })).toEqual([`${key}: ${JSON.stringify(value)} ${message}`]);
  });

  test.each(["20260102T030405Z-mg1.tar.gz", "../other", "latest", "20260102T030405Z-worker1"])(
    "restore: %j",
    (restore) => {
      expect(problems({ storage: "machine", restore })).toEqual([
        `restore: ${JSON.stringify(restore)} ${NAME}`,
      ]);
    },
  );

  test("a backup of a stack without storage", () => {
    expect(problems({ storage: "none", restore: NEWEST })).toEqual([
      `restore: "${NEWEST}" is set, but storage is none; write the storage that has the backup`,
    ]);
  });

  test("a backup of a manager that the stack has not", () => {
    expect(problems({ storage: "machine", restore: "20260102T030405Z-mg3" })).toEqual([
      'restore: "20260102T030405Z-mg3" is of mg3, which is no node of this stack; ' +
        "its nodes are mg0 to mg2 and worker0 to worker2",
    ]);
    expect(problems({ storage: "machine", restore: NEWEST })).toEqual([]);
  });
});

describe("the file with the key of a backup", () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "restore-key-"))));
  afterEach(() => rmSync(folder, { recursive: true }));

  const KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n-----END OPENSSH PRIVATE KEY-----";
  function read(content?: string): string | undefined {
    const restoreKeyFile = join(folder, "key");
    if (content !== undefined) writeFileSync(restoreKeyFile, content);
    return readRestoreKey({ restoreKeyFile });
  }

  test("is read, where there is one", () => {
    expect(read(`${KEY}\n`)).toBe(KEY);
    expect(readRestoreKey({ restoreKeyFile: "" })).toBeUndefined();
  });

  test.each([
    [undefined, "is not there; write the path of a file from the project's folder, or nothing"],
    [
      "SWMKEY-1-abc",
      "has no private key in OpenSSH's format in it; " +
        "write a file with the output backupKey of the stack that made the backup",
    ],
  ])("is refused with %j in it", (content, message) => {
    expect(() => read(content)).toThrow(
      `restoreKeyFile: ${JSON.stringify(join(folder, "key"))} ${message}`,
    );
  });
});

test.each(["", "daily", "Mon *-*-* 03:00", "*-*-* 00/6:00:00", "Sat..Sun 04:00 Europe/Berlin"])(
  "the schedule %j is taken",
  (backupSchedule) => {
    expect(config({ backupSchedule })).toMatchObject({ backupSchedule });
  },
);
