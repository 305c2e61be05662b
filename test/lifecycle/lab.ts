import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Stack } from "@pulumi/pulumi/automation";
import { eventually } from "../../conformance/check";
import { listNodes } from "../../conformance/nodes";
import { openStack, plainOutputs, runOptions, whyNoPulumi } from "../../lab/engine";
import { runFolder } from "../../lab/inside";
import type { StackOutputs } from "../../stacks/outputs";
import type { DomainType } from "../../components/kvm/domain";
import { setTimeout as sleep } from "node:timers/promises";
import { authorityKey, failures, Lab, run, Steps, withCluster } from "../e2e/lab";

export const MINUTES = 60_000;

/** Everything that the config can switch on, beside what is on by default. */
export const ALL_ON = {
  visualizer: "true",
  overlayCheck: "true",
  dnsCache: "true",
  composeFile: "test/fixtures/compose.yaml",
  portainerMode: "agent",
};

/** These suites need an engine that updates, replaces and deletes: only Pulumi's own does. */
export function describeWithPulumi(name: string, body: () => void): void {
  const missing = whyNoPulumi();
  if (missing) console.warn(`Pulumi's own engine is left out. ${missing}`);
  (missing ? describe.skip : describe)(name, body);
}

/** A stack in a lab, as an operator works on it. */
export class Operator {
  private constructor(
    private readonly lab: Lab,
    private readonly stack: Stack,
    private readonly settings: Record<string, string>,
    private readonly name?: string,
  ) {}

  outputs!: StackOutputs;

  /**
   * The `dev` stack in a lab of its own.
   *
   * @param given config that stays the same throughout; it may depend on how machines run there
   * @param program folder of another program that makes it. Default: this one
   */
  static async start(
    given: Record<string, string> | ((type: DomainType) => Record<string, string>) = {},
    program?: string,
  ): Promise<Operator> {
    const lab = await Lab.start();
    const settings = typeof given === "function" ? given(lab.hypervisor.domainType) : given;
    const options = lab.stack(settings);
    const projectDir = program ?? options.projectDir;
    return new Operator(lab, await openStack({ ...options, projectDir }), settings);
  }

  /** From now on this program is what `up` runs. */
  async useThisProgram(): Promise<void> {
    await openStack(this.lab.stack(this.settings, this.name));
  }

  /** How its machines run. */
  get domainType(): DomainType {
    return this.lab.hypervisor.domainType;
  }

  /** Another stack in the same lab. */
  async sibling(name: string, settings: Record<string, string>): Promise<Operator> {
    return new Operator(this.lab, await openStack(this.lab.stack(settings, name)), settings, name);
  }

  /** One `up`, with some of the config changed; tells what it did. */
  async up(changes: Record<string, string> = {}, replace: string[] = []): Promise<Steps> {
    const steps = new Steps();
    const { outputs } = await this.stack.up({
      ...this.options(changes),
      onEvent: steps.onEvent,
      ...(replace.length > 0 ? { replace } : {}),
    });
    this.outputs = plainOutputs(outputs);
    return steps;
  }

  /**
   * An `up` whose engine is killed a while after it has begun with a resource, without a chance to
   * write down what it was doing; and then what Pulumi says has to be done, `cancel`.
   *
   * @param operation What the engine does with it, for example `create`.
   */
  async upKilledAt(
    moment: { resource: string; operation: string; seconds: number },
    changes: Record<string, string> = {},
    replace: string[] = [],
  ): Promise<void> {
    let killed: Promise<unknown> | undefined;
    const kill = async () => {
      await sleep(1000 * moment.seconds);
      await run("pkill", ["-KILL", "-x", "pulumi"]);
    };
    const up = this.stack.up({
      ...this.options(changes),
      ...(replace.length > 0 ? { replace } : {}),
      onEvent: ({ resourcePreEvent: event }) => {
        const here =
          event?.metadata.op === moment.operation &&
          event.metadata.urn.endsWith(`::${moment.resource}`);
        if (here) killed ??= kill();
      },
    });
    const end = await up.then(
      () => "well",
      (error: Error) => error.message,
    );
    expect(end).not.toBe("well");
    if (!killed) {
      throw new Error(`the up ended before "${moment.operation} ${moment.resource}": ${end}`);
    }
    await killed;
    await this.stack.cancel();
  }

