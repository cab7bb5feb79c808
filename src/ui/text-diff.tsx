/** Shows how two texts differ, line by line. */

import { diffLines } from "diff";
import type { Context } from "hono";
import { formatCount } from "./format";
import { languageOf, messagesFor } from "./language";
import { UI_MESSAGES } from "./messages";

/** Lines that differ. The time to find them grows with their square. */
const MAX_DIFFERENT_LINES = 1000;

/** Equal lines that are shown before and after a difference. */
const CONTEXT_LINES = 3;

/** Shown at most, of all kinds together. */
const MAX_SHOWN_LINES = 3000;

interface TextDiffProps {
  c: Context;
  before: string;
  after: string;
}

/** Lines in a row that are all the same in both texts, or all in one of them only. */
interface DiffPart {
  kind: "equal" | "removed" | "added" | "hidden";
  lines: string[];
}

const SIGNS = { equal: " ", removed: "−", added: "+" };

/**
 * The lines of both texts: those of `before` alone marked with "−", those of `after` alone with "+". Only
 * some of the lines that both have are shown, and it says so if too many lines differ.
 */
export const TextDiff = ({ c, before, after }: TextDiffProps) => {
  const messages = messagesFor(c, UI_MESSAGES).diff;
  const changes = diffLines(before, after, { maxEditLength: MAX_DIFFERENT_LINES });
  if (changes === undefined) return <p class="muted">{messages.tooDifferent}</p>;
  if (!changes.some(({ added, removed }) => added || removed)) {
    return <p class="muted">{messages.same}</p>;
  }
  const all = hideEqualLines(
    changes.map(({ added, removed, value }) => ({
      kind: added ? "added" : removed ? "removed" : "equal",
      lines: splitLines(value),
    })),
  );
  const { parts, isCut } = cutParts(all);
  return (
    <>
      <p class="muted">{messages.legend}</p>
      {/* Scrolls by itself, so the keyboard must be able to reach it. */}
      <section class="diff code" tabindex={0} aria-label={messages.label}>
        {parts.map((part) => (
          <DiffLines c={c} part={part} />
        ))}
      </section>
      {isCut ? <p class="muted">{messages.cut}</p> : null}
    </>
  );
};

const DiffLines = ({ c, part: { kind, lines } }: { c: Context; part: DiffPart }) => {
  const messages = messagesFor(c, UI_MESSAGES).diff;
  if (kind === "hidden") {
    const count = formatCount(languageOf(c), lines.length);
    return <p class="muted">{messages.equalLines(lines.length, count)}</p>;
  }
  const text = lines.map((line) => `${SIGNS[kind]} ${line}`).join("\n");
  if (kind === "removed") return <del>{text}</del>;
  return kind === "added" ? <ins>{text}</ins> : <div>{text}</div>;
};

/** The lines of a part, without its last line break. */
const splitLines = (text: string): string[] => text.replace(/\r?\n$/, "").split("\n");

/** Hides equal lines, except for some next to a difference. */
function hideEqualLines(parts: DiffPart[]): DiffPart[] {
  return parts
    .flatMap((part, index) => {
      const head = index === 0 ? 0 : CONTEXT_LINES;
      const tail = index === parts.length - 1 ? 0 : CONTEXT_LINES;
      // A single hidden line would take as much space as its note.
      if (part.kind !== "equal" || part.lines.length <= head + tail + 1) return [part];
      const end = part.lines.length - tail;
      return [
        { kind: "equal", lines: part.lines.slice(0, head) },
        { kind: "hidden", lines: part.lines.slice(head, end) },
        { kind: "equal", lines: part.lines.slice(end) },
      ] satisfies DiffPart[];
    })
    .filter(({ lines }) => lines.length > 0);
}

/** The first parts, with at most `MAX_SHOWN_LINES` lines. */
function cutParts(parts: DiffPart[]): { parts: DiffPart[]; isCut: boolean } {
  const kept: DiffPart[] = [];
  let left = MAX_SHOWN_LINES;
  for (const { kind, lines } of parts) {
    if (left === 0) return { parts: kept, isCut: true };
    const shown = kind === "hidden" ? lines : lines.slice(0, left);
    kept.push({ kind, lines: shown });
    if (kind === "hidden") continue;
    left -= shown.length;
    if (shown.length < lines.length) return { parts: kept, isCut: true };
  }
  return { parts: kept, isCut: false };
}
