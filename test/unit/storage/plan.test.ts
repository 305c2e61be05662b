import { clusterSettings, storageOnKvm } from "../../../stacks/kvm";
import { planCluster } from "../../../components/kvm/plan";
import { planVolume, type Storage } from "../../../components/storage/plan";
import { config, type Values } from "../stacks/configProblems";

const NFS = { storage: "nfs", nfsServer: "192.168.42.1", nfsExport: "/srv/swarm" };

describe("storage on KVM", () => {
  test.each<[kind: string, changes: Values, server: string, folder: string]>([
    ["none", {}, "", ""],
    ["nfs", NFS, "192.168.42.1", "/srv/swarm"],
    ["machine", { storage: "machine" }, "192.168.42.19", "/srv/swarm"],
  ])("%s", (kind, changes, server, folder) => {
    const settings = config(changes);
    const { storageMachine } = planCluster(clusterSettings(settings), "dev");
    expect(storageOnKvm(settings, storageMachine)).toEqual({ kind, server, export: folder });
  });
});

describe("planVolume", () => {
  const none: Storage = { kind: "none", server: "", export: "" };
  const nfs: Storage = { kind: "nfs", server: "192.168.42.1", export: "/srv/swarm" };
  const name = (changes: Partial<Storage>, service = "web") =>
    planVolume({ ...nfs, ...changes }, service).name;

  test("is an ordinary volume where there is no storage", () => {
    expect(planVolume(none, "web")).toEqual({ name: "web-data", driverOptions: {} });
  });

  test("mounts the service's own folder of the export", () => {
    expect(planVolume(nfs, "portainer")).toEqual({
      name: expect.stringMatching(/^portainer-data-[0-9a-f]{12}$/),
      driverOptions: {
        type: "nfs",
        o: "addr=192.168.42.1,nfsvers=4,hard,noatime",
        device: ":/srv/swarm/portainer",
      },
    });
  });

  test("mounts a file system on AWS as AWS says", () => {
    const efs: Storage = { kind: "efs", server: "fs-1.efs.x.amazonaws.com", export: "/" };
    expect(planVolume(efs, "portainer").driverOptions).toEqual({
      type: "nfs",
      o:
        "addr=fs-1.efs.x.amazonaws.com,nfsvers=4.1,rsize=1048576,wsize=1048576,hard,timeo=600," +
        "retrans=2,noresvport,noatime",
      device: ":/portainer",
    });
  });

  test("has one slash before the folder, whatever the export ends in", () => {
    const device = (folder: string) =>
      planVolume({ ...nfs, export: folder }, "web").driverOptions.device;
    expect(["/srv/swarm", "/srv/swarm/", "/"].map(device)).toEqual([
      ":/srv/swarm/web",
      ":/srv/swarm/web",
      ":/web",
    ]);
  });

  test.each<[string, Partial<Storage>]>([
    ["server", { server: "192.168.42.2" }],
    ["export", { export: "/srv/other" }],
  ])("is another one with another %s", (_, change) => {
    expect(name(change)).not.toBe(name({}));
  });

  test.each<[string, Partial<Storage>]>([
    ["a slash at the export's end", { export: "/srv/swarm/" }],
    ["who made the server", { kind: "machine" }],
  ])("stays the same one with a change of %s", (_, change) => {
    expect(name(change)).toBe(name({}));
  });

  test("is each service's own", () => {
    expect(name({}, "portainer")).not.toBe(name({}, "web"));
    expect(planVolume(none, "portainer").name).not.toBe(planVolume(none, "web").name);
  });
});
