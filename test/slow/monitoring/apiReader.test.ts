/** api-reader by the real nginx, in front of a socket that says what it is asked. */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import net from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { eventually } from "../../../conformance/check";

jest.setTimeout(30_000); // enough for a machine that does other things too

const PROJECT = join(__dirname, "../../..");
const NGINX = join(PROJECT, ".cache/tools/usr/sbin/nginx");
const CONFIG = join(PROJECT, "components/monitoring/files/api-reader.conf");

let folder: string;
let engine: http.Server;
let nginx: ChildProcess;
let port: number;
/** What came to the engine. */
let asked: { method?: string; url?: string; headers: http.IncomingHttpHeaders; body: string }[] =
  [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "api-reader-"));
  const socket = join(folder, "docker.sock");
  engine = http.createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += String(chunk)));
    request.on("end", () => {
      const { method, url, headers } = request;
      asked.push({ ...{ method: method!, url: url!, headers, body } });
      response.end("the engine");
    });
  });
  await new Promise<void>((done) => engine.listen(socket, done));
  port = await freePort();
  const here = readFileSync(CONFIG, "utf8")
    .replace("/var/run/docker.sock", socket)
    .replace("listen 2375", `listen 127.0.0.1:${port}`)
    .replace("user root;", userInfo().uid === 0 ? "user root;" : "")
    .replace("/dev/stderr", join(folder, "log"))
    .replace("/tmp/nginx.pid", join(folder, "nginx.pid"))
    .replace(
      "http {",
      `http { ${TEMPORARY.map((name) => `${name}_temp_path ${folder}/${name};`).join(" ")}`,
    );
  const config = join(folder, "nginx.conf");
  writeFileSync(config, here);
  nginx = spawn(NGINX, ["-c", config, "-g", "daemon off;", "-e", join(folder, "log")], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  await eventually(() => ask("GET", "/_ping"), 10);
});
beforeEach(() => {
  asked = [];
});
afterAll(async () => {
  const ended = new Promise((done) => nginx.once("exit", done));
  nginx.kill("SIGTERM");
  await ended;
  await new Promise((done) => engine.close(done));
  rmSync(folder, { recursive: true });
});

/** Where Debian's nginx would write in /var. */
const TEMPORARY = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];

async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as net.AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

/** The status of an answer. */
async function ask(method: string, path: string, headers = {}, body = ""): Promise<number> {
  return new Promise((done, fail) => {
    const request = http.request({ host: "127.0.0.1", port, method, path, headers }, (answer) => {
      answer.resume();
      answer.on("end", () => done(answer.statusCode!));
    });
    request.on("error", fail);
    request.end(body);
  });
}

const LISTS = ["_ping", "version", "info", "nodes", "services", "tasks", "networks"];

test.each(LISTS)("GET %s reaches the engine, which answers in its own version", async (list) => {
  const filtered = `/${list}?filters=%7B%22desired-state%22%3A%7B%22running%22%3Atrue%7D%7D`;
  expect(await ask("GET", `/${list}`)).toBe(200);
  expect(await ask("GET", `/v1.24${filtered}`)).toBe(200);
  expect(asked.map(({ url }) => url)).toEqual([`/${list}`, filtered]);
});

test("HEAD _ping does, by which Prometheus finds the version", async () => {
  expect(await ask("HEAD", "/_ping")).toBe(200);
});

test.each(["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])("%s never does", async (method) => {
  for (const list of LISTS) expect(await ask(method, `/v1.41/${list}`)).toBe(403);
  expect(asked).toEqual([]);
});

test.each([
  ...["/", "/secrets", "/v1.41/secrets", "/configs", "/swarm", "/swarm/unlockkey"],
  ...[
    "/containers/json",
    "/images/json",
    "/volumes",
    "/events",
    "/services/web",
    "/services/web/logs",
  ],
  ...["/v1.41/nodes/create", "/v1.41/exec", "/v2/nodes", "/x/nodes", "/NODES", "/nodes.json"],
  ...["/containers/../secrets", "/nodes/..%2fsecrets", "/v1.41/nodes%2f..%2fsecrets", "//secrets"],
])("GET %s never does", async (path) => {
  expect(await ask("GET", path)).toBe(403);
  expect(asked).toEqual([]);
});

test("another spelling reaches no more than the list itself", async () => {
  expect(await ask("GET", "/containers/x/..%2f..%2fnodes")).toBe(200);
  expect(asked.map(({ url }) => url)).toEqual(["/nodes"]);
});

test("neither a body nor headers come through", async () => {
  const headers = { "X-Registry-Auth": "secret", Upgrade: "tcp", Connection: "Upgrade" };
  expect(await ask("GET", "/nodes", headers, "a body")).toBe(200);
  expect(asked).toMatchObject([{ method: "GET", url: "/nodes", body: "" }]);
  expect(asked[0]!.headers).not.toHaveProperty("x-registry-auth");
  expect(asked[0]!.headers).not.toHaveProperty("upgrade");
});
