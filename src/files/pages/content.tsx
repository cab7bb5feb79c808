/** The content of a document, or of an earlier version of it, on a page. */

import type { HonoContext } from "../../http/context";
import { formatBytes } from "../../ui/format";
import { visibleName } from "../../ui/item-name";
import { languageOf, messagesFor } from "../../ui/language";
import { MAX_TABLE_COLUMNS, type ShownContent } from "../content";
import { FILES_MESSAGES } from "../messages";
import { MAX_TEXT_BYTES } from "../text-content";
import { JsonTree } from "./json-tree";

/** Characters of a cell that are shown. */
const MAX_CELL_CHARACTERS = 500;

interface ContentViewProps {
  c: HonoContext;
  content: ShownContent;
  /** The document's name, which describes pictures. */
  name: string;
  /** Bytes of the document. */
  length: number;
}

/**
 * Shows the content of a version. The page needs `previewElement(content)` in its policy. Whatever the
 * document says is text on the page; pictures and the like come from the storage's host.
 */
export const ContentView = ({ c, content, name, length }: ContentViewProps) => {
  const messages = messagesFor(c, FILES_MESSAGES).content;
  switch (content.kind) {
    case "empty":
      return <p class="muted">{messages.empty}</p>;
    case "text":
      return (
        <>
          {content.text.isWhole ? null : <CutNote c={c} length={length} />}
          <CodeText c={c} text={content.text.text} />
        </>
      );
    case "json":
      return <JsonTree c={c} value={content.value} />;
    case "csv":
      return <CsvTable c={c} content={content} />;
    case "image":
      return <img class="preview" src={content.url} alt={visibleName(name)} />;
    case "audio":
      // biome-ignore lint/a11y/useMediaCaption: the user's own recording has none.
      return <audio class="preview" controls preload="metadata" src={content.url} />;
    case "video":
      // biome-ignore lint/a11y/useMediaCaption: the user's own recording has none.
      return <video class="preview" controls preload="metadata" src={content.url} />;
    case "pdf":
      return <iframe class="preview" src={content.url} title={visibleName(name)} />;
    case "other":
      return (
        <p>{content.type === "" ? messages.noType : messages.other(visibleName(content.type))}</p>
      );
  }
};

const CutNote = ({ c, length }: { c: HonoContext; length: number }) => {
  const bytes = (count: number) => formatBytes(languageOf(c), count);
  const { cut } = messagesFor(c, FILES_MESSAGES).content;
  return <p class="muted">{cut(bytes(MAX_TEXT_BYTES), bytes(length))}</p>;
};

/** Text as it is. It scrolls by itself, so the keyboard must be able to reach it. */
export const CodeText = ({ c, text }: { c: HonoContext; text: string }) => (
  <section class="code" tabindex={0} aria-label={messagesFor(c, FILES_MESSAGES).document.content}>
    {text}
  </section>
);

const CsvTable = ({
  c,
  content,
}: {
  c: HonoContext;
  content: Extract<ShownContent, { kind: "csv" }>;
}) => {
  const messages = messagesFor(c, FILES_MESSAGES);
  const [head = [], ...rows] = content.rows;
  const isWide = content.rows.some((row) => row.length > MAX_TABLE_COLUMNS);
  return (
    <>
      {content.isWhole && !isWide ? null : <p class="muted">{messages.content.tableCut}</p>}
      <section class="scroll" tabindex={0} aria-label={messages.document.content}>
        <table>
          <thead>
            <tr>
              {head.slice(0, MAX_TABLE_COLUMNS).map((cell) => (
                <th scope="col">
                  <bdi>{cutCell(cell)}</bdi>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr>
                {row.slice(0, MAX_TABLE_COLUMNS).map((cell) => (
                  <td>
                    <bdi>{cutCell(cell)}</bdi>
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </>
  );
};

const cutCell = (text: string): string =>
  text.length <= MAX_CELL_CHARACTERS
    ? text
    : `${text.slice(0, MAX_CELL_CHARACTERS).toWellFormed()}…`;
