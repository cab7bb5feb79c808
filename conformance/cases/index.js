/** All cases, in the order in which they run. */

import { clashes } from "./clashes.js";
import { client } from "./client.js";
import { codeFlow } from "./code-flow.js";
import { cors } from "./cors.js";
import { deletion } from "./deletion.js";
import { dialog } from "./dialog.js";
import { discovery } from "./discovery.js";
import { documents } from "./documents.js";
import { folders } from "./folders.js";
import { methods } from "./methods.js";
import { names } from "./names.js";
import { preconditions } from "./preconditions.js";
import { publicAccess } from "./public.js";
import { races } from "./races.js";
import { ranges } from "./ranges.js";
import { scopes } from "./scopes.js";
import { tokens } from "./tokens.js";
import { versions } from "./versions.js";

/** @type {import("../run/case.js").Case[]} */
export const CASES = [
  ...discovery,
  ...documents,
  ...deletion,
  ...folders,
  ...names,
  ...clashes,
  ...methods,
  ...versions,
  ...preconditions,
  ...races,
  ...ranges,
  ...cors,
  ...scopes,
  ...tokens,
  ...publicAccess,
  ...dialog,
  ...codeFlow,
  ...client,
];

/** The chapters and what they are about, in this order. @type {Record<string, string>} */
export const CHAPTERS = {
  discovery: "How an app finds the storage",
  documents: "Storing and reading documents",
  deletion: "Deleting documents",
  folders: "Folder descriptions",
  names: "Names and paths",
  clashes: "Documents and folders of one name",
  methods: "Methods and malformed requests",
  versions: "Versions and caching",
  preconditions: "Conditional requests",
  races: "Requests at the same time",
  ranges: "Ranges",
  cors: "Apps on other origins",
  scopes: "What a token allows",
  tokens: "Requests without a valid token",
  public: "Public documents",
  dialog: "The dialog",
  "code-flow": "The code flow with PKCE",
  client: "What remotestorage.js needs",
};
