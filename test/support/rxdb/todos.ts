/** The to-dos that tests store: their schema and documents. */

import type { RxJsonSchema } from "rxdb/plugins/core";

export interface Todo {
  id: string;
  title: string;
  rank: number;
  done: boolean;
  tags?: string[];
}

/** The schema of to-dos. */
export const TODOS: RxJsonSchema<Todo> = {
  version: 0,
  primaryKey: "id",
  type: "object",
  properties: {
    id: { type: "string", maxLength: 50 },
    title: { type: "string", maxLength: 100 },
    rank: { type: "integer", minimum: 0, maximum: 1000, multipleOf: 1 },
    done: { type: "boolean" },
    tags: { type: "array", items: { type: "string" } },
  },
  required: ["id", "title", "rank", "done"],
  indexes: ["rank", ["done", "rank"]],
  attachments: {},
};

export const todo = (id: string, fields: Partial<Todo> = {}): Todo => ({
  id,
  title: `to do: ${id}`,
  rank: 1,
  done: false,
  ...fields,
});

/** The ids, in this order. */
export const idsOf = (documents: { id: string }[]): string[] => documents.map(({ id }) => id);

let databaseCount = 0;

/** A name that no other database of this test file has. */
export const uniqueDatabaseName = (): string => `db${++databaseCount}`;
