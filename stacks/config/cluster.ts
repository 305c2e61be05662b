import { z } from "zod";
import { integer } from "../../components/machine/fields";

const target = z.enum(["kvm", "ec2"], {
  error: "is not a target that this program knows; write kvm or ec2",
});

const managers = integer({
  min: 1,
  max: 7,
  tooSmall: "and a swarm needs a manager",
  tooLarge: "and more managers make a swarm slower, not safer",
  remedy: "write 1, 3, 5 or 7",
}).refine((count) => count % 2 === 1, {
  error: ({ input }) => {
    const count = Number(input);
    return (
      `is even, and ${count} managers survive the loss of no more of them than ${count - 1} do; ` +
      `write ${count - 1} or ${count + 1}`
    );
  },
});

/** How many nodes there are, and where they run. */
export const clusterKeys = {
  target,
  managers,
  workers: integer({ min: 0, max: 100 }),
  nodesAtOnce: integer({ min: 1, max: 107 }),
};
