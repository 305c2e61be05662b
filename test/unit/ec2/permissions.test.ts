/** The policy of docs/ec2.md, which operators give to whoever runs the program. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

interface Statement {
  Effect: string;
  Action: string | string[];
  Resource: string | string[];
  Condition?: Record<string, Record<string, string>>;
}

const list = (value: string | string[]) => [value].flat();
const text = readFileSync(join(__dirname, "../../../docs/ec2.md"), "utf8");
const [, json] = /## Permissions\n[^]*?```json\n([^]*?)```/.exec(text)!;
const statements = (JSON.parse(json!) as { Statement: Statement[] }).Statement;
const iam = statements.filter(({ Action }) => list(Action).some((one) => /^(iam:|\*)/.test(one)));

test("allows and does not deny, so that each statement can be judged by itself", () => {
  expect(statements.length).toBeGreaterThan(3);
  expect(new Set(statements.map(({ Effect }) => Effect))).toEqual(new Set(["Allow"]));
});

test("names what it allows in IAM, one by one", () => {
  const actions = iam.flatMap(({ Action }) => list(Action));
  expect(actions.length).toBeGreaterThan(10);
  expect(actions.filter((one) => !/^iam:[A-Za-z]+$/.test(one))).toEqual([]);
});

test("reaches no role and no profile but the program's own", () => {
  const resources = iam.flatMap(({ Resource }) => list(Resource));
  expect(
    resources.filter(
      (one) => !/^arn:aws:iam::\*:(role|instance-profile)\/pulumi-swarm\//.test(one),
    ),
  ).toEqual([]);
});

test("attaches no managed policy, and lets nobody be trusted anew", () => {
  const actions = iam.flatMap(({ Action }) => list(Action));
  expect(
    actions.filter((one) => /Attach|Detach|AssumeRolePolicy|User|Group|AccessKey/.test(one)),
  ).toEqual(["iam:ListAttachedRolePolicies"]);
});

test("hands roles to EC2 only", () => {
  const passing = iam.filter(({ Action }) => list(Action).includes("iam:PassRole"));
  expect(passing).toEqual([
    {
      Effect: "Allow",
      Action: ["iam:PassRole"],
      Resource: "arn:aws:iam::*:role/pulumi-swarm/*",
      Condition: { StringEquals: { "iam:PassedToService": "ec2.amazonaws.com" } },
    },
  ]);
});
