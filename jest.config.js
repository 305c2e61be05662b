/** @type {import("jest").Config} */
const project = (name) => ({
  displayName: name,
  testEnvironment: "node",
  roots: ["<rootDir>/test/" + name],
  transform: { "^.+\\.ts$": "ts-jest" },
});

module.exports = { projects: [project("unit"), project("e2e")] };
