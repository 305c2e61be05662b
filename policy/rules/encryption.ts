import { show, type Resource, type ResourceRule, type StackRule } from "../rule";

interface Network {
  ingress?: boolean;
  options?: Record<string, unknown>;
}

/**
 * About the stack in the end: before it is changed, a network is shown with the options that it was
 * made with (`ignoreChanges` in components/swarm/overlayNetwork.ts), also when it is to be replaced.
 */
export const encryptedIngress: StackRule = {
  name: "encrypted-ingress",
  description:
    "The ingress network is encrypted: what users send to a published port goes on from node to " +
    "node in it, in clear text otherwise.",
  level: "mandatory",
  checkStack: (resources) =>
    resources.filter(isClearIngress).map(({ name, props }) => ({
      name,
      message:
        `options of ${show(props.name)} are ${show(props.options)} without "encrypted"; write ` +
        "ingressEncrypted: true in the stack's config",
    })),
};

function isClearIngress({ type, props }: Resource): boolean {
  const { ingress, options }: Network = props;
  if (type !== "docker:index/network:Network" || !ingress) return false;
  // Options that are not known yet have the key without a value.
  if ("options" in props && options === undefined) return false;
  return !(options && "encrypted" in options);
}

interface BlockDevice {
  encrypted?: unknown;
  deviceName?: string;
}

/** Where each type has its disks. */
const DISKS: Record<string, (props: Record<string, unknown>) => [path: string, disk: unknown][]> = {
  "aws:ec2/instance:Instance": instanceDisks,
  "aws:ec2/spotInstanceRequest:SpotInstanceRequest": instanceDisks,
  "aws:ec2/launchTemplate:LaunchTemplate": ({ blockDeviceMappings = [] }) =>
    (blockDeviceMappings as { ebs?: unknown }[]).map(({ ebs }, i) => [
      `blockDeviceMappings[${i}].ebs`,
      ebs ?? {},
    ]),
  "aws:ebs/volume:Volume": (props) => [["", props]],
  "aws:efs/fileSystem:FileSystem": (props) => [["", props]],
};

function instanceDisks({ rootBlockDevice, ebsBlockDevices }: Record<string, unknown>) {
  const more = (ebsBlockDevices ?? []) as unknown[];
  return [
    ["rootBlockDevice", rootBlockDevice ?? {}],
    ...more.map((disk, i) => [`ebsBlockDevices[${i}]`, disk]),
  ] as [string, unknown][];
}

export const encryptedDisks: ResourceRule = {
  name: "encrypted-disks",
  description:
    "Disks and file systems in the cloud are encrypted: they have join tokens, keys and the " +
    "services' data, and snapshots of them travel.",
  level: "mandatory",
  check: ({ type, props }) =>
    (DISKS[type]?.(props) ?? []).flatMap(([path, disk]) => {
      const { encrypted } = disk as BlockDevice;
      const unknown = "encrypted" in (disk as BlockDevice) && encrypted === undefined;
      // A launch template has it as text.
      if (unknown || String(encrypted) === "true") return [];
      const key = path ? `${path}.encrypted` : "encrypted";
      return [`${key} is ${show(encrypted)}; write encrypted: true`];
    }),
};
