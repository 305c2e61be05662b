import type { NodeId } from "./nodes";

/** What a machine's user data says, on whatever target. */
export interface UserDataArgs {
  node: Pick<NodeId, "name">;
  /** Who may log in, with which OpenSSH public key. Any user but root gets sudo and Docker. */
  user: { name: string; publicKey: string };
  /**
   * The machine's own SSH identity, so that it can be checked from the first connection on. Without
   * it the machine makes one up, until it is brought the right one.
   */
  hostKey?: { privateKey: string; publicKey: string };
  /** Files that the first boot writes and that a running machine keeps: another content is another machine. */
  fixedFiles: SeedFile[];
  /**
   * What the engine has to find at its first start: its configuration, and the material of a
   * manager's API. A later change of them is brought to the running machine by scripts.
   */
  engineFiles: SeedFile[];
  /** Commands that run at the end of the first boot, each as a list of words. Default: none. */
  commands?: string[][];
}

/** A file that the first boot writes. */
export interface SeedFile {
  path: string;
  content: string;
  /** In octal, for example `0644`. */
  permissions: string;
}

/** Cloud-config for a machine's first boot. */
export function userData(args: UserDataArgs): string {
  return `#cloud-config\n${JSON.stringify(cloudConfig(args))}\n`;
}

function cloudConfig(args: UserDataArgs): object {
  const { node, user, hostKey, fixedFiles, engineFiles, commands } = args;
  return {
    hostname: node.name,
    manage_etc_hosts: true,
    disable_root: user.name !== "root",
    users: [
      {
        name: user.name,
        ssh_authorized_keys: [user.publicKey],
        lock_passwd: true,
        ...(user.name === "root"
          ? {}
          : { sudo: "ALL=(ALL) NOPASSWD:ALL", groups: "docker", shell: "/bin/bash" }),
      },
    ],
    ssh_pwauth: false,
    ssh_deletekeys: true,
    ...(hostKey
      ? {
          ssh_keys: {
            ed25519_private: hostKey.privateKey,
            ed25519_public: hostKey.publicKey,
          },
        }
      : {}),
    write_files: [...fixedFiles, ...engineFiles],
    ...(commands ? { runcmd: commands } : {}),
  };
}
