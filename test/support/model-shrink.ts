/**
 * Makes a story that fails as short and plain as it can be. fast-check would try what is left of a
 * story in another order, and be at it for many minutes, since each try is a story on a new account.
 */

import type { Act, Wish } from "./model-steps";

/** Plays a story; the error that tells how it failed, or null. */
type Play = (acts: Act[]) => Promise<Error | null>;

/** A race is not lost each time. */
const TRIES = 3;

/** How each part of a wish is, where it does not matter. */
const PLAIN: Partial<Wish>[] = [
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

/** A story is shortened for so long; then the shortest so far will do. */
const SHORTEN_MS = 60_000;

/** The error of the shortest story to be found that fails like this one, or else its own. */
export async function shorten(acts: Act[], error: Error, play: Play): Promise<Error> {
  const deadline = Date.now() + SHORTEN_MS;
  let shortest = { acts, error };
  const isShorter = async (candidate: Act[]): Promise<boolean> => {
    for (let tries = 0; tries < TRIES && Date.now() < deadline; tries++) {
      const failure = await play(candidate);
      if (failure) shortest = { acts: candidate, error: failure };
      if (failure || !candidate.some(({ kind }) => kind === "ask at once")) return failure !== null;
    }
    return false;
  };
  // The end first: what comes after the failure does not matter.
  for (let size = acts.length; size >= 1; size = Math.floor(size / 2)) {
    for (let end = shortest.acts.length; end > 0; end -= size) {
      const start = Math.max(0, end - size);
      await isShorter(shortest.acts.toSpliced(start, end - start));
    }
  }
  for (const index of shortest.acts.keys()) {
    for (let isPlain = false; !isPlain; ) {
      isPlain = true;
      for (const plainer of plainerActs(shortest.acts[index] as Act)) {
        if (!(await isShorter(shortest.acts.with(index, plainer)))) continue;
        isPlain = false;
        break;
      }
    }
  }
  return shortest.error;
}

/** The same act with one thing less to wonder about. */
function plainerActs(act: Act): Act[] {
  if (act.kind === "ask") return plainerWishes(act.wish).map((wish) => ({ ...act, wish }));
  if (act.kind !== "ask at once") return [];
  const { wishes } = act;
  const fewer = wishes.map((_, index) => wishes.toSpliced(index, 1)).filter(({ length }) => length);
  const plainer = wishes.flatMap((wish, index) =>
    plainerWishes(wish).map((plain) => wishes.with(index, plain)),
  );
  return [
    ...(wishes.length === 1 ? [{ kind: "ask", wish: wishes[0] as Wish } as const] : []),
    ...(act.meanwhile ? [{ ...act, meanwhile: null }] : []),
    ...[...fewer, ...plainer].map((some) => ({ ...act, wishes: some })),
  ];
}

const plainerWishes = (wish: Wish): Wish[] =>
  PLAIN.map((plain) => ({ ...wish, ...plain })).filter(
    (plain) => JSON.stringify(plain) !== JSON.stringify(wish),
  );
