/** A move in sentences. */

import type { MoveIn } from "../copying/move-in";
import { formatBytes, formatCount } from "../ui/format";
import type { Language } from "../ui/language";
import { MOVING_MESSAGES } from "./messages";

/** How far a move has come. `now`: in milliseconds since 1970. */
export function describeMove(language: Language, move: MoveIn, now: number): string {
  const messages = MOVING_MESSAGES[language].move;
  const { found, looked, failures, retryAt } = move;
  const count = (number: number) => formatCount(language, number);
  const isBusy = failures > 0 && retryAt > now;
  const hasFound = found.documents > 0;
  return [
    ...(isBusy ? [messages.busy] : []),
    ...(hasFound ? [messages.looked(count(looked.documents), count(found.documents))] : []),
    ...(isBusy || hasFound ? [] : [messages.waiting]),
    ...describeCounts(language, move),
  ].join(" ");
}

/** What a move has done, one sentence for each count that is not zero. */
export function describeCounts(language: Language, { counts, bytes, endedAt }: MoveIn): string[] {
  const { results } = MOVING_MESSAGES[language].move;
  const total = bytes > 0 ? formatBytes(language, bytes) : "";
  const sentences = (Object.keys(counts) as (keyof typeof counts)[])
    .filter((outcome) => counts[outcome] > 0)
    .map((outcome) =>
      results[outcome](counts[outcome], formatCount(language, counts[outcome]), total),
    );
  return sentences.length === 0 && endedAt !== null ? [results.nothing] : sentences;
}
