/** Images with a checksum, by a web server of this machine's own. */
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { resolveImage } from "../../../images/image";
import { fetchedImagePath } from "../../../images/recipe";
import { ConfigError } from "../../../stacks/config";
import { fingerprint } from "../../../components/machine/fingerprint";

/** Different in every run, so that none is there from another one. */
const QCOW2 = Buffer.from(`QFI\xfb image of ${process.pid} at ${Date.now()}`, "latin1");
const RAW = Buffer.from(`raw ${process.pid} at ${Date.now()}`);
const checksumOf = (content: Buffer) =>
  `sha256:${createHash("sha256").update(content).digest("hex")}`;
const CHECKSUM = checksumOf(QCOW2);
const TARGET = fetchedImagePath(CHECKSUM);

let server: http.Server;
let url: string;
let asked: string[];

beforeAll(async () => {
  mkdirSync(dirname(TARGET), { recursive: true });
  server = http.createServer((request, response) => {
    asked.push(request.url!);
    const content = { "/good.qcow2": QCOW2, "/raw.qcow2": RAW }[request.url!];
    if (request.url === "/broken.qcow2") {
      response.writeHead(200, { "content-length": QCOW2.length }).write(QCOW2.subarray(0, 8));
      setTimeout(() => response.destroy(), 50);
    } else response.writeHead(content ? 200 : 404).end(content);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());

beforeEach(() => (asked = []));
afterEach(() => {
  // Whatever happens, nothing half done is left.
  const left = readdirSync(dirname(TARGET)).filter((name) => name.endsWith(`.${process.pid}`));
  rmSync(TARGET, { force: true });
  expect(left).toEqual([]);
});

const resolve = (image: string, imageChecksum: string, preview = false) =>
  resolveImage({ image, imageChecksum }, preview);

async function refusal(image: string, checksum: string): Promise<string> {
  const error = await resolve(image, checksum).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ConfigError);
  return (error as ConfigError).problems.join("\n");
}

test("an image by URL is fetched once, and uploaded from there", async () => {
  const image = `${url}/good.qcow2`;
  const wanted = { source: TARGET, fingerprint: fingerprint(image) };
  expect(await resolve(image, CHECKSUM)).toEqual(wanted);
  expect(readFileSync(TARGET)).toEqual(QCOW2);
  expect(await resolve(image, CHECKSUM)).toEqual(wanted);
  expect(asked).toEqual(["/good.qcow2"]);
});

test("one that was damaged since is fetched again", async () => {
  writeFileSync(TARGET, "QFI\xfb", "latin1");
  await resolve(`${url}/good.qcow2`, CHECKSUM);
  expect(readFileSync(TARGET)).toEqual(QCOW2);
});

test("a preview fetches nothing, and knows the image by the same name", async () => {
  const image = `${url}/good.qcow2`;
  expect(await resolve(image, CHECKSUM, true)).toEqual({
    source: TARGET,
    fingerprint: fingerprint(image),
  });
  expect(asked).toEqual([]);
});

test("without a checksum, the provider fetches it and the name is the same", async () => {
  const image = "https://example.org/debian.qcow2";
  expect(await resolve(image, "")).toEqual({ source: image, fingerprint: fingerprint(image) });
});

test("another content is refused, and not kept", async () => {
  const other = checksumOf(Buffer.from("other"));
  expect(await refusal(`${url}/good.qcow2`, other)).toBe(
    `imageChecksum: "${other}" is not that of ${url}/good.qcow2, which is ${CHECKSUM}; write the ` +
      "publisher's, or another image if that is what you have",
  );
  expect(existsSync(fetchedImagePath(other))).toBe(false);
});

test("so is what is no qcow2 image, though it has the checksum", async () => {
  expect(await refusal(`${url}/raw.qcow2`, checksumOf(RAW))).toBe(
    `image: ${url}/raw.qcow2 is not in qcow2 format; convert it with \`qemu-img convert -O qcow2\``,
  );
  expect(existsSync(fetchedImagePath(checksumOf(RAW)))).toBe(false);
});

test.each([
  [
    "a file that the server does not have",
    "/none.qcow2",
    /answers with HTTP status 404; try again/,
  ],
  ["one that breaks off", "/broken.qcow2", /could not be fetched: .+; try again/],
  ["one of no server", ":1/good.qcow2", /could not be fetched: .+; try again/],
])("and %s, with the reason", async (_, path, reason) => {
  const image = path.startsWith(":") ? `http://127.0.0.1${path}` : url + path;
  const message = await refusal(image, CHECKSUM);
  expect(message).toMatch(reason);
  expect(message).toContain(`image: ${image} `);
});

describe("an image by path", () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "image-test-"))));
  afterEach(() => rmSync(folder, { recursive: true }));

  test("has to have the checksum, and keeps its name with it", async () => {
    const path = join(folder, "image.qcow2");
    writeFileSync(path, QCOW2);
    expect(await resolve(path, CHECKSUM)).toEqual(await resolve(path, ""));
    const other = checksumOf(Buffer.from("other"));
    expect(await refusal(path, other)).toBe(
      `imageChecksum: "${other}" is not that of ${path}, which is ${CHECKSUM}; write the ` +
        "publisher's, or another image if that is what you have",
    );
  });
});
