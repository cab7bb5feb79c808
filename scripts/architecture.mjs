/** `npm run docs`: writes the map of the code into docs/architecture.md, from src itself. */

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const PAGE = join(ROOT, "docs", "architecture.md");

/** The areas of src, lowest layer first. Areas of one layer do not import each other. */
export const LAYERS = [
  { core: "The protocol in pure functions and types: paths, scopes, ETags, ranges, refusals." },
  { env: "Bindings and settings." },
  {
    platform:
      "Calls to Cloudflare's platform: retries, timeouts, alarms; the log, and what isolates remember.",
  },
  { http: "HTTP for all endpoints: CORS, bearer tokens, hosts, rate limits, refusals." },
  { ui: "The layout and the parts that all pages share." },
  { modules: "The modules of an account that have RxDB databases, and their objects." },
  { accounts: "Sign-up, sign-in, sessions, recovery, activity, deletion." },
  {
    oauth: "Authorization requests, consent, grants, codes, tokens, devices.",
    discovery: "WebFinger and the other documents under /.well-known/.",
  },
  {
    storage:
      "Documents and folders: the index in D1, the bodies in R2, commits, the sweep, export.",
  },
  {
    copying:
      "Copies documents from another server: guarded requests, signing in there, each document.",
  },
  { live: "Tells apps at once what has changed: a WebSocket in the user's object." },
  {
    "user-object": "The Durable Object of each user: commit queue, sweep, erasure.",
    rxdb: "RxDB's Remote RxStorage: a WebSocket and a Durable Object for each module.",
    monitoring: "Request counts, /healthz and /metrics.",
    apps: "The pages about connected apps and personal access tokens.",
    domains: "Domains of users: claims, proof of control, daily checks, the pages.",
  },
  { tasks: "Long work on documents, as the user sees it: starting, progress, undo; uploads." },
  { files: "Files: folders and documents, shown, changed and downloaded." },
  { versions: "Earlier versions of documents, the bin, going back in time." },
  {
    transfer:
      "Export and import: the pages, and the tokens with which their scripts read and write.",
  },
  {
    dashboard: "The other pages of a signed-in user: home, data, activity, settings.",
    admin: "The administration: accounts, invitations, configuration, audit log.",
  },
  { moving: "The pages about moving in from another server, and moving out." },
  { app: "All routes." },
  { index: "The entry point." },
];

const START = "<!-- The map below is written by `npm run docs`. -->";

/** The page as it should be: its own text, then a fresh map. */
export function renderPage() {
  const text = readFileSync(PAGE, "utf8");
  const end = text.indexOf(START);
  if (end === -1) throw new Error("docs/architecture.md has no place for the map.");
  return `${text.slice(0, end)}${START}\n\n${renderMap()}`;
}

function renderMap() {
  const areas = LAYERS.flatMap((layer) => Object.entries(layer));
  return areas.map(([area, summary]) => renderArea(area, summary)).join("\n");
}

function renderArea(area, summary) {
  const files = filesOf(area).map(
    (file) => `| [${nameIn(area, file)}](../src/${file}) | ${firstSentence(file)} |`,
  );
  return `### ${area}\n\n${summary}\n\n| file | |\n|---|---|\n${files.join("\n")}\n`;
}

/** The files of an area, those of a folder together; an area can be a single file. */
function filesOf(area) {
  return readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" })
    .map((file) => file.replaceAll("\\", "/"))
    .filter((file) => /\.tsx?$/.test(file))
    .filter((file) => file.startsWith(`${area}/`) || file.replace(/\.tsx?$/, "") === area)
    .sort((a, b) => depth(a) - depth(b) || a.localeCompare(b, "en"));
}

const nameIn = (area, file) => (file.startsWith(`${area}/`) ? file.slice(area.length + 1) : file);

const depth = (file) => file.split("/").length;

/** What a file says about itself on top. */
export function firstSentence(file) {
  const [, comment = ""] =
    /^\/\*\*([\s\S]*?)\*\//.exec(readFileSync(join(ROOT, "src", file), "utf8")) ?? [];
  const text = comment.replace(/^\s*\* ?/gm, "").trim();
  const [paragraph = ""] = text.split("\n\n");
  const [sentence = ""] = /^[\s\S]*?\.(?=\s|$)/.exec(paragraph) ?? [paragraph];
  return sentence.replace(/\s+/g, " ").replaceAll("|", "\\|").replaceAll("<", "&lt;");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(PAGE, renderPage());
