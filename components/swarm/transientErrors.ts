/** How often a call is tried when it fails with transient errors. */
const TRIES = 6;

/**
 * Errors of Docker and its clients while no manager can decide: the managers have no leader, the manager
 * that was asked stopped or has only just started, or an answer took longer than the 20 s that Docker
 * gives itself, or the 30 s after which the provider expects to find what it created.
 */
const TRANSIENT =
  /deadline ?exceeded|timeout while waiting for state|does not have a leader|lost leader status|no elected cluster leader|node is stopped|not a swarm manager|error during connect|connection (refused|reset|closed)|broken pipe|unexpected EOF|update out of sequence/i;

/**
 * A creation that timed out may complete after the hook has looked for it. Of a service that publishes a
 * port, Docker names the port before it looks at the name.
 */
const COMPLETED_LATE = /already ?exists|already in use by service/i;

/** Whether to try again. `errors`: all so far, the newest first. */
export function isTransient(errors: string[]): boolean {
  const [newest = "", ...earlier] = errors;
  const late = COMPLETED_LATE.test(newest) && earlier.some((error) => TRANSIENT.test(error));
  return errors.length < TRIES && (TRANSIENT.test(newest) || late);
}
