/** The queue that orders the commits of one user and groups those that wait. */

/**
 * Bytes of the commands in one group, as JSON: D1 runs one batch at a time, for all users. Ordinary
 * commits are far below; a larger one is a group of its own.
 */
const MAX_GROUP_BYTES = 64 * 1024;

/**
 * Runs `commitGroup` for one group at a time, in the order of arrival. What arrives while a group is
 * being committed goes into the next group, so that many writers cost few round trips.
 */
export class CommitQueue<Command, Result> {
  readonly #commitGroup: (group: Command[]) => Promise<Result[]>;
  readonly #maxGroup: number;
  #queued: QueuedCommand<Command, Result>[] = [];
  #isRunning = false;

  /** `commitGroup` returns one result per command, in their order. */
  constructor(commitGroup: (group: Command[]) => Promise<Result[]>, maxGroup: number) {
    this.#commitGroup = commitGroup;
    this.#maxGroup = maxGroup;
  }

  /** How many commands wait. */
  get length(): number {
    return this.#queued.length;
  }

  /** Resolves with the command's result; rejects if its group could not be committed. */
  add(command: Command): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#queued.push({ command, resolve, reject });
      if (!this.#isRunning) this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    while (this.#queued.length > 0) {
      const group = this.#queued.splice(0, this.#nextGroupLength());
      try {
        const results = await this.#commitGroup(group.map(({ command }) => command));
        for (const [index, { resolve }] of group.entries()) resolve(results[index] as Result);
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    }
    this.#isRunning = false;
  }

  #nextGroupLength(): number {
    // Most often one command waits alone, whatever its bytes.
    if (this.#queued.length === 1) return 1;
    let bytes = 0;
    const end = this.#queued.findIndex(({ command }, index) => {
      bytes += JSON_ENCODER.encode(JSON.stringify(command)).byteLength;
      return index === this.#maxGroup || (index > 0 && bytes > MAX_GROUP_BYTES);
    });
    return end === -1 ? this.#queued.length : end;
  }
}

const JSON_ENCODER = new TextEncoder();

interface QueuedCommand<Command, Result> {
  command: Command;
  resolve: (result: Result) => void;
  reject: (error: unknown) => void;
}
