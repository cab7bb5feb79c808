/** What a page shows of a version of a document. */

import Papa from "papaparse";
import type { NodePath } from "../core/path";
import type { Env } from "../env";
import type { DocumentRow } from "../storage/documents";
import { previewUrl } from "../storage/previews";
import type { PreviewElement } from "../ui/security-headers";
import { type ContentKind, contentKind, typeEssence } from "./content-kind";
import { readTextContent, type TextContent } from "./text-content";

/** Rows and columns of a table that are shown. */
export const MAX_TABLE_ROWS = 500;
export const MAX_TABLE_COLUMNS = 40;

/** The content of a document in the form in which a page shows it. */
export type ShownContent =
  | { kind: "empty" }
  | { kind: "text"; text: TextContent }
  | { kind: "json"; text: TextContent; value: unknown }
  | { kind: "csv"; text: TextContent; rows: string[][]; isWhole: boolean }
  | { kind: "image" | "audio" | "video" | "pdf"; url: string }
  | { kind: "other"; type: string };

interface LoadOptions {
  /** Whether JSON and tables are to be shown as plain text. */
  asText: boolean;
  /** Name of the account. */
  user: string;
  now: number;
}

/** Loads the content of a version. Returns null if R2 no longer has it. */
export async function loadContent(
  env: Env,
  row: DocumentRow,
  node: NodePath,
  { asText, user, now }: LoadOptions,
): Promise<ShownContent | null> {
  const kind = contentKind(row.type);
  if (row.length === 0) return { kind: "empty" };
  switch (kind) {
    case "text":
    case "json":
    case "csv": {
      const text = await readTextContent(env, row, node);
      return text && toShownText(asText ? "text" : kind, text);
    }
    case "other":
      return { kind, type: typeEssence(row.type) };
    default: {
      const { account, version, length } = row;
      const document = { account, user, node, version, length };
      return { kind, url: await previewUrl(env, document, typeEssence(row.type), now) };
    }
  }
}

/** The element that shows the content by a preview: the page's policy has to allow it. */
export function previewElement(content: ShownContent): PreviewElement | undefined {
  const elements: Partial<Record<ContentKind | "empty", PreviewElement>> = {
    image: "image",
    audio: "media",
    video: "media",
    pdf: "frame",
  };
  return elements[content.kind];
}

/** JSON that cannot be parsed, because it is cut or wrong, and a table without columns are shown as text. */
function toShownText(kind: "text" | "json" | "csv", text: TextContent): ShownContent {
  if (kind === "json" && text.isWhole) {
    try {
      return { kind, text, value: JSON.parse(text.text) };
    } catch {
      return { kind: "text", text };
    }
  }
  if (kind === "csv") {
    const { data, meta } = Papa.parse<string[]>(text.text, {
      // One more shows that there are more.
      preview: MAX_TABLE_ROWS + 2,
      skipEmptyLines: true,
    });
    const rows = data.slice(0, MAX_TABLE_ROWS + 1);
    const isWhole = text.isWhole && !meta.truncated && data.length === rows.length;
    return { kind, text, rows, isWhole };
  }
  return { kind: "text", text };
}
