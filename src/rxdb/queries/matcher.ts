/** Matches documents by RxDB's selectors, with RxDB's own matcher (mingo), but a linear `$regex`. Pure. */

import { Context } from "mingo/core";
import {
  $and,
  $elemMatch,
  $eq,
  $exists,
  $gt,
  $gte,
  $in,
  $lt,
  $lte,
  $mod,
  $ne,
  $nin,
  $nor,
  $not,
  $or,
  $regex,
  $size,
  $type,
} from "mingo/operators/query";
import { Query } from "mingo/query";
import type { Work } from "../work";
import { createRegexCompiler } from "./linear-regex";
import type { StoredDocument } from "./stored-document";

/** The operators that RxDB has, without `$regex`: its `rx-query-mingo.ts`. */
const OPERATORS = {
  $and,
  $elemMatch,
  $eq,
  $exists,
  $gt,
  $gte,
  $in,
  $lt,
  $lte,
  $mod,
  $ne,
  $nin,
  $nor,
  $not,
  $or,
  $size,
  $type,
};

/**
 * Returns the function that tells whether a document matches a selector; its regular expressions count
 * as work. Throws an Error with a sentence for an unknown operator or a bad pattern; the function throws
 * one for an operand it cannot use.
 */
export function createMatcher(
  selector: Record<string, unknown>,
  work: Work,
): (document: StoredDocument) => boolean {
  const compile = createRegexCompiler(work);
  const linearRegex: typeof $regex = (path, pattern, options) =>
    // mingo has made a RegExp of it, which does nothing until it is used.
    $regex(path, compile(pattern as unknown as RegExp) as never, options);
  const context = Context.init({ query: { ...OPERATORS, $regex: linearRegex } });
  const query = new Query(selector, { context });
  return (document) => query.test(document);
}
