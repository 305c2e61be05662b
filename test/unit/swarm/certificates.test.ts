import { Certificates, type CertificatesArgs } from "../../../components/swarm/certificates";
import { run, resolve, type Run } from "../harness";

const SERVERS = [
  { name: "mg0", addresses: ["192.168.123.10", "192.168.42.10"] },
  { name: "mg1", addresses: ["192.168.123.11", "192.168.42.11"] },
];

async function register(args: Partial<CertificatesArgs> = {}): Promise<Run> {
  return run(
    async () => {
      const made = new Certificates("api", {
        servers: SERVERS,
        days: 365,
        renewDays: 30,
        rotation: 0,
        ...args,
      });
      return { client: made.client, servers: made.servers };
    },
    { outputs: (_, name) => ({ privateKeyPem: `key ${name}`, certPem: `certificate ${name}` }) },
  );
}

const inputs = ({ resources }: Run, name: string) =>
  resources.find((one) => one.name === name)?.inputs;

let made: Run;
beforeAll(async () => {
  made = await register();
});

test("there is a key and a certificate for the CA, for each manager and for clients", () => {
  const names = made.resources.map(({ name }) => name).filter((name) => name !== "api");
  const signed = (name: string) => [`api-${name}`, `api-${name}-key`, `api-${name}-request`];
  expect(names.sort()).toEqual(
    ["api-ca", "api-ca-key", ...["mg0", "mg1", "client"].flatMap(signed)].sort(),
  );
});

test("the CA may sign certificates, and nobody else may", () => {
  expect(inputs(made, "api-ca")).toMatchObject({
    isCaCertificate: true,
    allowedUses: ["cert_signing", "crl_signing"],
  });
  for (const name of ["api-mg0", "api-client"]) {
    expect(inputs(made, name)).not.toHaveProperty("isCaCertificate");
    expect(inputs(made, name)).toMatchObject({
      caPrivateKeyPem: "key api-ca-key",
      caCertPem: "certificate api-ca",
    });
  }
});

test("a manager's is good for its own names and addresses, as a server", () => {
  expect(inputs(made, "api-mg1-request")).toMatchObject({
    dnsNames: ["mg1", "localhost"],
    ipAddresses: ["192.168.123.11", "192.168.42.11", "127.0.0.1"],
  });
  expect(inputs(made, "api-mg1")).toMatchObject({
    allowedUses: ["digital_signature", "server_auth", "client_auth"],
  });
});

test("the client's is good as a client only, and for no address", () => {
  expect(inputs(made, "api-client-request")).not.toHaveProperty("ipAddresses");
  expect(inputs(made, "api-client")).toMatchObject({
    allowedUses: ["digital_signature", "client_auth"],
  });
});

test("all last as long as the config says, and are renewed so long before their end", async () => {
  const short = await register({ days: 10, renewDays: 2 });
  for (const name of ["api-ca", "api-mg0", "api-mg1", "api-client"]) {
    expect(inputs(made, name)).toMatchObject({
      validityPeriodHours: 8760,
      earlyRenewalHours: 720,
    });
    expect(inputs(short, name)).toMatchObject({ validityPeriodHours: 240, earlyRenewalHours: 48 });
  }
});

test("each side has its own certificate and secret key, and the one CA", async () => {
  const { client, servers } = made.outputs as unknown as Pick<Certificates, "client" | "servers">;
  expect(Object.keys(servers)).toEqual(["mg0", "mg1"]);
  for (const [name, material] of Object.entries({ client, ...servers })) {
    expect(await resolve(material.ca)).toEqual({ value: "certificate api-ca", secret: false });
    expect(await resolve(material.cert)).toEqual({
      value: `certificate api-${name}`,
      secret: false,
    });
    expect(await resolve(material.key)).toEqual({ value: `key api-${name}-key`, secret: true });
  }
});

test("no key is visible in any input", () => {
  const keys = /key api-/;
  expect(JSON.stringify(made.resources.map((one) => one.inputs))).toMatch(keys);
  expect(JSON.stringify(made.resources.map(({ shown }) => shown))).not.toMatch(keys);
});

test("another rotation makes every key anew, and nothing else by itself", async () => {
  const after = await register({ rotation: 1 });
  const triggers = (of: Run) =>
    of.resources.map(({ name, opts }) => [name, opts.replacementTrigger]);
  const keys = made.resources.flatMap(({ name }) => (name.endsWith("-key") ? [name] : []));
  expect(keys).toHaveLength(4);
  expect(triggers(after).filter(([, trigger]) => trigger !== undefined)).toEqual(
    keys.map((name) => [name, 1]),
  );
  expect(triggers(made)).toContainEqual(["api-ca-key", 0]);
});
