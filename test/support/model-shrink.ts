/**
 * Shrinks steps that fail to few and simple ones. fast-check's own shrinking would take many minutes,
 * since each attempt runs on a new account.
 */

import type { RandomRequest, Step } from "./model-steps";

/** Runs steps; returns the error with which they failed, or null. */
type RunSteps = (steps: Step[]) => Promise<Error | null>;

/** Attempts to make the same steps fail: a race does not fail each time. */
const ATTEMPTS = 3;

/** The simplest value of each property of a request. */
const SIMPLEST: Partial<RandomRequest>[] = [
  { match: null },
  { noneMatch: null },
  { range: null },
  { ifRange: null },
  { isChunked: false },
  { type: "text/plain" },
  { repeats: 1 },
  { app: "app A" },
  { path: "/notes/a" },
  { method: "PUT" },
];

/** How long to shrink; then the shortest failure so far is used. */
const SHRINK_MS = 60_000;

/** Returns the error of the shortest steps that were found to fail, or the given error. */
export async function shrink(steps: Step[], error: Error, runSteps: RunSteps): Promise<Error> {
  const deadline = Date.now() + SHRINK_MS;
  let shortest = { steps, error };
  const stillFails = async (candidate: Step[]): Promise<boolean> => {
    const isRace = candidate.some(({ kind }) => kind === "concurrent requests");
    for (let attempt = 0; attempt < ATTEMPTS && Date.now() < deadline; attempt++) {
      const failure = await runSteps(candidate);
      if (failure) shortest = { steps: candidate, error: failure };
      if (failure || !isRace) return failure !== null;
    }
    return false;
  };
  // From the end, as what comes after the failure does not matter.
  for (let size = steps.length; size >= 1; size = Math.floor(size / 2)) {
    for (let end = shortest.steps.length; end > 0; end -= size) {
      const start = Math.max(0, end - size);
      await stillFails(shortest.steps.toSpliced(start, end - start));
    }
  }
  for (const index of shortest.steps.keys()) {
    for (let isSimplest = false; !isSimplest; ) {
      isSimplest = true;
      for (const simpler of simplerSteps(shortest.steps[index] as Step)) {
        if (!(await stillFails(shortest.steps.with(index, simpler)))) continue;
        isSimplest = false;
        break;
      }
    }
  }
  return shortest.error;
}

/** The same step with one thing simplified. */
function simplerSteps(step: Step): Step[] {
  if (step.kind === "request") {
    return simplerRequests(step.request).map((request) => ({ ...step, request }));
  }
  if (step.kind !== "concurrent requests") return [];
  const { requests } = step;
  const fewer = requests
    .map((_, index) => requests.toSpliced(index, 1))
    .filter(({ length }) => length);
  const simpler = requests.flatMap((request, index) =>
    simplerRequests(request).map((simple) => requests.with(index, simple)),
  );
  return [
    ...(requests.length === 1
      ? [{ kind: "request", request: requests[0] as RandomRequest } as const]
      : []),
    ...(step.meanwhile ? [{ ...step, meanwhile: null }] : []),
    ...[...fewer, ...simpler].map((some) => ({ ...step, requests: some })),
  ];
}

const simplerRequests = (request: RandomRequest): RandomRequest[] =>
  SIMPLEST.map((simplest) => ({ ...request, ...simplest })).filter(
    (simpler) => JSON.stringify(simpler) !== JSON.stringify(request),
  );
