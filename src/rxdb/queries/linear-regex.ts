/**
 * The engine of `$regex`: RE2, in time that grows with the text only. Pure.
 *
 * JavaScript's own engine may take for ever, and with it everybody's requests.
 */

import { RE2JS, RE2JSException } from "re2js";
import type { Work } from "../work";

/** Characters of all patterns of a query. */
const MAX_PATTERNS_LENGTH = 500;

/** Instructions of a compiled pattern: `{1000}` repeats what precedes it a thousand times. */
const MAX_PROGRAM_SIZE = 2000;

/** Instructions times characters that a query may need at worst: about as much as reading a full module. */
const MAX_STEPS = 250_000_000;

/** What mingo's `$regex` needs of a RegExp. */
export type TextMatcher = Pick<RegExp, "exec">;

/** Returns a function that compiles the patterns of one query, which share its limits and its work. */
export function createRegexCompiler(work: Work): (pattern: RegExp) => TextMatcher {
  let patternsLength = 0;
  /** Throws an Error with a sentence if RE2 does not have what the pattern uses, or it is too long. */
  return (pattern) => {
    patternsLength += pattern.source.length;
    if (patternsLength > MAX_PATTERNS_LENGTH) {
      throw new Error(`the patterns of $regex are longer than ${MAX_PATTERNS_LENGTH} characters.`);
    }
    const regex = compilePattern(pattern);
    const programSize = regex.programSize();
    if (programSize > MAX_PROGRAM_SIZE) throw new Error("the pattern of $regex repeats too much.");
    return {
      exec: (text) => {
        if (work.search(programSize * (text.length + 1)) > MAX_STEPS) {
          throw new Error("its $regex has to search too much text. Add conditions on an index.");
        }
        return regex.test(text) ? ([text] as unknown as RegExpExecArray) : null;
      },
    };
  };
}

function compilePattern(pattern: RegExp): RE2JS {
  try {
    return RE2JS.compile(RE2JS.translateRegExp(pattern));
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    throw new Error(
      "$regex has the syntax of RE2: no lookaround, no backreferences, at most 1000 repetitions.",
    );
  }
}
