/** The documents of the model after each step, to go back to. */

import type { ModelDocument, ModelState } from "./model";

/** The documents at a moment. */
interface Moment {
  step: number;
  /** Milliseconds since 1970. */
  at: number;
  documents: ModelState["documents"];
}

/** What the documents were after each step of a run. */
export class ModelHistory {
  #moments: Moment[] = [];
  #steps = 0;

  /** Records the documents after a step, unless it is not known what they are. */
  record(states: ModelState[], at: number): void {
    const step = ++this.#steps;
    const [first, ...others] = states.map(({ documents }) => documents);
    if (first === undefined || !others.every((other) => areSameDocuments(first, other))) return;
    this.#moments.push({ step, at, documents: first });
  }

  /** The moment after a step, counted from the last. */
  find(stepsAgo: number): Moment | undefined {
    return this.#moments.at(-1 - (stepsAgo % Math.max(1, this.#moments.length)));
  }

  /** The paths of all documents at any moment. */
  paths(): Set<string> {
    return new Set(this.#moments.flatMap(({ documents }) => [...documents.keys()]));
  }
}

function areSameDocuments(a: ModelState["documents"], b: ModelState["documents"]): boolean {
  const paths = new Set([...a.keys(), ...b.keys()]);
  return [...paths].every((path) => isSameDocument(a.get(path), b.get(path)));
}

/** Whether two documents have the same type and content, or neither exists. */
export function isSameDocument(
  a: ModelDocument | undefined,
  b: ModelDocument | undefined,
): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.type === b.type && a.bytes.equals(b.bytes);
}
