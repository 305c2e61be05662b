import * as pulumi from "@pulumi/pulumi";
import type { ICallbackServer } from "@pulumi/pulumi/runtime/callbacks";
import { getStore } from "@pulumi/pulumi/runtime/state";

declare module "@pulumi/pulumi/runtime/state" {
  /** There, and not in the SDK's published types. */
  function getStore(): { callbacks: ICallbackServer | undefined };
}

/**
 * `pulumi.runtime.setMocks` for a program with resource hooks: the SDK's monitor for mocks claims to
 * know them and has no method for it (3.270.0), so here they go nowhere. They are about what an
 * earlier `up` left behind and about trying again, and neither is there with mocks.
 */
export async function setMocks(...args: Parameters<typeof pulumi.runtime.setMocks>): Promise<void> {
  await pulumi.runtime.setMocks(...args);
  const nowhere: Pick<
    ICallbackServer,
    "registerResourceHook" | "registerErrorHook" | "awaitStackRegistrations" | "shutdown"
  > = {
    registerResourceHook: () => Promise.resolve(),
    registerErrorHook: () => Promise.resolve(),
    awaitStackRegistrations: () => Promise.resolve(),
    shutdown: () => undefined,
  };
  getStore().callbacks = nowhere as ICallbackServer;
}
