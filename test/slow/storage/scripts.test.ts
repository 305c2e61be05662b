import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { FakeNode, onlyMessage } from "../../unit/fakeNode";

jest.setTimeout(30_000); // enough for a machine that does other things too

let node: FakeNode;
beforeEach(() => {
  node = new FakeNode();
});
afterEach(() => node.remove());

describe("export", () => {
  const FIREWALL = "table inet swarm { }\n";
  const folder = () => join(node.folder, "srv/swarm");
  const serve = (...clients: string[]) => {
    const addresses = clients.length > 0 ? clients : ["192.168.42.10", "192.168.42.20"];
    return node.run("storage/export", [0, folder(), "", ...addresses], { FIREWALL });
  };
  const OPTIONS = "(rw,sync,no_subtree_check,no_root_squash)";

  beforeEach(async () => {
    for (const tool of ["exportfs", "nft", "systemctl", "systemd-run", "apt-get"]) {
      node.command(tool, "");
    }
    await node.listen(2049);
  });

  test("serves the folder to the nodes' addresses, and to no network", async () => {
    expect(await serve()).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(existsSync(folder())).toBe(true);
    expect(node.read("etc/exports.d/swarm.exports")).toBe(
      `${folder()} 192.168.42.10${OPTIONS} 192.168.42.20${OPTIONS}`,
    );
    expect(node.calls(/nfs-server|exportfs/)).toEqual([
      "systemctl enable --quiet nfs-server",
      "systemctl start nfs-server",
      "exportfs -a",
      "systemd-run --quiet --collect --on-active=0 /usr/sbin/exportfs -ra",
    ]);
    expect(node.calls(/^apt-get/)).toEqual([]);
  });

  test("serves other nodes from the next run on, without a restart, and not to the old ones for long", async () => {
    await serve();
    const before = node.calls(/./).length;
    expect((await serve("192.168.42.10", "192.168.42.21")).code).toBe(0);
    expect(node.read("etc/exports.d/swarm.exports")).toBe(
      `${folder()} 192.168.42.10${OPTIONS} 192.168.42.21${OPTIONS}`,
    );
    const later = node.calls(/./).slice(before);
    expect(later.filter((line) => /exportfs/.test(line))).toEqual([
      "exportfs -a",
      "systemd-run --quiet --collect --on-active=0 /usr/sbin/exportfs -ra",
    ]);
    expect(later.filter((line) => /restart|stop/.test(line))).toEqual([]);
  });

  test("has its firewall loaded before it serves anything", async () => {
    await serve();
    expect(node.read("etc/nftables.conf")).toBe(FIREWALL.trim());
    expect(node.calls(/^nft --file|start nfs-server/)[0]).toBe("nft --file -");
  });

  test("gives up a dead client's locks in 15 s, before the server starts", async () => {
    node.command(
      "systemctl",
      "[[ $* != 'start nfs-server' ]] || cat etc/nfs.conf.d/swarm.conf >seen",
    );
    await serve();
    expect(node.read("seen")).toMatch(/^\[nfsd\]\n(.*\n)*lease-time = 15\ngrace-time = 15$/);
  });

  test("stops the image's Docker, and minds no image that has none", async () => {
    node.command("systemctl", "[[ $1 != disable ]]");
    expect((await serve()).code).toBe(0);
    expect(node.calls(/disable/)).toEqual([
      "systemctl disable --now --quiet docker.service docker.socket containerd.service",
    ]);
  });

  test("runs again without harm", async () => {
    await serve();
    const before = node.read("etc/exports.d/swarm.exports");
    expect((await serve()).code).toBe(0);
    expect(node.read("etc/exports.d/swarm.exports")).toBe(before);
  });

  test.each(["exportfs", "nft"])("installs the server where %s is missing", async (tool) => {
    node.erase(`bin/${tool}`);
    node.command("apt-get", `[[ $* == *update* ]] || install bin/systemctl bin/${tool}`);
    expect((await serve()).code).toBe(0);
    expect(node.calls(/^apt-get/)[1]).toMatch(/ nfs-kernel-server nftables$/);
  });

  test("gives up when the first boot does not finish", async () => {
    node.command("cloud-init", "exit 1");
    const { code, stderr } = await serve();
    expect(code).toBe(1);
    expect(onlyMessage(stderr)).toContain("waiting for the first boot to finish");
  });

  test.each([
    ["systemctl", "[[ $* != 'start nfs-server' ]]", "the NFS server does not start"],
    ["exportfs", "exit 1", /^node1: could not export \S+\/srv\/swarm$/],
    ["systemd-run", "exit 1", "could not plan the end of the export to addresses"],
  ])("says so when %s fails", async (command, body, message) => {
    node.command(command, body);
    const { code, stderr } = await serve();
    expect(code).toBe(1);
    expect(onlyMessage(stderr)).toMatch(message);
  });

  test("gives up on a server that does not listen", async () => {
    node.close(2049);
    const { code, stderr } = await serve();
    expect(code).toBe(1);
    expect(onlyMessage(stderr)).toBe(
      "node1: gave up after 0 s waiting for the NFS server to listen on 2049",
    );
  });
});

