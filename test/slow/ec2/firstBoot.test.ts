import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import {
  instanceUserData,
  machinePolicy,
  parameterName,
  parameterValue,
} from "../../../components/ec2/firstBoot";
import { gwbridgeFile, gwbridgeOptions } from "../../../components/swarm/engine";
import { FakeNode, scriptText } from "../../unit/fakeNode";

jest.setTimeout(30_000); // enough for a machine that does other things too

const HOST_KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n-----END OPENSSH PRIVATE KEY-----\n";
const PUBLIC_KEY = "ssh-ed25519 AAAAhost";
const TLS_KEY = "-----BEGIN EC PRIVATE KEY-----\n+/=\n-----END EC PRIVATE KEY-----\n";
const PARAMETER = parameterName("aws", "mg0");
const GWBRIDGE = { subnet: "172.18.0.0/16", icc: false, masquerade: true, mtu: 1500 };
const VALUE = parameterValue(HOST_KEY, [
  { path: "/etc/docker/daemon.json", content: "{}\n", permissions: "0644" },
  { path: "/etc/docker/tls/key.pem", content: TLS_KEY, permissions: "0600" },
]);

describe("instanceUserData", () => {
  function content(): Record<string, unknown> {
    const text = instanceUserData({
      node: { name: "mg0" },
      user: { name: "admin", publicKey: "ssh-ed25519 AAAAuser" },
      hostPublicKey: PUBLIC_KEY,
      fixedFiles: [gwbridgeFile(GWBRIDGE)],
      script: "#!/bin/bash\n",
      parameter: PARAMETER,
    });
    const [firstLine, ...rest] = text.split("\n");
    expect(firstLine).toBe("#cloud-config");
    return JSON.parse(rest.join("\n"));
  }

  test("has who may log in, and no host key: the machine makes one up until it has its own", () => {
    expect(content()).toMatchObject({
      hostname: "mg0",
      disable_root: true,
      ssh_pwauth: false,
      ssh_deletekeys: true,
      users: [{ name: "admin", ssh_authorized_keys: ["ssh-ed25519 AAAAuser"] }],
    });
    expect(content()).not.toHaveProperty("ssh_keys");
  });

  test("has the settings of docker_gwbridge, and the script that fetches the rest", () => {
    expect(content().write_files).toEqual([
      { path: "/etc/docker/gwbridge", content: gwbridgeOptions(GWBRIDGE), permissions: "0644" },
      { path: "/usr/local/sbin/first-boot", content: "#!/bin/bash\n", permissions: "0755" },
    ]);
    expect(content().runcmd).toEqual([
      ["/usr/local/sbin/first-boot", "/pulumi-swarm/aws/mg0/first-boot", PUBLIC_KEY],
    ]);
  });
});

describe("parameterValue", () => {
  test("has nothing in it that JSON escapes", () => {
    expect(JSON.stringify(VALUE)).toBe(`"${VALUE}"`);
  });

  test("has three words for each file", () => {
    expect(VALUE.split(" ")).toHaveLength(9);
  });
});

test("machinePolicy gives what is asked for, and nothing else", () => {
  const arn = "arn:aws:ssm:eu-central-1:1:parameter/pulumi-swarm/aws/mg0/first-boot";
  expect(JSON.parse(machinePolicy(arn, false))).toEqual({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Action: ["ssm:GetParameter"], Resource: arn }],
  });
  expect(JSON.parse(machinePolicy(arn, true)).Statement).toHaveLength(2);
});

