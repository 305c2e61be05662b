import { mkdirSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { startDaemon, type Daemon } from "../../lab/daemon";

const PROJECT = join(__dirname, "../..");
const CACHE = join(PROJECT, ".cache");
/** The images that the emulated AWS has. */
const IMAGES = join(__dirname, "amis.json");
const START_SECONDS = 60;

/** An emulated AWS on this machine's loopback, which this process's AWS clients talk to. */
export class Moto {
  private constructor(
    /** Where it is. */
    readonly url: string,
    private readonly daemon: Daemon,
  ) {}

  static async start(): Promise<Moto> {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    Object.assign(process.env, {
      AWS_ENDPOINT_URL: url,
      AWS_REGION: "eu-central-1",
      AWS_ACCESS_KEY_ID: "emulated",
      AWS_SECRET_ACCESS_KEY: "emulated",
    });
    mkdirSync(CACHE, { recursive: true });
    const daemon = startDaemon(
      "env",
      [
        `MOTO_AMIS_PATH=${IMAGES}`,
        join(CACHE, "moto/bin/moto_server"),
        ...["--host", "127.0.0.1", "--port", String(port)],
      ],
      join(CACHE, "moto.log"),
    );
    const answers = async () => (await fetch(`${url}/moto-api/data.json`)).ok;
    try {
      await daemon.waitUntil(answers, START_SECONDS);
    } catch (error) {
      await daemon.stop();
      throw error;
    }
    return new Moto(url, daemon);
  }

  async stop(): Promise<void> {
    await this.daemon.stop();
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}
