/** How often what fails for a reason that passes is tried before it has failed. */
const TRIES = 6;

/**
 * What Docker and its clients say when no manager can decide at the moment: none of them leads, the
 * one that was asked went away or has only just started, or an answer took longer than the 20 s that
 * Docker gives itself, or the 30 s after which the provider expects to find what it made.
 */
const PASSING =
  /deadline ?exceeded|timeout while waiting for state|does not have a leader|lost leader status|no elected cluster leader|node is stopped|not a swarm manager|error during connect|connection (refused|reset|closed)|broken pipe|unexpected EOF|update out of sequence/i;

/**
 * What took too long may yet be done, after somebody looked whether it was. Of a service that
 * publishes a port, Docker names the port before it looks at the name.
 */
const DONE_AFTER_ALL = /already ?exists|already in use by service/i;

/** Whether one more try makes sense. `errors`: what was said so far, the newest first. */
export function passes(errors: string[]): boolean {
  const [newest = "", ...earlier] = errors;
  const late = DONE_AFTER_ALL.test(newest) && earlier.some((error) => PASSING.test(error));
  return errors.length < TRIES && (PASSING.test(newest) || late);
}
