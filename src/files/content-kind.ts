/** What a page can show of a document, by its Content-Type. Pure. */

/** How the content of a document is shown; `other`: not at all, but it can be downloaded. */
export type ContentKind = "text" | "json" | "csv" | "image" | "audio" | "video" | "pdf" | "other";

/** Text whose type does not begin with "text/". */
const TEXT_TYPES =
  /^(?:text\/.+|application\/(?:.+\+)?(?:xml|yaml|x-yaml|toml|x-toml|javascript|ecmascript|typescript|x-sh|sql|graphql|x-ndjson|jsonl|x-httpd-php|x-tex|x-subrip|rtf|mbox)|message\/rfc822)$/;

const JSON_TYPES = /^(?:application|text)\/(?:.+\+)?json5?$/;

const CSV_TYPES = /^(?:text|application)\/(?:csv|tab-separated-values)$/;

/** Pictures that all browsers show. */
const IMAGE_TYPES =
  /^image\/(?:png|apng|jpeg|jpg|pjpeg|gif|webp|avif|bmp|x-ms-bmp|svg\+xml|x-icon|vnd\.microsoft\.icon)$/;

const MEDIA_TYPES = /^(audio|video)\/[\w.+-]+$/;

/**
 * A Content-Type without its parameters, in lower case. "image/png; charset=binary", as some apps say, is a
 * picture like any other.
 */
export const typeEssence = (type: string): string =>
  (type.split(";", 1)[0] ?? "").trim().toLowerCase();

/** How to show a document of this Content-Type. */
export function contentKind(type: string): ContentKind {
  const essence = typeEssence(type);
  if (JSON_TYPES.test(essence)) return "json";
  if (CSV_TYPES.test(essence)) return "csv";
  if (TEXT_TYPES.test(essence)) return "text";
  if (IMAGE_TYPES.test(essence)) return "image";
  if (essence === "application/pdf") return "pdf";
  if (essence === "application/ogg") return "audio";
  const [, media] = MEDIA_TYPES.exec(essence) ?? [];
  return media === "audio" || media === "video" ? media : "other";
}

/** Whether a document of this Content-Type is text, and may be edited as such. */
export const isTextType = (type: string): boolean =>
  ["text", "json", "csv"].includes(contentKind(type));
