import { join } from "node:path";
import { buildSync } from "esbuild";

/**
 * Of dockerode's, for SSH and for BuildKit: never used on a Unix socket, and the larger part of it. They
 * become an empty module.
 */
const UNUSED = ["ssh2", "@grpc/grpc-js", "@grpc/proto-loader", "protobufjs"];

/**
 * The controller as one file of JavaScript, to run as `node /controller.js` in an image that has
 * nothing but Node.js 18 or newer. The same sources give the same text.
 *
 * It travels as a Docker config, which holds 1000 KiB at most: MaxConfigSize in
 * https://pkg.go.dev/github.com/moby/swarmkit/v2/manager/controlapi. A test keeps it below 900 kB.
 */
export function bundleController(): string {
  bundled ??= bundle();
  return bundled;
}

let bundled: string | undefined;

function bundle(): string {
  const empty = join(__dirname, "empty.ts");
  const { outputFiles } = buildSync({
    absWorkingDir: join(__dirname, ".."),
    entryPoints: ["controller/main.ts"],
    bundle: true,
    minify: true,
    platform: "node",
    target: "node18",
    format: "cjs",
    alias: Object.fromEntries(UNUSED.map((name) => [name, empty])),
    write: false,
    logLevel: "silent", // what fails is thrown
  });
  return outputFiles[0]!.text;
}
