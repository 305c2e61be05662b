import * as libvirt from "@pulumi/libvirt";
import * as pulumi from "@pulumi/pulumi";
import type { CreationNotes } from "./creationNotes";
import type { NetworkPlan } from "./plan";

export interface NetworksArgs {
  /** eth0 of every node: NAT to the outside, and the way in to published ports. */
  nat: NetworkPlan;
  /** eth1 of every node: between nodes and the host only, with no way out. */
  internal: NetworkPlan;
  /** What lets an `up` go on after one that was killed. */
  notes: CreationNotes;
}

/**
 * The two libvirt networks of a cluster. Creates one `libvirt.Network` for each of them, or none
 * where the plan says that the network exists already. All addresses in them are static: neither
 * network hands out leases.
 */
export class Networks extends pulumi.ComponentResource {
  /** Name of the NAT network. It is known once the network is there to be used. */
  readonly nat: pulumi.Output<string>;
  /** Name of the internal network, likewise. */
  readonly internal: pulumi.Output<string>;
  /** libvirt's identifiers by network name, of the networks that this stack made. */
  readonly ids: pulumi.Output<Record<string, string>>;

  constructor(
    name: string,
    private readonly args: NetworksArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("swarm:kvm:Networks", name, {}, opts);

    const nat = this.network(`${name}-nat`, args.nat, { forward: { mode: "nat" } });
    const internal = this.network(`${name}-internal`, args.internal, { dns: { enable: "no" } });

    this.nat = nat?.name ?? pulumi.output(args.nat.name);
    this.internal = internal?.name ?? pulumi.output(args.internal.name);
    this.ids = pulumi
      .all([nat, internal].flatMap((made) => (made ? [pulumi.all([made.name, made.uuid])] : [])))
      .apply((pairs) => Object.fromEntries(pairs));
    this.registerOutputs({ nat: this.nat, internal: this.internal, ids: this.ids });
  }

  private network(
    name: string,
    plan: NetworkPlan,
    kind: Pick<libvirt.NetworkArgs, "forward" | "dns">,
  ): libvirt.Network | undefined {
    if (plan.exists) return undefined;
    return this.args.notes.create(
      "network",
      name,
      (hooks) =>
        new libvirt.Network(
          name,
          {
            name: plan.name,
            autostart: true,
            bridge: { name: plan.bridge },
            mtu: { size: plan.mtu },
            ips: [{ address: plan.hostAddress, prefix: plan.prefixLength }],
            ...kind,
          },
          // Two networks of one name or bridge cannot exist side by side.
          { parent: this, hooks, deleteBeforeReplace: true },
        ),
    );
  }
}
