import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";

/** A manager whose engine has the API. */
export interface ApiServer {
  name: string;
  /** Where clients reach it. */
  addresses: pulumi.Input<string>[];
  /** Further names by which they do. Default: none. */
  names?: pulumi.Input<string>[];
}

export interface CertificateSettings {
  /** Days until a certificate ends. */
  days: number;
  /** Days before its end in which an `up` renews it. */
  renewDays: number;
  /** Another number makes all keys anew, the CA's as well, and so all certificates. */
  rotation: number;
}

export interface CertificatesArgs extends CertificateSettings {
  servers: ApiServer[];
}

/** What one side of a TLS connection has: its certificate, its key, and the CA that it trusts. */
export interface TlsMaterial {
  ca: pulumi.Output<string>;
  cert: pulumi.Output<string>;
  /** Secret. */
  key: pulumi.Output<string>;
}

const HOURS_PER_DAY = 24;

/**
 * Certificates of the engines' API: a CA of the stack's own, one server certificate for every
 * manager (valid for its addresses, its name and `localhost`), and one client certificate. Whoever
 * has the client's key is root on the managers. So are managers with their own, by which one of them
 * tells another one to leave.
 *
 * An `up` within `renewDays` of a certificate's end makes a new one, and a new CA renews them all.
 *
 * Creates a `tls.PrivateKey` (ECDSA, P-256) for each side, a `tls.SelfSignedCert` for the CA, and a
 * `tls.CertRequest` and `tls.LocallySignedCert` for everyone else.
 */
export class Certificates extends pulumi.ComponentResource {
  /** Server material by manager name. */
  readonly servers: Readonly<Record<string, TlsMaterial>>;
  readonly client: TlsMaterial;

  private readonly validity: { validityPeriodHours: number; earlyRenewalHours: number };

  constructor(
    private readonly prefix: string,
    private readonly args: CertificatesArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("swarm:swarm:Certificates", prefix, {}, opts);
    this.validity = {
      validityPeriodHours: args.days * HOURS_PER_DAY,
      earlyRenewalHours: args.renewDays * HOURS_PER_DAY,
    };

    const ca = this.authority();
    this.servers = Object.fromEntries(
      args.servers.map((server) => [server.name, this.server(server, ca)]),
    );
    this.client = this.material("client", ca, ["client_auth"], {});
    this.registerOutputs({ client: this.client });
  }

  private authority() {
    const key = this.key("ca");
    const cert = new tls.SelfSignedCert(
      `${this.prefix}-ca`,
      {
        privateKeyPem: key.privateKeyPem,
        subject: { commonName: "pulumi-swarm CA" },
        isCaCertificate: true,
        allowedUses: ["cert_signing", "crl_signing"],
        ...this.validity,
      },
      { parent: this },
    );
    return { key, cert };
  }

  private server({ name, addresses, names = [] }: ApiServer, ca: Authority): TlsMaterial {
    return this.material(name, ca, ["server_auth", "client_auth"], {
      dnsNames: [name, "localhost", ...names],
      ipAddresses: [...addresses, "127.0.0.1"],
    });
  }

  private material(
    name: string,
    ca: Authority,
    uses: ("server_auth" | "client_auth")[],
    names: Pick<tls.CertRequestArgs, "dnsNames" | "ipAddresses">,
  ): TlsMaterial {
    const key = this.key(name);
    const request = new tls.CertRequest(
      `${this.prefix}-${name}-request`,
      { privateKeyPem: key.privateKeyPem, subject: { commonName: name }, ...names },
      { parent: this },
    );
    const cert = new tls.LocallySignedCert(
      `${this.prefix}-${name}`,
      {
        certRequestPem: request.certRequestPem,
        caPrivateKeyPem: ca.key.privateKeyPem,
        caCertPem: ca.cert.certPem,
        allowedUses: ["digital_signature", ...uses],
        ...this.validity,
      },
      { parent: this },
    );
    return { ca: ca.cert.certPem, cert: cert.certPem, key: key.privateKeyPem };
  }

  private key(name: string): tls.PrivateKey {
    return new tls.PrivateKey(
      `${this.prefix}-${name}-key`,
      { algorithm: "ECDSA", ecdsaCurve: "P256" },
      { parent: this, replacementTrigger: this.args.rotation },
    );
  }
}

type Authority = { key: tls.PrivateKey; cert: tls.SelfSignedCert };
