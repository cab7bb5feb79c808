/** A run of cases at one provider. */

import { App } from "./app.js";
import { createContext, tokenFor } from "./context.js";
import { createHttp } from "./http.js";
import { Failure, Skip, Undecided } from "./outcomes.js";
import { renderTranscript } from "./transcript.js";
import { Workspace } from "./workspace.js";

/** The pauses before a provider that does not answer is asked whether it still does. */
const PROBE_PAUSES_MS = [1_000, 3_000, 6_000];

/**
 * How a case ended.
 * @typedef {object} Result
 * @property {import("./case.js").Case} case
 * @property {"passed" | "failed" | "skipped" | "undecided"} outcome
 * @property {string} [reason] of `undecided`: see Reason in outcomes.js
 * @property {string} [message] why it did not pass
 * @property {string} [transcript] the requests and answers, if it failed or was not decided
 * @property {boolean} isNewer whether only a newer draft than the provider's demands it
 * @property {number} requests
 * @property {number} ms
 */

/** Reasons after which the provider may not answer any more. */
const UNANSWERED = new Set(["network", "unavailable", "slow"]);

/** What is missing for each need. @type {Record<string, string>} */
const MISSING = {
  module: "no token for the module alone",
  reader: "no token that may only read the module",
  rootReader: "no token that may read everything (*:r)",
  full: "no token with full access (*:rw)",
  combined: "no token with two scopes",
  other: "no second account",
  webfinger: "the provider was not found by WebFinger",
  grants: "the tokens were not granted by the provider's dialog in this run",
  consent: "nobody answers the provider's dialog in this run",
  large: "large bodies were not allowed",
};

export class Session {
  #target;
  #send;
  #probe;
  #wait;
  #workspace;
  /** @type {import("./answer.js").Answer[]} */
  #answers = [];
  #count = 0;
  /** @type {string | null} the case during which the provider stopped answering */
  #stoppedDuring = null;

  /**
   * @param {import("./context.js").Target} target
   * @param {import("./http.js").HttpOptions} [http]
   */
  constructor(target, http = {}) {
    this.#target = target;
    this.#workspace = new Workspace(target.module);
    this.#wait = http.wait ?? ((ms) => new Promise((resolve) => setTimeout(resolve, ms)));
    this.#send = createHttp({
      ...http,
      onAnswer: (answer) => {
        this.#answers.push(answer);
        this.#workspace.note(answer);
        http.onAnswer?.(answer);
      },
    });
    this.#probe = createHttp({
      ...http,
      onAnswer: undefined,
      timeLimitMs: http.probeLimitMs ?? http.timeLimitMs,
    });
  }

  /** The folders in which the run works. */
  get folders() {
    return [this.#workspace.privateFolder, this.#workspace.publicFolder];
  }

  /**
   * Runs one case. After a fault of the network or a slow answer it is run once more, in a fresh folder. If the
   * provider does not answer any more, no later case is run. Never rejects, unless the case itself is wrong.
   * @param {import("./case.js").Case} testCase
   * @returns {Promise<Result>}
   */
  async run(testCase) {
    const missing = this.#missingNeed(testCase);
    if (missing) return this.#result(testCase, { outcome: "skipped", message: missing });
    if (this.#stoppedDuring !== null) {
      const message = `The provider stopped answering during ${this.#stoppedDuring}.`;
      return this.#result(testCase, { outcome: "undecided", reason: "stopped", message });
    }
    const first = await this.#attempt(testCase);
    if (!UNANSWERED.has(String(first.reason))) return first;
    if (await this.#isReachable()) return this.#attempt(testCase);
    this.#stoppedDuring = testCase.id;
    return {
      ...first,
      reason: "stopped",
      message: `${first.message} Nor did it answer afterwards.`,
    };
  }

  /**
   * Deletes what the run has stored.
   * @returns {Promise<string[]>} what could not be deleted
   */
  async finish() {
    if (this.#stoppedDuring !== null) return this.folders;
    const token = tokenFor(this.#target, this.#target.module, "app") ?? null;
    return this.#workspace.cleanUp(
      this.#send,
      new App(this.#send, this.#target.storageRoot, token),
    );
  }

  /** @param {import("./case.js").Case} testCase */
  #missingNeed({ needs }) {
    const { module, other, record, grants, consent, isLargeAllowed = true } = this.#target;
    const has = /** @type {Record<string, unknown>} */ ({
      other: other && tokenFor(other, module, "app"),
      webfinger: record,
      grants: grants?.length,
      consent,
      large: isLargeAllowed,
    });
    const need = needs.find((need) => !(has[need] ?? tokenFor(this.#target, module, need)));
    return need && MISSING[need];
  }

  /** @param {import("./case.js").Case} testCase */
  async #attempt(testCase) {
    this.#answers = [];
    const start = performance.now();
    const name = `case-${++this.#count}`;
    const context = createContext(this.#target, this.#send, this.#workspace, name);
    const ending = await endingOf(() => testCase.run(context));
    const isShown = ending.outcome === "failed" || ending.outcome === "undecided";
    return this.#result(testCase, {
      ...ending,
      requests: this.#answers.length,
      ms: performance.now() - start,
      ...(isShown ? { transcript: renderTranscript(this.#answers) } : {}),
    });
  }

  /**
   * @param {import("./case.js").Case} testCase
   * @param {Partial<Result> & Pick<Result, "outcome">} ending
   * @returns {Result}
   */
  #result(testCase, ending) {
    const isNewer = testCase.since > this.#target.draft;
    return { requests: 0, ms: 0, ...ending, case: testCase, isNewer };
  }

  /** Whether the provider answers, whatever it says; asked several times over some seconds. */
  async #isReachable() {
    for (const pause of PROBE_PAUSES_MS) {
      await this.#wait(pause);
      try {
        // A provider that is busy with the last request for ever answers nothing else.
        const { status } = await this.#probe(`${this.#target.storageRoot}/`, { method: "OPTIONS" });
        if (status !== 502 && status !== 503 && status !== 504) return true;
      } catch (error) {
        if (!(error instanceof Undecided)) throw error;
      }
    }
    return false;
  }
}

/**
 * @param {() => Promise<void>} action
 * @returns {Promise<Pick<Result, "outcome" | "reason" | "message">>}
 */
async function endingOf(action) {
  try {
    await action();
    return { outcome: "passed" };
  } catch (error) {
    if (error instanceof Failure) return { outcome: "failed", message: error.message };
    if (error instanceof Skip) return { outcome: "skipped", message: error.message };
    if (!(error instanceof Undecided)) throw error;
    return { outcome: "undecided", reason: error.reason, message: error.message };
  }
}