describe("export from a device", () => {
  const device = () => join(node.folder, "vdc");
  const folder = () => join(node.folder, "srv/swarm");
  const serve = () =>
    node.run("storage/export", [0, folder(), device(), "192.168.42.10"], { FIREWALL: "" });

  beforeEach(async () => {
    for (const tool of ["exportfs", "nft", "systemctl", "systemd-run", "blkid", "mkfs.ext4"]) {
      node.command(tool, "");
    }
    node.write("vdc", "");
    await node.listen(2049);
  });

  test("makes a file system on it when there is nothing on it", async () => {
    node.command("blkid", "exit 2");
    expect((await serve()).code).toBe(0);
    expect(node.calls(/^(blkid|mkfs)/)).toEqual([
      `blkid --probe ${device()}`,
      `mkfs.ext4 -q ${device()}`,
    ]);
  });

  // 0: it has something on it; 4: no answer; 8: it may have one thing or another.
  test.each([0, 1, 4, 8])("makes none when blkid ends with %d", async (code) => {
    node.command("blkid", `exit ${code}`);
    expect((await serve()).code).toBe(0);
    expect(node.calls(/^mkfs/)).toEqual([]);
  });

  test("has it mounted before it serves anything, at each start of the server", async () => {
    await serve();
    expect(node.calls(/swarm-data|nfs-server$/)).toEqual([
      "systemctl enable --quiet swarm-data.service",
      "systemctl start swarm-data.service",
      "systemctl enable --quiet nfs-server",
      "systemctl start nfs-server",
    ]);
    const unit = node.read("etc/systemd/system/swarm-data.service");
    expect(unit).toContain(`\nExecStart=/usr/bin/mount -t ext4 ${device()} ${folder()}\n`);
    expect(unit).toContain("Before=nfs-server.service\n");
    expect(unit).toContain("RequiredBy=nfs-server.service");
  });

  test.each<[what: string, command: string, body: string, message: string]>([
    ["formatted", "mkfs.ext4", "exit 1", "could not make a file system on DEVICE"],
    [
      "mounted",
      "systemctl",
      "[[ $* != 'start swarm-data.service' ]]",
      "could not mount DEVICE at ",
    ],
  ])("serves nothing from a device that cannot be %s", async (_, command, body, message) => {
    node.command("blkid", "exit 2");
    node.command(command, body);
    const { code, stderr } = await serve();
    expect(code).toBe(1);
    expect(onlyMessage(stderr)).toContain(`node1: ${message.replace("DEVICE", device())}`);
    expect(node.calls(/start nfs-server/)).toEqual([]);
  });

  test("says so when the device is not there", async () => {
    node.erase("vdc");
    const { code, stderr } = await serve();
    expect(code).toBe(1);
    expect(onlyMessage(stderr)).toBe(`node1: has no ${device()} to keep data on`);
    expect(node.calls(/^(blkid|mkfs)/)).toEqual([]);
  });
});

