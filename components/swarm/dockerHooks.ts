import * as pulumi from "@pulumi/pulumi";
import { setTimeout as sleep } from "node:timers/promises";
import { isTransient } from "./transientErrors";
import { runOnManager, type ManagerRun } from "../remote/nodeScript";

/**
 * Hooks that let an `up` continue with a resource of the docker provider after an `up` that was killed,
 * and while managers do not answer.
 *
 * - Before the creation, `makeRoom` runs on a manager and removes what has the resource's name and this
 *   stack's label: an `up` that was killed while the provider waited has left it there, unknown to the
 *   state. What has the name without the label belongs to somebody else: `makeRoom` fails and says so.
 * - A transient error (transientErrors.ts) is followed by another try. The provider itself never retries.
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
        if (!isTransient(errors)) return false;
        await sleep(5000);
        if (failedOperation === "create") await room();
        return true;
      }),
    ],
  };
}
