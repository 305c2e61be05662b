import { once } from "node:events";
import net, { type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { Server, utils, type Connection as ServerConnection, type ServerChannel } from "ssh2";
import { command } from "../../../../lab/rehearsal/command";
import type { Outputs } from "../../../../lab/rehearsal/executor";
import { tls } from "../../../../lab/rehearsal/tls";

const base = {
  name: "step",
  provider: undefined,
  projectDir: tmpdir(),
  signal: AbortSignal.timeout(20_000),
};

function run(type: string, inputs: Record<string, unknown>, signal = base.signal) {
  const executor = command[type]!;
  return executor({ ...base, type, inputs, signal });
}

describe("local.Command", () => {
  const local = (inputs: Record<string, unknown>) => run("command:local:Command", inputs);

  test("gives its output without the last newline", async () => {
    const outputs = await local({ create: "echo one; echo two; echo warn >&2" });
    expect(outputs).toEqual({ id: "step", stdout: "one\ntwo", stderr: "warn" });
  });

  test("gets stdin, environment and folder", async () => {
    const create = 'read line; echo "$line $NAME $(pwd)"';
    const outputs = await local({ create, stdin: "in\n", environment: { NAME: "x" }, dir: "/" });
    expect(outputs.stdout).toBe("in x /");
  });

  test("fails with the exit code and stderr, without stdout", async () => {
    await expect(local({ create: "echo token; echo broken >&2; exit 3" })).rejects.toThrow(
      /^the command ended with 3: broken$/,
    );
  });

  test("without a command for it, nothing is run", async () => {
    const outputs = await local({ delete: "exit 3", stdin: "in", interpreter: ["/nowhere"] });
    expect(outputs).toEqual({ id: "step", stdout: "", stderr: "" });
  });

  test("a command that does not read a large stdin is no failure", async () => {
    const outputs = await local({ create: "true", stdin: "x".repeat(1_000_000) });
    expect(outputs.stdout).toBe("");
  });

  test("refuses inputs that it would not honour", async () => {
    await expect(local({ create: "true", assetPaths: ["*"] })).rejects.toThrow(
      /cannot honour.*assetPaths/,
    );
  });
});

describe("remote.Command", () => {
  let client: Outputs;
  let host: Outputs;
  let server: Server;
  /** What the server does with a command. */
  let onExec: (channel: ServerChannel, line: string, connection: ServerConnection) => void;

  beforeAll(async () => {
    const key = () =>
      tls["tls:index/privateKey:PrivateKey"]!({
        ...base,
        type: "tls",
        inputs: { algorithm: "ED25519" },
      });
    [client, host] = await Promise.all([key(), key()]);
  });

  beforeEach(() => {
    onExec = (channel) => {
      channel.exit(0);
      channel.end();
    };
    server = new Server({ hostKeys: [String(host.privateKeyOpenssh)] }, (connection) => {
      connection.on("error", () => undefined);
      connection.on("authentication", (attempt) => {
        const known = utils.parseKey(String(client.publicKeyOpenssh));
        const right =
          !(known instanceof Error) &&
          attempt.method === "publickey" &&
          attempt.key.data.equals(known.getPublicSSH());
        if (right) attempt.accept();
        else attempt.reject(["publickey"]);
      });
      connection.on("ready", () =>
        connection.on("session", (accept) =>
          accept().on("exec", (acceptExec, _reject, info) =>
            onExec(acceptExec(), info.command, connection),
          ),
        ),
      );
    });
  });

  afterEach(() => server.close());

  async function listen(port = 0): Promise<number> {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    return (server.address() as AddressInfo).port;
  }

  function remote(
    port: number,
    inputs: Record<string, unknown> = {},
    connection: Record<string, unknown> = {},
    signal?: AbortSignal,
  ) {
    const to = {
      host: "127.0.0.1",
      port,
      user: "root",
      privateKey: client.privateKeyOpenssh,
      hostKey: host.publicKeyOpenssh,
      dialErrorLimit: -1,
      perDialTimeout: 5,
      ...connection,
    };
    return run("command:remote:Command", { connection: to, create: "step", ...inputs }, signal);
  }

  test("runs the command with stdin on the right host", async () => {
    onExec = (channel, line) => {
      let stdin = "";
      channel.on("data", (chunk: Buffer) => (stdin += chunk.toString()));
      channel.on("end", () => {
        channel.write(`${line}: ${stdin}\n`);
        channel.stderr.write("note\n");
        channel.exit(0);
        channel.end();
      });
    };
    const port = await listen();
    expect(await remote(port, { create: "docker join", stdin: "secret" })).toEqual({
      id: "step",
      stdout: "docker join: secret",
      stderr: "note",
    });
  });

  test("reports a non-zero exit with stderr, without stdout", async () => {
    onExec = (channel) => {
      channel.write("token\n");
      channel.stderr.write("no leader\n");
      channel.exit(7);
      channel.end();
    };
    await expect(remote(await listen())).rejects.toThrow(/^the command ended with 7: no leader$/);
  });

  test("refuses another host's key at once", async () => {
    const port = await listen();
    const hostKey = client.publicKeyOpenssh;
    await expect(remote(port, {}, { hostKey })).rejects.toThrow(
      `127.0.0.1:${port} does not have the expected host key`,
    );
  });

  test("tries again until the server is there", async () => {
    const port = await listen();
    server.close();
    const result = remote(port);
    await sleep(300);
    server.listen(port, "127.0.0.1");
    expect(await result).toMatchObject({ stdout: "" });
  });

  test("gives up after the limit of failed attempts, and says why the last failed", async () => {
    const port = await listen();
    server.close();
    await expect(remote(port, {}, { dialErrorLimit: 0 })).rejects.toThrow(
      new RegExp(`no connection to root@127.0.0.1:${port} in 1 attempts: .*ECONNREFUSED`),
    );
  });

  test("stops trying when the signal says so", async () => {
    const port = await listen();
    server.close();
    await expect(remote(port, {}, {}, AbortSignal.timeout(100))).rejects.toThrow(
      /no connection .*ECONNREFUSED/,
    );
  });

  test("a connection that breaks fails the running command", async () => {
    onExec = (_channel, _line, connection) => connection.end();
    await expect(remote(await listen())).rejects.toThrow(
      "the connection broke while the command ran",
    );
  });

  test("leaves no connection open to a machine that dies right after the command", async () => {
    const port = await listen();
    const machine = net.createServer({ allowHalfOpen: true }, (fromClient) => {
      const toServer = net.connect(port, "127.0.0.1");
      fromClient.pipe(toServer).pipe(fromClient, { end: false });
    });
    machine.listen(0, "127.0.0.1");
    const connected = once(machine, "connection") as Promise<[net.Socket]>;
    await once(machine, "listening");
    await remote((machine.address() as AddressInfo).port);
    const [fromClient] = await connected;
    machine.close();
    // Who has closed for good refuses what still comes.
    const refused = once(fromClient, "close").catch((error: Error) => error);
    const writing = setInterval(() => fromClient.write("x"), 50);
    expect(await refused).toMatchObject({ code: expect.stringMatching(/^(EPIPE|ECONNRESET)$/) });
    clearInterval(writing);
  });

  test("a signal ends the running command", async () => {
    const stop = new AbortController();
    onExec = () => setTimeout(() => stop.abort(), 100);
    await expect(remote(await listen(), {}, {}, stop.signal)).rejects.toThrow(
      "the connection broke while the command ran",
    );
  });

  test.each([
    ["privateKey", "nonsense", "private key cannot be read"],
    ["hostKey", "nonsense", "host key cannot be read"],
    ["hostKey", "", "host key cannot be read"],
  ])("an unreadable %s (%j) is no reason to keep trying", async (property, key, message) => {
    await expect(remote(1, {}, { [property]: key })).rejects.toThrow(message);
  });

  test("refuses inputs that it would not honour", async () => {
    await expect(remote(1, { environment: { A: "1" } })).rejects.toThrow(
      /cannot honour.*environment/,
    );
    await expect(remote(1, {}, { proxy: { host: "x" } })).rejects.toThrow(/cannot honour.*proxy/);
  });
});
