import { createHash, createHmac } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

/** What an instance signs its requests with. */
const CREDENTIALS = {
  Code: "Success",
  AccessKeyId: "ASIAEMULATED",
  SecretAccessKey: "se/cret+with=signs",
  Token: "session//token==",
};
const METADATA_TOKEN = "metadata-token";
const ROLE = "role-of-the-instance";
const REGION = "eu-central-1";

export const PLACES = {
  metadata: "http://169.254.169.254/",
  ssm: `https://ssm.${REGION}.amazonaws.com/`,
};

/**
 * What an instance sees of AWS: its metadata, which wants a token (IMDSv2), and Systems Manager,
 * which takes requests that are signed as they should be and passes them on to the emulated one.
 */
export class InstanceView {
  /** What was wrong with requests. */
  readonly problems: string[] = [];
  private constructor(
    private readonly server: Server,
    private readonly aws: string,
  ) {}

  static async start(aws: string): Promise<InstanceView> {
    const server = createServer();
    const view = new InstanceView(server, aws);
    server.on("request", (request, response) => void view.serve(request, response));
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    return view;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((closed) => this.server.close(closed));
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const refuse = (problem: string) => {
      this.problems.push(`${request.method} ${request.url}: ${problem}`);
      response.writeHead(403).end();
    };
    const body = await text(request);
    if (request.method === "PUT" && request.url === "/latest/api/token") {
      const asked = request.headers["x-aws-ec2-metadata-token-ttl-seconds"];
      return asked ? void response.end(METADATA_TOKEN) : refuse("no time to live");
    }
    if (request.method === "POST" && request.url === "/") {
      const wrong = signatureProblem(request, body);
      return wrong ? refuse(wrong) : this.passOn(request, body, response);
    }
    const answer = METADATA[request.url ?? ""];
    if (answer === undefined) return refuse("there is no such metadata");
    return request.headers["x-aws-ec2-metadata-token"] === METADATA_TOKEN
      ? void response.end(answer)
      : refuse("no token");
  }

  private async passOn(
    request: IncomingMessage,
    body: string,
    response: ServerResponse,
  ): Promise<void> {
    const answer = await fetch(this.aws, {
      method: "POST",
      body,
      headers: Object.fromEntries(
        ["authorization", "content-type", "x-amz-target", "x-amz-date"].map((name) => [
          name,
          String(request.headers[name]),
        ]),
      ),
    });
    response.writeHead(answer.status).end(await answer.text());
  }
}

const METADATA: Record<string, string> = {
  "/latest/meta-data/placement/region": REGION,
  "/latest/meta-data/services/domain": "amazonaws.com",
  "/latest/meta-data/iam/security-credentials/": ROLE,
  [`/latest/meta-data/iam/security-credentials/${ROLE}`]: JSON.stringify(CREDENTIALS, null, 2),
};

/**
 * What is wrong with a request's signature, worked out anew.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
function signatureProblem(request: IncomingMessage, body: string): string | undefined {
  const { authorization = "", "x-amz-date": date = "" } = request.headers;
  const [, day, signed, signature] =
    new RegExp(
      `^AWS4-HMAC-SHA256 Credential=${CREDENTIALS.AccessKeyId}/(\\d{8})/${REGION}/ssm/aws4_request, ` +
        "SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})$",
    ).exec(authorization) ?? [];
  if (!day || !signed) return `unreadable authorization: ${authorization}`;
  const names = signed.split(";");
  for (const name of ["host", "x-amz-date", "x-amz-security-token", "x-amz-target"]) {
    if (!names.includes(name)) return `${name} is not signed`;
  }
  if (request.headers["x-amz-security-token"] !== CREDENTIALS.Token) return "another session";

  const canonical = [
    ...["POST", "/", ""],
    ...names.map((name) => `${name}:${String(request.headers[name]).trim()}`),
    "",
    signed,
    sha256(body),
  ].join("\n");
  const scope = `${day}/${REGION}/ssm/aws4_request`;
  const toSign = ["AWS4-HMAC-SHA256", date, scope, sha256(canonical)].join("\n");
  const key = [day, REGION, "ssm", "aws4_request"].reduce<string | Buffer>(
    (key, part) => createHmac("sha256", key).update(part).digest(),
    `AWS4${CREDENTIALS.SecretAccessKey}`,
  );
  const expected = createHmac("sha256", key).update(toSign).digest("hex");
  return signature === expected ? undefined : "the signature does not match";
}

function sha256(content: string): string {
  return createHash("sha256").update(content).digest("hex");
}
