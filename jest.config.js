/** @type {import("jest").Config} */
const project = (name) => ({
  displayName: name,
  // Not in /tmp, which a test empties, and which goes with the lab.
  cacheDirectory: "<rootDir>/.cache/jest",
  testEnvironment: "node",
  roots: ["<rootDir>/test/" + name],
  transform: { "^.+\\.ts$": "ts-jest" },
});

// Every core: by default jest leaves one idle, which on two is half of them.
module.exports = {
  maxWorkers: "100%",
  projects: ["unit", "slow", "ec2", "e2e", "lifecycle"].map(project),
};