describe("first-boot", () => {
  const CREDENTIALS = {
    Code: "Success",
    AccessKeyId: "ASIA1",
    SecretAccessKey: "se/cret+",
    Token: "se//ssion==",
    Expiration: "2026-11-23T00:00:00Z",
  };
  const METADATA = "http://169.254.169.254/latest";

  let node: FakeNode;
  beforeEach(() => {
    node = new FakeNode();
    node.command("systemctl", "");
    node.write("credentials", JSON.stringify(CREDENTIALS, null, 2));
    node.write(
      "answer",
      JSON.stringify({ Parameter: { Name: PARAMETER, Type: "SecureString", Value: VALUE } }),
    );
    // The real one would take a URL that it does not know as well.
    node.command(
      "curl",
      `for url; do :; done
       case $url in
         ${METADATA}/api/token) echo token1 ;;
         ${METADATA}/*) [[ $(cat) == 'header = "X-aws-ec2-metadata-token: token1"' ]] || exit 22 ;;&
         */placement/region) echo eu-central-1 ;;
         */services/domain) echo amazonaws.com ;;
         */security-credentials/) echo mg0-role ;;
         */security-credentials/mg0-role) cat credentials ;;
         https://ssm.eu-central-1.amazonaws.com/) cat >asked; [[ ! -e down ]] || exit 22; cat answer ;;
         ${METADATA}/api/*) ;;
         *) echo "$url" >>unexpected ;;
       esac`,
    );
    node.write("etc/ssh/ssh_host_rsa_key", "of the image");
    node.write("etc/ssh/ssh_host_ed25519_key", "made up");
  });
  afterEach(() => node.remove());

  const SCRIPT = scriptText("ec2/first-boot");
  const firstBoot = (script = SCRIPT) => node.bash(script, [PARAMETER, PUBLIC_KEY]);
  const file = (path: string) => readFileSync(join(node.folder, path), "utf8");
  const mode = (path: string) => (statSync(join(node.folder, path)).mode & 0o777).toString(8);
  // The paths in the parameter are no part of the script, so they are not the fake node's yet.
  const inFolder = () =>
    node.write("answer", file("answer").replaceAll("/etc/", `${node.folder}/etc/`));

  test("writes the files of the parameter, and gives SSH its host key alone", async () => {
    inFolder();
    expect(await firstBoot()).toMatchObject({ code: 0, stderr: "" });
    expect(file("etc/ssh/ssh_host_ed25519_key")).toBe(HOST_KEY);
    expect(mode("etc/ssh/ssh_host_ed25519_key")).toBe("600");
    expect(file("etc/ssh/ssh_host_ed25519_key.pub")).toBe(`${PUBLIC_KEY}\n`);
    expect(node.read("etc/ssh/ssh_host_rsa_key")).toBeUndefined();
    expect(file("etc/docker/daemon.json")).toBe("{}\n");
    expect(mode("etc/docker/daemon.json")).toBe("644");
    expect(file("etc/docker/tls/key.pem")).toBe(TLS_KEY);
    expect(mode("etc/docker/tls/key.pem")).toBe("600");
    expect(node.calls(/^systemctl/)).toEqual(["systemctl restart ssh"]);
  });

  test("signs with what the instance has, which is in no argument and no output", async () => {
    inFolder();
    const { stdout, stderr } = await firstBoot();
    expect(node.read("asked")!.split("\n")).toEqual([
      'aws-sigv4 = "aws:amz:eu-central-1:ssm"',
      'user = "ASIA1:se/cret+"',
      'header = "X-Amz-Security-Token: se//ssion=="',
      'header = "X-Amz-Target: AmazonSSM.GetParameter"',
      'header = "Content-Type: application/x-amz-json-1.1"',
      `data = "{\\"Name\\":\\"${PARAMETER}\\",\\"WithDecryption\\":true}"`,
    ]);
    const seen = node.read("calls") + stdout + stderr;
    for (const secret of ["se/cret+", "se//ssion==", "token1", "PRIVATE"]) {
      expect(seen).not.toContain(secret);
    }
  });

  test("waits for the parameter, and for the network", async () => {
    inFolder();
    node.write("down", "");
    const running = firstBoot();
    await node.called(/^curl .*ssm/, 2);
    node.erase("down");
    expect((await running).code).toBe(0);
    expect(node.calls(/^systemctl/)).toHaveLength(1);
  });

  test("gives up in the end, and says what it could not read", async () => {
    node.fastForward = true;
    node.write("down", "");
    const { code, stderr } = await firstBoot();
    expect(code).toBe(1);
    expect(stderr).toContain(
      `first-boot: gave up after 600 s reading ${PARAMETER}; has this instance a way out, and its role?`,
    );
    expect(node.read("etc/ssh/ssh_host_ed25519_key")).toBe("made up");
    expect(node.calls(/^systemctl/)).toEqual([]);
  });

  test("takes an answer without a value for none", async () => {
    node.fastForward = true;
    node.write("answer", "{}");
    const soon = SCRIPT.replace(/^BOUND_SECONDS=600$/m, "BOUND_SECONDS=30");
    expect(soon).not.toBe(SCRIPT);
    expect((await firstBoot(soon)).code).toBe(1);
    expect(node.read("etc/ssh/ssh_host_rsa_key")).toBe("of the image");
  });

  test("says so when SSH does not start", async () => {
    inFolder();
    node.command("systemctl", "exit 1");
    const { code, stderr } = await firstBoot();
    expect([code, stderr]).toEqual([1, "first-boot: SSH does not start with its host key\n"]);
  });

  test("installs curl where the image has none", async () => {
    inFolder();
    const curl = file("bin/curl");
    node.erase("bin/curl");
    node.write("curl", curl);
    node.command("apt-get", "[[ $* == *update* ]] || install --mode=755 curl bin/curl");
    expect((await firstBoot()).code).toBe(0);
    expect(node.calls(/^apt-get/)).toEqual(["apt-get -q update", "apt-get -q -y install curl"]);
  });

  test("can run again", async () => {
    inFolder();
    await firstBoot();
    expect((await firstBoot()).code).toBe(0);
    expect(file("etc/ssh/ssh_host_ed25519_key")).toBe(HOST_KEY);
  });
});
