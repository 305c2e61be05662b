import * as pulumi from "@pulumi/pulumi";

/**
 * Options of a component's child that was a resource at the top before there was that component: states
 * that were made then keep it.
 *
 * @param type its type then, where that was another one
 */
export function formerlyAtTop(parent: pulumi.Resource, type?: string) {
  const alias = { parent: pulumi.rootStackResource };
  return { parent, aliases: [type === undefined ? alias : { ...alias, type }] };
}
