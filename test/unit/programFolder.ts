import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setMocks } from "../../lab/rehearsal/mocks";

/** Where the tests are run: the project's folder, in which a program runs. */
export const PROJECT = process.cwd();

/** Has each test of a file run in an empty folder as if that were the project's, with Pulumi mocked. */
export function inProgramFolder(): void {
  let folder: string;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "program-"));
    process.chdir(folder);
    await setMocks({ newResource: () => ({ id: "", state: {} }), call: () => ({}) });
  });
  afterEach(() => {
    process.chdir(PROJECT);
    rmSync(folder, { recursive: true });
  });
}

/** Writes a program; its folder is made where it is missing. */
export function executable(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text, { mode: 0o755 });
}
