/**
 * Who may import whom. From the ground up: what is in one layer imports from its own folder and from the
 * layers below it, types included.
 */
const LAYERS = [
  ["^components/machine/"],
  ["^controller/", "^components/remote/"],
  ["^components/swarm/"],
  ["^images/", "^components/(kvm|ec2|storage)/"],
  ["^components/(backup|service|monitoring)/"],
  ["^stacks/"],
  ["^index\\.ts$", "^conformance/", "^policy/"],
  ["^cli/"],
  ["^lab/"],
];

/** Files that only decide: no Pulumi, no files, no processes. */
const PURE = [
  "^components/[a-z0-9]+/(plan|[a-zA-Z]+\\.plan)\\.ts$",
  "^controller/(autoscale|decide)\\.ts$",
  "^stacks/config/(?!read|namedFile)",
];

const upwards = LAYERS.slice(0, -1).map((layer, i) => ({
  name: `upwards-from-layer-${i + 1}`,
  severity: "error",
  from: { path: layer },
  to: { path: LAYERS.slice(i + 1).flat() },
}));

module.exports = {
  forbidden: [
    ...upwards,
    { name: "cycle", severity: "error", from: {}, to: { circular: true } },
    {
      name: "impure",
      severity: "error",
      from: { path: PURE },
      to: { path: "^node_modules/@pulumi/|^(node:)?(fs|child_process|net|http|https|os)(/|$)" },
    },
    {
      name: "tests-are-imported-by-tests-only",
      severity: "error",
      from: { pathNot: "^test/" },
      to: { path: "^test/" },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    exclude: "^sdks/.*/node_modules/",
    doNotFollow: "node_modules",
  },
};
