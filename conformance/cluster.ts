import type { Client } from "ssh2";
import type { NodeOutput, StackOutputs } from "../stacks/outputs";
import { dial, execute } from "../components/remote/client";

/** Bound for a manager to be dialled where another one can answer in its place. */
export const NEXT_MANAGER_SECONDS = 10;

/**
 * A running stack, known by its outputs alone: what checks and reports look at. A node that did not
 * answer is not dialled again, so that one dead node costs a report one wait.
 */
export class Cluster {
  readonly nodes: NodeOutput[];
  readonly managers: NodeOutput[];
  private readonly clients = new Map<string, Promise<Client>>();

  /** @param dialSeconds bound for a node that does not answer; an emulated one takes a while */
  constructor(
    readonly outputs: StackOutputs,
    private readonly dialSeconds = 60,
  ) {
    this.nodes = outputs.nodes;
    this.managers = outputs.nodes.filter(({ role }) => role === "manager");
  }

  /** Runs a command on a node over SSH, with the host key checked, and returns what it prints. */
  async run(node: NodeOutput, command: string): Promise<string> {
    const root = this.outputs.sshUser === "root" ? "" : "sudo -n ";
    const result = await execute(await this.client(node), root + command, "");
    if (result.status !== 0) {
      throw new Error(`${node.name}: \`${command}\` failed: ${result.stderr || result.stdout}`);
    }
    return result.stdout.trim();
  }

  /** What the first manager says that does not fail. Managers may be lost. */
  async askAManager<T>(failure: string, ask: (manager: NodeOutput) => Promise<T>): Promise<T> {
    const why: string[] = [];
    for (const manager of this.managers) {
      try {
        return await ask(manager);
      } catch (error) {
        why.push((error as Error).message);
      }
    }
    throw new Error([failure, ...why].join("\n"));
  }

  /** Runs a command that leaves the work to one manager, and prints something there. */
  async runOnAManager(command: string): Promise<string> {
    return this.askAManager("no manager did it", async (manager) => {
      const answer = await this.run(manager, command);
      if (!answer) throw new Error(`${manager.name}: left it to another manager`);
      return answer;
    });
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    for (const client of this.clients.values()) (await client.catch(() => undefined))?.destroy();
    this.clients.clear();
  }

  private client(node: NodeOutput): Promise<Client> {
    const open = this.clients.get(node.name) ?? this.connect(node);
    this.clients.set(node.name, open);
    return open;
  }

  private async connect(node: NodeOutput): Promise<Client> {
    const known = this.outputs.sshKnownHosts.find((line) =>
      line.startsWith(`${node.ingressAddress} `),
    );
    if (!known) throw new Error(`${node.name}: the stack's outputs have no host key for it`);
    // The signal ends a standing connection too, so it is disarmed once there is one.
    const giveUp = new AbortController();
    const timer = setTimeout(() => giveUp.abort(), this.dialSeconds * 1000);
    const client = dial(
      {
        host: node.ingressAddress,
        port: 22,
        user: this.outputs.sshUser,
        privateKey: this.outputs.sshPrivateKey,
        hostKey: known.slice(known.indexOf(" ") + 1),
        dialErrorLimit: -1,
        perDialTimeout: 10,
      },
      giveUp.signal,
    );
    return client.finally(() => clearTimeout(timer));
  }
}
