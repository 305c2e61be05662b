import { isTransient } from "../../../components/swarm/transientErrors";

const DAEMON = "1 error occurred:\n\t* Error response from daemon: ";

test.each([
  `${DAEMON}rpc error: code = DeadlineExceeded desc = context deadline exceeded`,
  `${DAEMON}rpc error: code = Unknown desc = The swarm does not have a leader. It's possible that too few managers are online.`,
  "error during connect: Get http://docker.example.com/v1.45/services: command [ssh] has exited with exit status 255",
  "rpc error: code = Unavailable desc = connection error: dial tcp 192.168.42.11:2377: connect: connection refused",
  `${DAEMON}rpc error: code = Unknown desc = update out of sequence`,
  `${DAEMON}rpc error: code = Unknown desc = raft: failed to process the request: node lost leader status`,
  `${DAEMON}rpc error: code = Unknown desc = raft: failed to process the request: node is stopped`,
  `${DAEMON}This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.`,
  "write unix: broken pipe",
  "timeout while waiting for state to become 'all_fields, removed' (timeout: 30s)",
  "unexpected EOF",
])("tries again after %j", (error) => {
  expect(isTransient([error])).toBe(true);
});

test.each([
  `${DAEMON}network my-ingress cannot be removed because service web depends on it`,
  `${DAEMON}rpc error: code = InvalidArgument desc = port '80' is already in use by service 'web'`,
  "Service with ID (x1) did not converge after 10m0s",
  "service rollback completed: rollback completed",
  "",
])("does not after %j", (error) => {
  expect(isTransient([error])).toBe(false);
});

test.each([
  `${DAEMON}rpc error: code = AlreadyExists desc = name conflicts with an existing object: service web already exists`,
  `${DAEMON}rpc error: code = InvalidArgument desc = port '80' is already in use by service 'web' (tbcym118tahc) as an ingress port`,
])("is only its own, made late, when something took too long before: %j", (there) => {
  expect(isTransient([there])).toBe(false);
  expect(isTransient([there, "context deadline exceeded"])).toBe(true);
  expect(isTransient([there, there, "context deadline exceeded"])).toBe(true);
  expect(isTransient([there, "no such image"])).toBe(false);
});

test("looks at the newest error, and gives up after the sixth", () => {
  const slow = "context deadline exceeded";
  expect(isTransient([slow, "no such image"])).toBe(true);
  expect(isTransient(["no such image", slow])).toBe(false);
  expect(isTransient(Array(5).fill(slow))).toBe(true);
  expect(isTransient(Array(6).fill(slow))).toBe(false);
  expect(isTransient([])).toBe(false);
});
