import { fingerprint } from "../machine/fingerprint";

/** Where services keep data that outlives the node they run on. */
export interface Storage {
  kind: "none" | "nfs" | "machine" | "efs";
  /** The NFS server as nodes reach it. Empty for `none`. */
  server: string;
  /** The folder that it exports. Empty for `none`. */
  export: string;
}

/** What the storage machine exports. */
export const STORAGE_EXPORT = "/srv/swarm";

/** https://docs.aws.amazon.com/efs/latest/ug/mounting-fs-nfs-mount-settings.html */
const EFS_OPTIONS =
  "nfsvers=4.1,rsize=1048576,wsize=1048576,hard,timeo=600,retrans=2,noresvport,noatime";

/** A volume as Docker's local driver takes it. */
export interface VolumePlan {
  name: string;
  driverOptions: Record<string, string>;
}

/**
 * The volume of one service. Docker ignores changed options of a volume that exists (docker/cli
 * issue 1279), so its name stands for them: another server or folder is another volume.
 * https://docs.docker.com/engine/storage/volumes/#create-a-service-which-creates-an-nfs-volume
 */
export function planVolume(storage: Storage, service: string): VolumePlan {
  if (storage.kind === "none") return { name: `${service}-data`, driverOptions: {} };
  const driverOptions = {
    type: "nfs",
    o: `addr=${storage.server},${storage.kind === "efs" ? EFS_OPTIONS : "nfsvers=4,hard,noatime"}`,
    device: `:${folderOf(storage, service)}`,
  };
  return { name: `${service}-data-${fingerprint(driverOptions)}`, driverOptions };
}

/** A folder in the export, and the number of the user that owns it, as its service's image has it. */
export interface DataFolder {
  service: string;
  uid: number;
}

/** The folders of services that keep data. */
export function dataFolders(services: { name: string; dataUid?: number }[]): DataFolder[] {
  return services.flatMap(({ name, dataUid }) =>
    dataUid === undefined ? [] : [{ service: name, uid: dataUid }],
  );
}

/** A service's own folder in the export. */
function folderOf(storage: Storage, service: string): string {
  return `${storage.export.replace(/\/$/, "")}/${service}`;
}
