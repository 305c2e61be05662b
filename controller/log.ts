/** Lines for people: what is new at once, what is not once a minute. */
export class Log {
  private readonly last = new Map<string, { gist: string; atSeconds: number }>();

  constructor(
    private readonly print: (line: string) => void,
    private readonly nowSeconds: () => number,
  ) {}

  /** Prints the line in any case. */
  say(line: string): void {
    this.print(line);
  }

  /**
   * Prints the line if its gist is another one than the last about the same subject, or after a minute.
   *
   * @param gist what would be news; figures that differ every time are not part of it
   */
  update(subject: string, gist: string, line: string, everySeconds = 60): void {
    const last = this.last.get(subject);
    const now = this.nowSeconds();
    if (last?.gist === gist && now - last.atSeconds < everySeconds) return;
    this.last.set(subject, { gist, atSeconds: now });
    this.print(line);
  }

  /** Prints the line when the state of the subject is another one than before. */
  state(subject: string, state: string, line: string): void {
    this.update(subject, state, line, Infinity);
  }

  /** The state without a line, for what goes without saying at the start. */
  assume(subject: string, state: string): void {
    this.last.set(subject, { gist: state, atSeconds: this.nowSeconds() });
  }
}
