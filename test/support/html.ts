/** Pages as a browser reads them, as far as tests need it. */

const ENTITIES: Record<string, string> = { lt: "<", gt: ">", quot: '"', "#39": "'", amp: "&" };

const decode = (text: string): string =>
  text.replace(/&(lt|gt|quot|#39|amp);/g, (_, name: string) => ENTITIES[name] ?? "");

/** The text of the page's <main>, without tags, white space collapsed. */
export const mainText = (html: string): string =>
  decode((/<main[^>]*>(.*)<\/main>/s.exec(html)?.[1] ?? "").replace(/<[^>]+>/g, " "))
    .replace(/\s+/g, " ")
    .trim();

/** The attributes of each element of this name, in the page's order. */
export const findElements = (html: string, name: string): Record<string, string>[] =>
  [...html.matchAll(new RegExp(`<${name}\\b([^>]*)>`, "g"))].map(([, attributes = ""]) =>
    Object.fromEntries(
      [...attributes.matchAll(/([\w:-]+)(?:="([^"]*)")?/g)].map(([, key = "", value = ""]) => [
        key,
        decode(value),
      ]),
    ),
  );

/** The value of the form field of this name. */
export const fieldValue = (html: string, name: string): string | undefined =>
  findElements(html, "input").find((input) => input.name === name)?.value;

/** What a content security policy without 'unsafe-inline' would not let a browser run. */
export function findInlineCode(html: string): string[] {
  const withoutValues = html.replace(/="[^"]*"/g, '=""');
  return [
    ...(withoutValues.match(/<style\b|<[^>]*\s(?:style|on\w+)\s*=|<script(?![^>]*\ssrc=)/gi) ?? []),
    ...(html.match(/\s(?:href|src|action)="\s*javascript:/gi) ?? []),
  ];
}
