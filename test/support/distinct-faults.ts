/** Tells which faults at a call would make a request take the same path as one that it has already had. */

import type { Fault, FaultyRun, SeenCall } from "./fault-injection";

/** A fault that was injected, and the calls of that run from the broken one on. */
interface SeenFault {
  fault: Fault;
  failed: SeenCall[];
  /** Later calls of the same binding. */
  later: SeenCall[];
}

/** The calls of an action that is repeated, and the faults that were injected into them. */
export class DistinctFaults {
  /** The calls without a fault; empty until they were recorded. */
  calls: SeenCall[] = [];
  readonly #seen: SeenFault[] = [];

  /** The names of the calls without a fault. */
  get callNames(): string[] {
    return this.calls.map(({ name }) => name);
  }

  /**
   * The calls at which this kind of fault can make a difference to the faults that were recorded: those with
   * their numbers. It is at least one, so that no test passes without a fault.
   */
  callsToBreak(kind: Omit<Fault, "at">): [at: number, call: SeenCall][] {
    const all = [...this.calls.entries()];
    const distinct = all.filter(([at]) => !this.isKnown({ ...kind, at }));
    return distinct.length > 0 ? distinct : all.slice(-1);
  }

  /** Records a run with a fault, or one without: null, or after more calls than there were. */
  record(fault: Fault | null, { seenCalls }: Pick<FaultyRun<unknown>, "seenCalls">): void {
    const [broken, ...others] = fault ? seenCalls.slice(fault.at) : [];
    if (!fault || !broken) {
      this.calls = seenCalls;
      return;
    }
    const later = others.filter((call) => bindingOf(call) === bindingOf(broken));
    const failed = fault.isPermanent ? [broken, ...later] : [broken];
    this.#seen.push({ fault, failed, later });
  }

  /** Whether a fault that was recorded made no difference to this one. */
  isKnown(fault: Fault): boolean {
    // Any call takes a while: one that is made later makes a difference only to those that are made meanwhile.
    if (fault.kind === "slow") return this.calls[fault.at]?.isAlone === true;
    return this.#seen.some((seen) => seen.fault.at === fault.at && isSame(fault, seen));
  }
}

const bindingOf = ({ name }: SeenCall): string => name.split(".")[0] as string;

/**
 * Whether a fault cannot be told from one that was seen at the same call. That it takes effect makes no difference
 * to a call that only reads, and that all later calls fail none if there are none. A broken connection and a
 * reset are retried alike (`test/unit/platform/retry`).
 */
const isSame = (fault: Fault, { fault: other, failed, later }: SeenFault): boolean =>
  errorOf(fault) === errorOf(other) &&
  (isSet(fault.takesEffect) === isSet(other.takesEffect) || failed.every(({ isRead }) => isRead)) &&
  (isSet(fault.isPermanent) === isSet(other.isPermanent) || later.length === 0);

const errorOf = ({ kind }: Fault): string => (kind === "reset" ? "lost" : kind);

const isSet = (flag: boolean | undefined): boolean => flag === true;