describe("folders", () => {
  const SERVER = "192.168.42.19";
  const folders = (seconds = 0) =>
    node.run("storage/folders", [seconds, SERVER, "/srv/swarm", "portainer", "other"]);
  /** Where the script mounted the export. */
  const target = () =>
    node
      .calls(/^mount /)[0]
      ?.split(" ")
      .at(-1);

  /** `timeout`, by which it knocks at the server, and mounts. */
  const knocked = (body: string) =>
    node.command("timeout", `[[ $* != *" mount "* ]] || exec "\${@:2}"\n${body}`);

  // What is written to the mounted folder is in `exported` when it is unmounted.
  beforeEach(() => {
    node.command("mount.nfs4", "");
    knocked("");
    node.command("mount", "");
    node.command("umount", 'mkdir exported && mv "$2"/* exported');
  });

  test("makes a folder for each service, and leaves nothing mounted", async () => {
    expect(await folders()).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(node.calls(/^mount /)[0]).toMatch(
      /^mount -t nfs4 -o soft,timeo=50,retrans=2,retry=0 192\.168\.42\.19:\/srv\/swarm \//,
    );
    expect(readdirSync(join(node.folder, "exported")).sort()).toEqual(["other", "portainer"]);
    expect(readdirSync(join(node.folder, "exported/portainer"))).toEqual([]);
    expect(existsSync(target()!)).toBe(false);
  });

  test("gives a folder to the user that a service runs as", async () => {
    node.command("chown", "");
    const words = [0, SERVER, "/srv/swarm", "portainer", "prometheus:65534"];
    expect((await node.run("storage/folders", words)).code).toBe(0);
    expect(readdirSync(join(node.folder, "exported")).sort()).toEqual(["portainer", "prometheus"]);
    expect(node.calls(/^chown/)).toEqual([`chown 65534 ${target()}/prometheus`]);
  });

  test("says so when it cannot", async () => {
    node.command("chown", "exit 1");
    const words = [0, SERVER, "/srv/swarm", "prometheus:65534"];
    const { code, stderr } = await node.run("storage/folders", words);
    expect(code).toBe(1);
    expect(onlyMessage(stderr)).toBe(
      "node1: cannot give 192.168.42.19:/srv/swarm/prometheus to user 65534; export it with " +
        "no_root_squash",
    );
  });

  test("runs again without harm", async () => {
    node.command("mount", 'mkdir "${@: -1}/portainer"; echo data >"${@: -1}/portainer/data"');
    expect((await folders()).code).toBe(0);
    expect(node.read("exported/portainer/data")).toBe("data");
  });

  test("asks for a client where the node has none", async () => {
    node.erase("bin/mount.nfs4");
    const { code, stderr } = await folders();
    expect(code).toBe(1);
    expect(onlyMessage(stderr)).toBe("node1: has no mount.nfs4; install nfs-common on the nodes");
  });

  test("waits for the server", async () => {
    knocked("(($(grep -c ^timeout calls) == 3))");
    expect((await folders(20)).code).toBe(0);
    expect(node.calls(/^timeout 5/)).toEqual(
      Array(3).fill(`timeout 5 bash -c : </dev/tcp/${SERVER}/2049`),
    );
  });

  test("names the server, and its config key, when nothing answers there", async () => {
    node.fastForward = true;
    knocked("exit 124");
    const { code, stderr } = await folders(5);
    expect(code).toBe(1);
    expect(onlyMessage(stderr)).toBe(
      `node1: no NFS server answers at ${SERVER} (port 2049); ` +
        "is it the right address (nfsServer), is it on, and does its firewall let the nodes in?",
    );
    expect(node.calls(/^mount /)).toEqual([]);
  });

  test("gives up on a server that takes a connection and then says nothing", async () => {
    node.command("timeout", "[[ $* != *' mount '* ]] || exit 124");
    const { code, stderr } = await folders();
    expect(code).toBe(1);
    expect(node.calls(/^timeout.* mount /)[0]).toMatch(/^timeout 30 mount /);
    expect(onlyMessage(stderr)).toBe(
      `node1: ${SERVER} takes connections on port 2049, and does not answer as an NFS 4 server within 30 s`,
    );
  });

  // In the words of mount.nfs4, nfs-utils 2.6.
  test.each([
    [
      "has no such export",
      "mount.nfs4: mounting 192.168.42.19:/srv/swarm failed, reason given by server: No such file or directory",
      "exports no /srv/swarm; write the folder that it does export (nfsExport)",
    ],
    [
      "does not know the node",
      "mount.nfs4: access denied by server while mounting 192.168.42.19:/srv/swarm",
      "does not let this node mount /srv/swarm; allow the nodes' addresses there",
    ],
    [
      "wants a privileged client",
      "mount.nfs4: Operation not permitted for 192.168.42.19:/srv/swarm on /mnt",
      "does not let this node mount /srv/swarm; allow the nodes' addresses there",
    ],
  ])("says what to do about a server that %s", async (_, said, message) => {
    node.command("mount", `echo "${said}" >&2; exit 32`);
    const { code, stderr } = await folders();
    expect(code).toBe(1);
    expect(onlyMessage(stderr)).toBe(`node1: ${SERVER} ${message}`);
    expect(existsSync(target()!)).toBe(false);
  });

  test("passes on whatever else is wrong", async () => {
    node.command("mount", "echo 'mount.nfs4: Protocol not supported' >&2; exit 32");
    const { code, stderr } = await folders();
    expect(code).toBe(1);
    expect(onlyMessage(stderr)).toBe(
      `node1: could not mount ${SERVER}:/srv/swarm: mount.nfs4: Protocol not supported`,
    );
  });

  // Root may write everywhere here, so something is in the way instead.
  test.each([
    ["made", ': >"${@: -1}/portainer"'],
    ["written to", 'install --directory "${@: -1}/portainer/.writable"'],
  ])("names the folder that cannot be %s, and unmounts the export", async (_, inTheWay) => {
    node.command("mount", inTheWay);
    const { code, stderr } = await folders();
    expect(code).toBe(1);
    expect(onlyMessage(stderr)).toBe(
      `node1: cannot write to ${SERVER}:/srv/swarm/portainer; export it with rw and no_root_squash`,
    );
    expect(node.calls(/^umount/)).toEqual([`umount --lazy ${target()}`]);
    expect(existsSync(target()!)).toBe(false);
  });
});
