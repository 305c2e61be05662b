import type { AutoscaleOptions } from "../controller/autoscale";
import type { NodeAttributes } from "../components/swarm/attributes";
import type { Opening } from "../components/swarm/firewall";
import type { Role } from "../components/machine/nodes";
import type { SshHost } from "../components/remote/sshConfig";
import type { Publish } from "../components/swarm/publish";

/** One entry of the stack's output `nodes`. */
export interface NodeOutput extends NodeAttributes {
  name: string;
  role: Role;
  ingressAddress: string;
  advertiseAddress: string;
  /** Node ID in the swarm. */
  id: string;
}

/** One entry of the stack's output `services`: a service of the swarm that the config switches on. */
export interface ServiceOutput {
  name: string;
  image: string;
  /** Number of tasks, or `global`: one on every node. With `autoscale`: the fewest. */
  replicas: number | "global";
  publish: Publish[];
  /** Whether its ports are a page for administrators; absent where they are not. */
  management?: true;
  /** How its number of tasks follows its load; absent where it does not. */
  autoscale?: AutoscaleOptions;
}

/** The outputs of index.ts as plain values, secrets included. */
export interface StackOutputs {
  nodes: NodeOutput[];
  leaderCandidates: string[];
  managerJoinToken: string;
  workerJoinToken: string;
  /** Empty without autolock. */
  unlockKey: string;
  /** Empty without storage. */
  backupKey: string;
  networkIds: Record<string, string>;
  ssh: Record<string, string>;
  /** Every machine that one can log in to. */
  sshHosts: SshHost[];
  sshUser: string;
  sshPrivateKey: string;
  sshKnownHosts: string[];
  /** The TLS API of one manager, as in DOCKER_HOST. */
  dockerHost: string;
  /** The TLS API of every manager. */
  apiHosts: string[];
  /** Whether the TLS API is open on the managers' ingress addresses as well. */
  apiOutside: boolean;
  /** Certificate of the authority that signs for the TLS API, PEM. */
  ca: string;
  /** Client certificate for the TLS API, PEM. */
  cert: string;
  /** Key of the client certificate, PEM. */
  key: string;
  ingress: {
    id: string;
    name: string;
    subnet: string;
    gateway: string;
    mtu: number;
    encrypted: boolean;
  };
  gwbridge: { subnet: string; icc: boolean; masquerade: boolean; mtu: number };
  /** What each machine's firewall lets in, by the machine's name. */
  firewall: Record<string, Opening[]>;
  /** What the nodes pull through; empty for Docker Hub itself. */
  registryMirror: string;
  services: ServiceOutput[];
  /** Names of the services of the compose file. */
  composeServices: string[];
  /** Password of Portainer's user `admin`; empty when Portainer is off. */
  portainerPassword: string;
  /** Password of the user `admin` of Prometheus, Alertmanager and Grafana; empty without monitoring. */
  monitoringPassword: string;
  /** Where services keep their data. */
  storage: { kind: "none" | "nfs" | "machine" | "efs"; server: string; export: string };
}
