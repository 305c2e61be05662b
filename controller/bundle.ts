/** The controller as one JavaScript file. (In the place of the one that the controller's own branch has.) */
export function bundleController(): string {
  return 'throw new Error("no controller yet")\n';
}
