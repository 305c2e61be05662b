/** Commands over SSH to machines that may still be booting. */
import net from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Client, utils, type ParsedKey, type ServerHostKeyAlgorithm } from "ssh2";

/** Seconds between two attempts to connect. The plugin's own pauses grow to 8 s. */
const RETRY_SECONDS = 1;
/** Bound for the handshake alone: a machine emulated beside five others answers slowly. */
const HANDSHAKE_SECONDS = 60;
/** A machine that has not answered for 8 of these is taken for dead, and its command has failed. */
const KEEPALIVE_SECONDS = 15;

export interface Connection {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** OpenSSH or PEM, without a passphrase. */
  readonly privateKey: string;
  /** The server's public key as in authorized_keys; without it, any server is trusted. */
  readonly hostKey?: string;
  /** Failed attempts to put up with; -1: any number, until the signal. */
  readonly dialErrorLimit: number;
  /** Seconds until the TCP connection of one attempt stands; 0: no bound. */
  readonly perDialTimeout: number;
}

export interface CommandResult {
  /** The exit code, or the name of the signal that ended the command. */
  readonly status: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

/** The server is not the one that was asked for; trying again does not help. */
class WrongHostKeyError extends Error {}

/**
 * Connects, trying again while the machine boots. The caller destroys the client: its `end`
 * waits for the other side, which a machine that dies right then never closes.
 */
export async function dial(connection: Connection, signal: AbortSignal): Promise<Client> {
  const { host, port, user, dialErrorLimit } = connection;
  parseKey(connection.privateKey, "private key");
  const hostKey =
    connection.hostKey === undefined ? undefined : parseKey(connection.hostKey, "host key");
  let last: unknown;
  for (let failed = 1; ; failed++) {
    try {
      return await connect(connection, hostKey, signal);
    } catch (error) {
      if (error instanceof WrongHostKeyError) {
        throw error;
      }
      // An attempt that the signal cut short tells less than the one before.
      last = signal.aborted ? (last ?? error) : error;
    }
    const enough = dialErrorLimit >= 0 && failed > dialErrorLimit;
    if (!enough) {
      await sleep(RETRY_SECONDS * 1000, undefined, { signal }).catch(() => undefined);
    }
    if (enough || signal.aborted) {
      const where = `${user}@${host}:${port}`;
      const message = `no connection to ${where} in ${failed} attempts: ${(last as Error).message}`;
      throw new Error(message, { cause: last });
    }
  }
}

/** Runs a command with the given standard input, whatever its exit status. */
export function execute(client: Client, command: string, stdin: string): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    client.exec(command, (error, channel) => {
      if (error) {
        reject(error);
        return;
      }
      const stdout: Buffer[] = [];
      const stderr: Buffer[] = [];
      let status: number | string | undefined;
      channel.on("data", (chunk: Buffer) => stdout.push(chunk));
      channel.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
      channel.on("exit", (code: number | null, signal?: string) => (status = code ?? signal));
      channel.on("close", () => {
        if (status === undefined) {
          reject(new Error("the connection broke while the command ran"));
          return;
        }
        resolve({
          status,
          stdout: Buffer.concat(stdout).toString(),
          stderr: Buffer.concat(stderr).toString(),
        });
      });
      channel.end(stdin);
    });
  });
}

async function connect(
  connection: Connection,
  hostKey: ParsedKey | undefined,
  signal: AbortSignal,
): Promise<Client> {
  const { host, port, user, privateKey, perDialTimeout } = connection;
  signal.throwIfAborted();
  const socket = net.connect({ host, port });
  const stop = () => socket.destroy(signal.reason);
  signal.addEventListener("abort", stop);
  socket.once("close", () => signal.removeEventListener("abort", stop));
  socket.setTimeout(perDialTimeout * 1000, () =>
    socket.destroy(new Error(`no answer in ${perDialTimeout} s`)),
  );
  socket.once("connect", () => socket.setTimeout(0));
  return new Promise((resolve, reject) => {
    const client = new Client();
    client.once("ready", () => resolve(client));
    // Stays for the client's life: a later error also closes the running command's channel.
    client.on("error", reject);
    client.once("close", () => reject(new Error("the connection was closed")));
    client.connect({
      sock: socket,
      username: user,
      privateKey,
      ...(hostKey && { algorithms: { serverHostKey: [hostKey.type as ServerHostKeyAlgorithm] } }),
      hostVerifier: (offered: Buffer) => {
        const right = hostKey === undefined || hostKey.getPublicSSH().equals(offered);
        if (!right) {
          reject(new WrongHostKeyError(`${host}:${port} does not have the expected host key`));
        }
        return right;
      },
      readyTimeout: HANDSHAKE_SECONDS * 1000,
      keepaliveInterval: KEEPALIVE_SECONDS * 1000,
      keepaliveCountMax: 8,
    });
  });
}

function parseKey(text: string, what: string): ParsedKey {
  const key = utils.parseKey(text);
  if (key instanceof Error) {
    throw new Error(`the connection's ${what} cannot be read: ${key.message}`);
  }
  return key;
}
