import * as pulumi from "@pulumi/pulumi";
import { setTimeout as sleep } from "node:timers/promises";
import { passes } from "./transientErrors";
import { runOnManager, type ManagerRun } from "../remote/nodeScript";

/**
 * What lets an `up` go on with something that the docker provider makes in the swarm, after an `up`
 * that was killed, and through moments in which the managers do not answer.
 *
 * - Before it is made, `makeRoom` runs on a manager and removes what has its name and this stack's label:
 *   an `up` that was killed while the provider waited has left it there, unknown to the state. What
 *   has the name and not the label is somebody else's: `makeRoom` fails and says so.
 * - What fails for a reason that passes (components/swarm/transientErrors.ts) is tried again: the provider itself never
 *   does, whether the managers choose a leader or are only slow.
 */
export function dockerHooks(name: string, makeRoom: ManagerRun): pulumi.ResourceHookBinding {
  const run = runOnManager(makeRoom);
  const room = async () => {
    await run();
  };
  return {
    beforeCreate: [new pulumi.ResourceHook(`${name}-make-room`, room)],
    onError: [
      new pulumi.ErrorHook(`${name}-try-again`, async ({ errors, failedOperation }) => {
        if (!passes(errors)) return false;
        await sleep(5000);
        if (failedOperation === "create") await room();
        return true;
      }),
    ],
  };
}