  /** Fails unless an `up` with that config has nothing to do. */
  async expectNoChanges(changes: Record<string, string> = {}): Promise<void> {
    await this.stack.up({ ...this.options(changes), expectNoChanges: true });
  }

  /** What an `up` with that config would do. */
  async preview(changes: Record<string, string>): Promise<Steps> {
    const steps = new Steps();
    await this.stack.preview({ ...this.options(changes), onEvent: steps.onEvent });
    return steps;
  }

  /** @param expectNoChanges Fail when the state was not what there is. */
  async refresh(changes: Record<string, string> = {}, expectNoChanges = false): Promise<void> {
    await this.stack.refresh({ ...this.options(changes), expectNoChanges });
  }

  /** Which machines are still there, when nobody can be asked about the swarm. */
  async refreshMachines(changes: Record<string, string>): Promise<void> {
    await this.stack.refresh({ ...this.options(changes), exclude: ["**docker:index**"] });
  }

  async destroy(): Promise<void> {
    await this.stack.destroy(this.options());
  }

  /** A lock that an engine left behind which was ended. */
  async cancel(): Promise<void> {
    await this.stack.cancel();
  }

  /** Runs a virsh command on a node's machine. */
  async virsh(command: string, node: string): Promise<void> {
    await this.lab.virsh(command, node);
  }

  /** Whether a node's machine has no power. */
  async isOff(node: string): Promise<boolean> {
    return (await this.lab.virsh("domstate", node)).trim() === "shut off";
  }

  /** Has the clock of a node's machine, which is off, be so many seconds late or early when it starts. */
  async setClock(node: string, seconds: number): Promise<void> {
    const xml = await this.lab.virsh("dumpxml", node);
    const clock = `<clock offset='variable' adjustment='${seconds}' basis='utc'>`;
    const changed = xml.replace(/<clock offset='[^>]*?(\/?)>/, (_, end: string) =>
      end ? `${clock}</clock>` : clock,
    );
    const file = join(runFolder(), `${node}.xml`);
    writeFileSync(file, changed);
    await run("virsh", ["--connect", this.lab.hypervisor.uri, "define", file]);
  }

  /** Waits until the swarm has noticed that a node is lost. */
  async untilDown(node: string): Promise<void> {
    await eventually(async () => {
      const row = (await this.statuses()).find((status) => status.startsWith(`${node} `));
      if (row !== `${node} Down`) throw new Error(`${row} instead of ${node} Down`);
    }, 300);
  }

  /** A machine that is gone for good: its power, its definition and its disks. */
  async lose(node: string): Promise<void> {
    await this.lab.virsh("destroy", node);
    await this.lab.virsh("undefine", node);
    await run("bash", ["-c", `rm /var/lib/libvirt/pulumi-swarm/dev/${node}-*.qcow2`]);
    await run("virsh", ["--connect", this.lab.hypervisor.uri, "pool-refresh", "swarm-dev"]);
  }

  /** Every node's name, status and part in the swarm, as the named manager lists them. */
  async nodes(from = this.outputs.leaderCandidates[0]!): Promise<string[]> {
    return withCluster(this.outputs, async (cluster) => {
      const manager = cluster.nodes.find(({ name }) => name === from)!;
      const rows = await listNodes(cluster, manager);
      return rows.map(({ name, status, managerStatus }) =>
        [name, status, managerStatus].join(" ").trim(),
      );
    });
  }

  /** The same, as name and status only. */
  async statuses(): Promise<string[]> {
    return (await this.nodes()).map((row) => row.split(" ", 2).join(" "));
  }

  /** The key of the API's authority. */
  async authorityKey(): Promise<string> {
    return authorityKey(this.stack);
  }

  /** Of the conformance checks, what does not hold. */
  async failures(): Promise<string[]> {
    return failures(this.outputs);
  }

  async stop(): Promise<void> {
    await this.lab.stop();
  }

  private options(changes: Record<string, string> = {}) {
    return runOptions(this.lab.stack({ ...this.settings, ...changes }, this.name));
  }
}

/** What `pulumi up --replace` takes to make a machine anew: its own host key, which all else follows. */
export function hostKeyUrn(node: string): string {
  return `**::${node}-host-key`;
}
