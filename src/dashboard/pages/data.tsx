/** The data page: usage by module, databases, and export. */

import type { Account } from "../../accounts/accounts";
import type { HandlerResponse, HonoContext } from "../../http/context";
import type { ModuleDatabases } from "../../rxdb/databases";
import { type ExportPart, MAX_PART_DOCUMENTS } from "../../storage/export";
import { moduleBytes, type Usage } from "../../storage/usage";
import { formatBytes, formatCount } from "../../ui/format";
import { languageOf, messagesFor } from "../../ui/language";
import { renderPage } from "../../ui/layout";
import { DASHBOARD_MESSAGES } from "../messages";
import { DatabasesSection } from "./databases";

/** Above this share of the quota, the page warns. */
const ALMOST_FULL_SHARE = 0.9;

/** Of the bar's portions, in turn. They contrast with each other, and with a light and a dark page. */
const PORTION_COLORS = [
  "#b8581c",
  "#2f7fb5",
  "#3f8f4f",
  "#a04a9c",
  "#b08a1a",
  "#5a6fd0",
  "#b8434f",
];

const OTHER_COLOR = "#8a8078";

/** A part of the used storage. */
interface Portion {
  name: string;
  bytes: number;
  color: string;
}

/** Shows the usage of the quota and of each module, the databases, and the export. */
export function dataPage(
  c: HonoContext,
  account: Account,
  usage: Usage,
  databases: ModuleDatabases[],
): HandlerResponse {
  const messages = messagesFor(c, DASHBOARD_MESSAGES).data;
  const isEmpty = usage.documents === 0 && usage.modules.length === 0;
  return renderPage(
    c,
    { title: messages.title, user: account },
    <>
      <section>
        <h1>{messages.title}</h1>
        <QuotaSummary c={c} usage={usage} />
        {isEmpty ? <p class="muted">{messages.empty}</p> : <ModuleTable c={c} usage={usage} />}
      </section>
      <DatabasesSection c={c} modules={databases} />
      {usage.documents === 0 ? null : <ExportSection c={c} documents={usage.documents} />}
    </>,
  );
}

const QuotaSummary = ({ c, usage }: { c: HonoContext; usage: Usage }) => {
  const messages = messagesFor(c, DASHBOARD_MESSAGES).data;
  const bytes = (count: number) => formatBytes(languageOf(c), count);
  const free = Math.max(0, usage.quotaBytes - usage.usedBytes);
  const documents = formatCount(languageOf(c), usage.documents);
  const isAlmostFull = usage.usedBytes > ALMOST_FULL_SHARE * usage.quotaBytes;
  return (
    <>
      <p>
        {messages.used(bytes(usage.usedBytes), bytes(usage.quotaBytes), bytes(free))}{" "}
        {messages.documentCount(usage.documents, documents)}
      </p>
      {isAlmostFull ? (
        <p class="warning">{free === 0 ? messages.full : messages.almostFull}</p>
      ) : null}
      <UsageBar c={c} usage={usage} />
    </>
  );
};

/** The full width is the quota, or the used bytes if they are more. */
const UsageBar = ({ c, usage }: { c: HonoContext; usage: Usage }) => {
  const messages = messagesFor(c, DASHBOARD_MESSAGES).data;
  const portions = portionsOf(usage, messages.other);
  const totalBytes = Math.max(usage.quotaBytes, usage.usedBytes, 1);
  const labels = portions.map(({ name, bytes }) => `${name} ${formatBytes(languageOf(c), bytes)}`);
  let start = 0;
  return (
    <svg
      class="chart"
      role="img"
      aria-label={messages.chart(labels)}
      viewBox="0 0 1000 20"
      width="100%"
      height="20"
      preserveAspectRatio="none"
    >
      <rect width="1000" height="20" fill={OTHER_COLOR} fill-opacity="0.25" />
      {portions.map(({ bytes, color }) => {
        const x = start;
        const width = (1000 * bytes) / totalBytes;
        start += width;
        return <rect x={x.toFixed(2)} width={width.toFixed(2)} height="20" fill={color} />;
      })}
    </svg>
  );
};

