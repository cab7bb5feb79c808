/** What /versions/<path> answers about one version or two. */

import type { NodePath } from "../../core/path";
import { attachment } from "../../files/attachment";
import { loadContent } from "../../files/content";
import { contentKind } from "../../files/content-kind";
import { readTextContent } from "../../files/text-content";
import type { HandlerResponse, HonoContext } from "../../http/context";
import { bodyKey } from "../../storage/bodies";
import { serveBody } from "../../storage/body-response";
import type { DocumentRow } from "../../storage/documents";
import type { DocumentHistory, ListedVersion } from "../document-versions";
import { type Comparison, comparisonPage } from "../pages/comparison";
import { versionPage } from "../pages/version";

/** Shows a version. Returns null if it is no longer kept. */
export async function showVersion(
  c: HonoContext,
  node: NodePath,
  history: DocumentHistory,
  version: ListedVersion,
): Promise<HandlerResponse | null> {
  const { account } = c.var.session;
  const asText = c.req.query("view") === "text";
  const options = { asText, user: account.name, now: Date.now() };
  const content = await loadContent(c.env, toRow(account.id, version), node, options);
  return content && versionPage(c, account, history, version, content);
}

/** Shows how the texts of two versions differ. Returns null if one is no longer kept. */
export async function compareVersions(
  c: HonoContext,
  node: NodePath,
  history: DocumentHistory,
  versions: [ListedVersion, ListedVersion],
): Promise<HandlerResponse | null> {
  const { account } = c.var.session;
  const [older, newer] = versions.toSorted((a, b) => a.at - b.at) as typeof versions;
  const texts = await readTexts(c, node, [older, newer]);
  return texts && comparisonPage(c, account, history, { older, newer, texts });
}

async function readTexts(
  c: HonoContext,
  node: NodePath,
  versions: ListedVersion[],
): Promise<Comparison["texts"] | null> {
  const isText = ({ type = "" }: ListedVersion) =>
    ["text", "json", "csv"].includes(contentKind(type));
  if (!versions.every(isText)) return "not-text";
  const rows = versions.map((version) => toRow(c.var.session.account.id, version));
  const [older, newer] = await Promise.all(rows.map((row) => readTextContent(c.env, row, node)));
  if (!older || !newer) return null;
  return older.isWhole && newer.isWhole ? [older.text, newer.text] : "too-large";
}

/** Sends a version as a file. Returns null if it is no longer kept. */
export async function downloadVersion(
  c: HonoContext,
  node: NodePath,
  { version, type, length }: ListedVersion,
): Promise<Response | null> {
  const key = await bodyKey(c.var.session.account.id, node, version);
  const headers = new Headers({
    "Content-Type": type ?? "application/octet-stream",
    "Content-Disposition": attachment(node.name),
  });
  const response = await serveBody(c.env, c.req.raw, { key, length }, headers);
  return response.ok ? response.value : null;
}

/** A version as the row of the document that it was. */
const toRow = (account: string, { version, type, length, at }: ListedVersion): DocumentRow => ({
  account,
  version,
  type: type ?? "application/octet-stream",
  length,
  modified: at,
});
