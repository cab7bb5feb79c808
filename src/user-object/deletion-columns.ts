/** Facts of deletions, packed in columns: a bin shows many thousands of them, a page at a time. */

import type { DeletionFact } from "../storage/tasks/journal";
import { idAt, positionsOf } from "./fact-ids";
import type { FactFormat } from "./fact-rows";

/** The facts of one row; those at the same position belong together. Stored under these names. */
export interface DeletionColumns {
  /** The ids of the documents, one after the other without anything between them. */
  documents: string;
  /** The paths, likewise, and the characters of each. */
  paths: string;
  pathCharacters: number[];
  versions: string[];
  /** Of each fact: where in `typeNames` and `appNames` its Content-Type and its app are. */
  types: number[];
  apps: number[];
  lengths: number[];
  times: number[];
  typeNames: string[];
  appNames: (string | null | undefined)[];
}

/** A path has at most 4 KiB, a Content-Type 1 KiB, a row 2 MB. */
export const DELETION_COLUMNS: FactFormat<DeletionFact, DeletionColumns> = {
  maxFacts: 250,
  pack(facts) {
    const typeNames = [...new Set(facts.map(({ type }) => type))];
    const appNames = [...new Set(facts.map(({ app }) => app))];
    return {
      documents: facts.map(({ document }) => document).join(""),
      paths: facts.map(({ path }) => path).join(""),
      pathCharacters: facts.map(({ path }) => path.length),
      versions: facts.map(({ version }) => version),
      types: facts.map(({ type }) => typeNames.indexOf(type)),
      apps: facts.map(({ app }) => appNames.indexOf(app)),
      lengths: facts.map(({ length }) => length),
      times: facts.map(({ at }) => at),
      typeNames,
      appNames,
    };
  },
  unpack(columns) {
    let start = 0;
    return columns.pathCharacters.map((characters, index) => {
      const path = columns.paths.slice(start, start + characters);
      start += characters;
      return factAt(columns, index, path);
    });
  },
};

/** The deletions of one document, in their order. */
export const deletionsOfDocument = (
  columns: DeletionColumns,
  document: string,
  path: string,
): DeletionFact[] =>
  positionsOf(columns.documents, document).map((index) => factAt(columns, index, path));

const factAt = (columns: DeletionColumns, index: number, path: string): DeletionFact => ({
  document: idAt(columns.documents, index),
  path,
  version: columns.versions[index] as string,
  type: columns.typeNames[columns.types[index] as number] as string,
  length: columns.lengths[index] as number,
  at: columns.times[index] as number,
  app: columns.appNames[columns.apps[index] as number],
});
