/** Orders the commits of one user and groups those that wait. */

/**
 * Runs `commitGroup` for one group at a time. What arrives while a group is being written goes
 * into the next, so that many writers cost few round trips. Order is that of arrival.
 */
export class CommitQueue<Command, Result> {
  readonly #commitGroup: (group: Command[]) => Promise<Result[]>;
  readonly #maxGroup: number;
  #waiting: Waiting<Command, Result>[] = [];
  #isRunning = false;

  /** `commitGroup` returns one result per command, in their order. */
  constructor(commitGroup: (group: Command[]) => Promise<Result[]>, maxGroup: number) {
    this.#commitGroup = commitGroup;
    this.#maxGroup = maxGroup;
  }

  /** How many commands wait. */
  get length(): number {
    return this.#waiting.length;
  }

  /** Resolves with the command's result; rejects if its group's commit threw. */
  add(command: Command): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ command, resolve, reject });
      if (!this.#isRunning) this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    while (this.#waiting.length > 0) {
      const group = this.#waiting.splice(0, this.#maxGroup);
      try {
        const results = await this.#commitGroup(group.map(({ command }) => command));
        for (const [index, { resolve }] of group.entries()) resolve(results[index] as Result);
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    }
    this.#isRunning = false;
  }
}

interface Waiting<Command, Result> {
  command: Command;
  resolve: (result: Result) => void;
  reject: (error: unknown) => void;
}
