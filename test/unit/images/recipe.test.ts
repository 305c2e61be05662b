import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  cpSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { builtImagePath, imageRecipeHash } from "../../../images/recipe";

const images = join(__dirname, "../../../images");
const variants = ["node", "cloud-init"];

/** What `images/recipe-hash` of a folder prints. */
function scriptHash(folder: string, variant: string): string {
  return execFileSync(join(folder, "recipe-hash"), [variant], { encoding: "utf8" }).trim();
}

describe("the hash of an image's recipe", () => {
  let copy: string;

  beforeEach(() => {
    copy = mkdtempSync(join(tmpdir(), "recipe-"));
    cpSync(images, copy, { recursive: true });
  });

  afterEach(() => rmSync(copy, { recursive: true }));

  test.each(variants)("is the same from the script and from TypeScript: %s", (variant) => {
    expect(imageRecipeHash(variant)).toMatch(/^[0-9a-f]{16}$/);
    expect(imageRecipeHash(variant)).toBe(scriptHash(images, variant));
  });

  test("does not depend on where the project is", () => {
    expect(imageRecipeHash("node", copy)).toBe(imageRecipeHash("node"));
  });

  test.each(["build", "common/customize", "node/packages", "node/root/usr/sbin/node-start"])(
    "changes with %s",
    (file) => {
      const before = imageRecipeHash("node", copy);
      appendFileSync(join(copy, file), "\n");
      expect(imageRecipeHash("node", copy)).not.toBe(before);
      expect(imageRecipeHash("node", copy)).toBe(scriptHash(copy, "node"));
    },
  );

  test("changes when a file is added, and when one is renamed", () => {
    const before = imageRecipeHash("node", copy);
    writeFileSync(join(copy, "node/root/etc/new-file"), "");
    const added = imageRecipeHash("node", copy);
    renameSync(join(copy, "node/root/etc/new-file"), join(copy, "node/root/etc/other-file"));
    const renamed = imageRecipeHash("node", copy);
    expect(new Set([before, added, renamed]).size).toBe(3);
    expect(renamed).toBe(scriptHash(copy, "node"));
  });

  test("does not change with another variant's recipe", () => {
    const before = imageRecipeHash("node", copy);
    appendFileSync(join(copy, "cloud-init/packages"), "hello\n");
    expect(imageRecipeHash("node", copy)).toBe(before);
  });

  test("is part of the built image's name", () => {
    expect(builtImagePath("node")).toMatch(
      new RegExp(`/\\.cache/images/node-${imageRecipeHash("node")}\\.qcow2$`),
    );
  });

  test("of a variant that is not there says what is missing, in both", () => {
    const message = /there is no images\/nix\/packages/;
    expect(() => imageRecipeHash("nix")).toThrow(message);
    expect(() => execFileSync(join(images, "recipe-hash"), ["nix"], { stdio: "pipe" })).toThrow(
      message,
    );
  });
});

describe("the node image", () => {
  const read = (file: string) => readFileSync(join(images, "node", file), "utf8");

  test("has nothing that installs packages by itself", () => {
    const off = read("root/usr/share/node/off");
    // Masked: what is only disabled is enabled again by a package that is installed later.
    for (const unit of ["apt-daily.timer", "apt-daily-upgrade.timer"]) {
      expect(off).toMatch(new RegExp(`^mask ${unit}$`, "m"));
      expect(off).toMatch(new RegExp(`^mask ${unit.replace("timer", "service")}$`, "m"));
    }
    expect(read("packages")).not.toMatch(/^(unattended-upgrades|cron-apt|apticron)\b/m);
  });

  test("keeps its clock, and shuts down when its power button is pressed", () => {
    const [packages, setup] = [read("packages"), read("setup")];
    for (const name of ["chrony", "acpid"]) {
      expect(packages).toMatch(new RegExp(`^${name}\\b`, "m"));
      expect(setup).toMatch(new RegExp(`\\b${name}\\.service\\b`));
    }
    // There is no udev to load the module of the button.
    expect(read("root/etc/tiny-initramfs/tiny-initramfs.conf")).toMatch(/[=,]button,/);
  });
});
