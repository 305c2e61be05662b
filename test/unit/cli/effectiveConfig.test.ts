import { effectiveConfig } from "../../../cli/effectiveConfig";
import type { DeclaredKey } from "../../../stacks/stackFile";

const key = (fallback: DeclaredKey["default"]): DeclaredKey => ({
  type: "string",
  default: fallback,
  description: "",
});

test("has every declared key, with defaults, and masks secrets", () => {
  const declared = { managers: key(3), alertWebhook: key(""), restoreUnlockKey: key("") };
  const values = {
    "swarm:managers": { value: "5", secret: false },
    "swarm:restoreUnlockKey": { secret: true },
    "aws:region": { value: "eu-central-1", secret: false },
  };
  expect(effectiveConfig(declared, values, "swarm")).toEqual([
    { key: "managers", value: "5", from: "stack" },
    { key: "alertWebhook", value: "", from: "default" },
    { key: "restoreUnlockKey", value: "[secret]", from: "stack" },
  ]);
});
