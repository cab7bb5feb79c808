/** The page that shows how much there is of what. */

import type { Account } from "../../accounts/accounts";
import type { HandlerResponse, HonoContext } from "../../http/context";
import type { ModuleDatabases } from "../../rxdb/databases";
import { type ExportPart, MAX_DOCUMENTS } from "../../storage/export";
import { bytesOf, type Usage } from "../../storage/usage";
import { formatBytes, formatCount } from "../../ui/format";
import { languageOf, messagesFor } from "../../ui/language";
import { renderPage } from "../../ui/layout";
import { DASHBOARD_MESSAGES } from "../messages";
import { DatabasesSection } from "./databases";

/** From this share of the quota on there is a warning. */
const ALMOST_FULL = 0.9;

/** Of the parts of the bar, in turn: to be told from each other and from light and dark paper. */
const COLOURS = ["#b8581c", "#2f7fb5", "#3f8f4f", "#a04a9c", "#b08a1a", "#5a6fd0", "#b8434f"];

const OTHER_COLOUR = "#8a8078";

/** A part of what is used. */
interface Portion {
  name: string;
  bytes: number;
  colour: string;
}

/** How much is used of what, by which modules, the databases, and the way to the archive. */
export function dataPage(
  c: HonoContext,
  account: Account,
  usage: Usage,
  databases: ModuleDatabases[],
): HandlerResponse {
  const words = messagesFor(c, DASHBOARD_MESSAGES).data;
  const isEmpty = usage.documents === 0 && usage.modules.length === 0;
  return renderPage(
    c,
    { title: words.title, person: account },
    <>
      <section>
        <h1>{words.title}</h1>
        <Room c={c} usage={usage} />
        {isEmpty ? <p class="faint">{words.nothing}</p> : <ModuleTable c={c} usage={usage} />}
      </section>
      <DatabasesSection c={c} modules={databases} />
      {usage.documents === 0 ? null : <Archive c={c} documents={usage.documents} />}
    </>,
  );
}

const Room = ({ c, usage }: { c: HonoContext; usage: Usage }) => {
  const words = messagesFor(c, DASHBOARD_MESSAGES).data;
  const bytes = (count: number) => formatBytes(languageOf(c), count);
  const free = Math.max(0, usage.quotaBytes - usage.usedBytes);
  const documents = formatCount(languageOf(c), usage.documents);
  const isAlmostFull = usage.usedBytes > ALMOST_FULL * usage.quotaBytes;
  return (
    <>
      <p>
        {words.used(bytes(usage.usedBytes), bytes(usage.quotaBytes))}{" "}
        {words.free(bytes(free), documents)}
      </p>
      {isAlmostFull ? <p class="warning">{free === 0 ? words.full : words.almostFull}</p> : null}
      <Bar c={c} usage={usage} />
    </>
  );
};

/** The whole width is the quota, or what is used where that is more. */
const Bar = ({ c, usage }: { c: HonoContext; usage: Usage }) => {
  const words = messagesFor(c, DASHBOARD_MESSAGES).data;
  const portions = portionsOf(usage, words.other);
  const whole = Math.max(usage.quotaBytes, usage.usedBytes, 1);
  const label = portions.map(({ name, bytes }) => `${name} ${formatBytes(languageOf(c), bytes)}`);
  let start = 0;
  return (
    <svg
      class="bar"
      role="img"
      aria-label={words.bar(label)}
      viewBox="0 0 1000 20"
      width="100%"
      height="20"
      preserveAspectRatio="none"
    >
      <rect width="1000" height="20" fill={OTHER_COLOUR} fill-opacity="0.25" />
      {portions.map(({ bytes, colour }) => {
        const x = start;
        const width = (1000 * bytes) / whole;
        start += width;
        return <rect x={x.toFixed(2)} width={width.toFixed(2)} height="20" fill={colour} />;
      })}
    </svg>
  );
};

