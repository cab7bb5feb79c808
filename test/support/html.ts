/** Reads pages: their text, elements and form fields. */

const ENTITIES: Record<string, string> = { lt: "<", gt: ">", quot: '"', "#39": "'", amp: "&" };

const decodeEntities = (text: string): string =>
  text.replace(/&(lt|gt|quot|#39|amp);/g, (_, name: string) => ENTITIES[name] ?? "");

/** The text of a page's <main>, with whitespace collapsed. A `<wbr>` is within a word. */
export const mainText = (html: string): string =>
  decodeEntities(
    (/<main[^>]*>(.*)<\/main>/s.exec(html)?.[1] ?? "")
      .replaceAll("<wbr/>", "")
      .replace(/<[^>]+>/g, " "),
  )
    .replace(/\s+/g, " ")
    .trim();

/** The attributes of each element with this name, in the order of the page. */
export const findElements = (html: string, name: string): Record<string, string>[] =>
  [...html.matchAll(new RegExp(`<${name}\\b([^>]*)>`, "g"))].map(([, attributes = ""]) =>
    Object.fromEntries(
      [...attributes.matchAll(/([\w:-]+)(?:="([^"]*)")?/g)].map(([, key = "", value = ""]) => [
        key,
        decodeEntities(value),
      ]),
    ),
  );

/** The value of the input with this name. */
export const fieldValue = (html: string, name: string): string | undefined =>
  findElements(html, "input").find((input) => input.name === name)?.value;

/** Inline styles and scripts, which a CSP without 'unsafe-inline' blocks. */
export function findInlineCode(html: string): string[] {
  const withoutValues = html.replace(/="[^"]*"/g, '=""');
  return [
    ...(withoutValues.match(/<style\b|<[^>]*\s(?:style|on\w+)\s*=|<script(?![^>]*\ssrc=)/gi) ?? []),
    ...(html.match(/\s(?:href|src|action)="\s*javascript:/gi) ?? []),
  ];
}
