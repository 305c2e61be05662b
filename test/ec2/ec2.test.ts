import { join } from "node:path";
import { aws, awsCalls } from "../../lab/rehearsal/aws";
import { rehearse } from "../../lab/rehearsal";
import { readStackConfig } from "../../plan/stackFile";
import { Moto } from "./moto";

let moto: Moto;
beforeAll(async () => {
  moto = await Moto.start();
}, 90_000);
afterAll(() => moto.stop());

test("try", async () => {
  const r = await rehearse({
    projectDir: join(__dirname, "program"),
    stack: "aws",
    config: {
      ...readStackConfig(join(__dirname, "../.."), "aws"),
      ec2Balancer: "true",
      ec2ApiBalancer: "true",
      ec2SpotWorkers: "true",
    },
    executors: aws,
    calls: awsCalls,
  });
  console.log(JSON.stringify(r, null, 1).slice(0, 6000));
}, 120_000);