const portionsOf = ({ modules, other }: Usage, otherName: string): Portion[] => [
  ...modules.map((module, index) => ({
    name: module.name,
    bytes: bytesOf(module),
    colour: colourOf(index),
  })),
  ...(other.documents > 0 ? [{ name: otherName, bytes: other.bytes, colour: OTHER_COLOUR }] : []),
];

const colourOf = (index: number): string => COLOURS[index % COLOURS.length] as string;

const ModuleTable = ({ c, usage: { modules, other } }: { c: HonoContext; usage: Usage }) => {
  const words = messagesFor(c, DASHBOARD_MESSAGES).data;
  const bytes = (count: number) => formatBytes(languageOf(c), count);
  const count = (documents: number) => formatCount(languageOf(c), documents);
  const hasDatabases = modules.some(({ databaseBytes }) => databaseBytes > 0);
  return (
    <table>
      <caption>{words.byModule}</caption>
      <thead>
        <tr>
          <th scope="col">{words.module}</th>
          <th scope="col">{words.private}</th>
          <th scope="col">{words.public}</th>
          {hasDatabases ? <th scope="col">{words.databases}</th> : null}
          <th scope="col" class="extra">
            {words.documents}
          </th>
        </tr>
      </thead>
      <tbody>
        {modules.map(({ name, privateBytes, publicBytes, databaseBytes, documents }, index) => (
          <tr>
            <th scope="row">
              <Swatch colour={colourOf(index)} /> {name}
            </th>
            <td>{bytes(privateBytes)}</td>
            <td>{bytes(publicBytes)}</td>
            {hasDatabases ? <td>{bytes(databaseBytes)}</td> : null}
            <td class="extra">{count(documents)}</td>
          </tr>
        ))}
        {other.documents > 0 ? (
          <tr>
            <th scope="row">
              <Swatch colour={OTHER_COLOUR} /> {words.other}
            </th>
            <td colspan={hasDatabases ? 3 : 2}>{bytes(other.bytes)}</td>
            <td class="extra">{count(other.documents)}</td>
          </tr>
        ) : null}
      </tbody>
    </table>
  );
};

const Swatch = ({ colour }: { colour: string }) => (
  <svg aria-hidden="true" viewBox="0 0 10 10" width="10" height="10">
    <rect width="10" height="10" rx="2" fill={colour} />
  </svg>
);

const Archive = ({ c, documents }: { c: HonoContext; documents: number }) => {
  const words = messagesFor(c, DASHBOARD_MESSAGES).data;
  const isOne = documents <= MAX_DOCUMENTS;
  return (
    <section>
      <h2 id="export">{words.export}</h2>
      <p>{words.exportWhat}</p>
      {isOne ? null : <p>{words.inParts(formatCount(languageOf(c), MAX_DOCUMENTS))}</p>}
      <p>
        {isOne ? (
          <a class="button" href="/data/export" download>
            {words.download}
          </a>
        ) : (
          <a class="button" href="/data/parts">
            {words.toParts}
          </a>
        )}
      </p>
    </section>
  );
};

/** The parts of an archive that is too large for one. */
export function partsPage(c: HonoContext, account: Account, parts: ExportPart[]): HandlerResponse {
  const words = messagesFor(c, DASHBOARD_MESSAGES).data;
  const count = (number: number) => formatCount(languageOf(c), number);
  return renderPage(
    c,
    { title: words.parts, person: account },
    <section>
      <h1>{words.parts}</h1>
      <p>{words.inParts(count(MAX_DOCUMENTS))}</p>
      <ol class="list">
        {parts.map((part, index) => (
          <li>
            <small>{part.after === null ? words.fromFirst : words.from(part.after)}</small>
            <a class="button quiet" href={exportUrl(part, index + 1)} download>
              {words.part(count(index + 1))}
            </a>
          </li>
        ))}
      </ol>
      <p>
        <a href="/data">{words.toData}</a>
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
