/** Facts of commits, packed in columns, so that those of one document are found without unpacking all. */

import type { PutFact } from "../storage/tasks/journal";
import { idAt, positionsOf } from "./fact-ids";
import type { FactFormat } from "./fact-rows";

/** The facts of one row; those at the same position belong together. Stored under these names. */
export interface PutColumns {
  /** The ids of the documents, one after the other without anything between them. */
  documents: string;
  /** The versions, likewise. */
  versions: string;
  times: number[];
  /** Of each fact: where in `moduleNames` and `appNames` its module and its app are. */
  modules: number[];
  apps: number[];
  /** A "1" for each document that is new, a "0" for each that is not. */
  news: string;
  moduleNames: string[];
  appNames: (string | null)[];
}

/** A fact has about 60 bytes, a row about 60 KB. */
export const PUT_COLUMNS: FactFormat<PutFact, PutColumns> = {
  maxFacts: 1000,
  pack(facts) {
    const moduleNames = [...new Set(facts.map(({ module }) => module))];
    const appNames = [...new Set(facts.map(({ app }) => app))];
    return {
      documents: facts.map(({ document }) => document).join(""),
      versions: facts.map(({ version }) => version).join(""),
      times: facts.map(({ at }) => at),
      modules: facts.map(({ module }) => moduleNames.indexOf(module)),
      apps: facts.map(({ app }) => appNames.indexOf(app)),
      news: facts.map(({ isNew }) => (isNew ? "1" : "0")).join(""),
      moduleNames,
      appNames,
    };
  },
  unpack: (columns) => columns.times.map((_, index) => factAt(columns, index)),
};

/** The facts of one document, in their order. */
export const factsOfDocument = (columns: PutColumns, document: string): PutFact[] =>
  positionsOf(columns.documents, document).map((index) => factAt(columns, index));

const factAt = (columns: PutColumns, index: number): PutFact => ({
  document: idAt(columns.documents, index),
  module: columns.moduleNames[columns.modules[index] as number] as string,
  version: idAt(columns.versions, index),
  at: columns.times[index] as number,
  app: columns.appNames[columns.apps[index] as number] as string | null,
  isNew: columns.news[index] === "1",
});