const portionsOf = ({ modules, other }: Usage, otherName: string): Portion[] => [
  ...modules.map((module, index) => ({
    name: module.name,
    bytes: moduleBytes(module),
    color: colorOf(index),
  })),
  ...(other.documents > 0 ? [{ name: otherName, bytes: other.bytes, color: OTHER_COLOR }] : []),
];

const colorOf = (index: number): string => PORTION_COLORS[index % PORTION_COLORS.length] as string;

const ModuleTable = ({ c, usage: { modules, other } }: { c: HonoContext; usage: Usage }) => {
  const messages = messagesFor(c, DASHBOARD_MESSAGES).data;
  const bytes = (count: number) => formatBytes(languageOf(c), count);
  const count = (documents: number) => formatCount(languageOf(c), documents);
  const hasDatabases = modules.some(({ databaseBytes }) => databaseBytes > 0);
  return (
    <table>
      <caption>{messages.byModule}</caption>
      <thead>
        <tr>
          <th scope="col">{messages.module}</th>
          <th scope="col">{messages.private}</th>
          <th scope="col">{messages.public}</th>
          {hasDatabases ? <th scope="col">{messages.databases}</th> : null}
          <th scope="col" class="wide-only">
            {messages.documents}
          </th>
        </tr>
      </thead>
      <tbody>
        {modules.map(({ name, privateBytes, publicBytes, databaseBytes, documents }, index) => (
          <tr>
            <th scope="row">
              <Swatch color={colorOf(index)} /> {name}
            </th>
            <td>{bytes(privateBytes)}</td>
            <td>{bytes(publicBytes)}</td>
            {hasDatabases ? <td>{bytes(databaseBytes)}</td> : null}
            <td class="wide-only">{count(documents)}</td>
          </tr>
        ))}
        {other.documents > 0 ? (
          <tr>
            <th scope="row">
              <Swatch color={OTHER_COLOR} /> {messages.other}
            </th>
            <td colspan={hasDatabases ? 3 : 2}>{bytes(other.bytes)}</td>
            <td class="wide-only">{count(other.documents)}</td>
          </tr>
        ) : null}
      </tbody>
    </table>
  );
};

const Swatch = ({ color }: { color: string }) => (
  <svg aria-hidden="true" viewBox="0 0 10 10" width="10" height="10">
    <rect width="10" height="10" rx="2" fill={color} />
  </svg>
);

const ExportSection = ({ c, documents }: { c: HonoContext; documents: number }) => {
  const messages = messagesFor(c, DASHBOARD_MESSAGES).data;
  const isOnePart = documents <= MAX_PART_DOCUMENTS;
  return (
    <section>
      <h2 id="export">{messages.export}</h2>
      <p>{messages.exportAbout}</p>
      {isOnePart ? null : <p>{messages.inParts(formatCount(languageOf(c), MAX_PART_DOCUMENTS))}</p>}
      <p>
        {isOnePart ? (
          <a class="button" href="/data/export" download>
            {messages.download}
          </a>
        ) : (
          <a class="button" href="/data/parts">
            {messages.showParts}
          </a>
        )}
      </p>
    </section>
  );
};

/** Lists the parts of an export that is too large for one archive. */
export function exportPartsPage(
  c: HonoContext,
  account: Account,
  parts: ExportPart[],
): HandlerResponse {
  const messages = messagesFor(c, DASHBOARD_MESSAGES).data;
  const count = (number: number) => formatCount(languageOf(c), number);
  return renderPage(
    c,
    { title: messages.parts, user: account },
    <section>
      <h1>{messages.parts}</h1>
      <p>{messages.inParts(count(MAX_PART_DOCUMENTS))}</p>
      <ol class="list">
        {parts.map((part, index) => (
          <li>
            <small>
              {part.after === null ? messages.firstPart : messages.partStart(part.after)}
            </small>
            <a class="button secondary" href={exportUrl(part, index + 1)} download>
              {messages.downloadPart(count(index + 1))}
            </a>
          </li>
        ))}
      </ol>
      <p>
        <a href="/data">{messages.backToData}</a>
      </p>
    </section>,
  );
}

function exportUrl({ after, until }: ExportPart, part: number): string {
  const query = new URLSearchParams({ part: String(part) });
  if (after !== null) query.set("after", after);
  if (until !== null) query.set("until", until);
  return `/data/export?${query}`;
}
