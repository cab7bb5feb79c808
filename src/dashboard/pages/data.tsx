/** The data page: usage by module, databases, and the way to export and import. */

import type { Account } from "../../accounts/accounts";
import type { HandlerResponse, HonoContext } from "../../http/context";
import type { ModuleDatabases } from "../../rxdb/databases";
import { type ModuleUsage, moduleBytes, type Usage } from "../../storage/usage";
import { formatBytes, formatCount } from "../../ui/format";
import { languageOf, messagesFor } from "../../ui/language";
import { renderPage } from "../../ui/layout";
import { type ListPage, NextPageLink } from "../../ui/paging";
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

/** The usage of an account, and the modules on this page of it. */
interface UsageProps {
  c: HonoContext;
  usage: Usage;
  page: ListPage<ModuleUsage>;
}

/**
 * Shows the usage of the quota and of a page of the modules; the first page also shows the databases,
 * and leads to export and import.
 */
export function dataPage(
  c: HonoContext,
  account: Account,
  usage: Usage,
  page: ListPage<ModuleUsage>,
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
        <QuotaSummary c={c} usage={usage} page={page} />
        {isEmpty ? (
          <p class="muted">{messages.empty}</p>
        ) : (
          <ModuleTable c={c} usage={usage} page={page} />
        )}
        {page.isFirst ? null : (
          <p>
            <a href="/data">{messages.toLargest}</a>
          </p>
        )}
        <NextPageLink c={c} next={page.next} />
        <p class="row">
          <a class="button secondary" href="/bin">
            {messages.bin}
          </a>
          <a class="button secondary" href="/go-back/">
            {messages.goBack}
          </a>
        </p>
      </section>
      <DatabasesSection c={c} modules={databases} />
      {page.isFirst ? <TransferSection c={c} /> : null}
    </>,
  );
}

const QuotaSummary = ({ c, usage, page }: UsageProps) => {
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
      <UsageBar c={c} usage={usage} page={page} />
    </>
  );
};

/** The full width is the quota, or the used bytes if they are more. */
const UsageBar = ({ c, usage, page }: UsageProps) => {
  const messages = messagesFor(c, DASHBOARD_MESSAGES).data;
  const portions = portionsOf(usage, page.items, messages);
  const fullBytes = Math.max(usage.quotaBytes, usage.usedBytes, 1);
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
        const width = (1000 * bytes) / fullBytes;
        start += width;
        return <rect x={x.toFixed(2)} width={width.toFixed(2)} height="20" fill={color} />;
      })}
    </svg>
  );
};

/** The modules that are listed, all others together, what is outside of modules, and the index. */
function portionsOf(
  { modules, other, indexBytes }: Usage,
  listed: ModuleUsage[],
  names: { otherModules: string; other: string; index: string },
): Portion[] {
  const bytes = totalBytes(modules) - totalBytes(listed);
  const isComplete = listed.length === modules.length;
  return [
    ...listed.map((module, index) => ({
      name: module.name,
      bytes: moduleBytes(module),
      color: colorOf(index),
    })),
    ...(isComplete ? [] : [{ name: names.otherModules, bytes, color: OTHER_COLOR }]),
    ...(other.documents > 0 ? [{ name: names.other, bytes: other.bytes, color: OTHER_COLOR }] : []),
    ...(indexBytes > 0 ? [{ name: names.index, bytes: indexBytes, color: OTHER_COLOR }] : []),
  ];
}

const totalBytes = (modules: ModuleUsage[]): number =>
  modules.reduce((total, module) => total + moduleBytes(module), 0);

const colorOf = (index: number): string => PORTION_COLORS[index % PORTION_COLORS.length] as string;

const ModuleTable = ({ c, usage: { modules, other, indexBytes }, page }: UsageProps) => {
  const messages = messagesFor(c, DASHBOARD_MESSAGES).data;
  const bytes = (count: number) => formatBytes(languageOf(c), count);
  const count = (documents: number) => formatCount(languageOf(c), documents);
  const hasDatabases = modules.some(({ databaseBytes }) => databaseBytes > 0);
  return (
    <table class="sizes">
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
        {page.items.map(({ name, privateBytes, publicBytes, databaseBytes, documents }, index) => (
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
        {other.documents > 0 && page.next === null ? (
          <tr>
            <th scope="row">
              <Swatch color={OTHER_COLOR} /> {messages.other}
            </th>
            <td colspan={hasDatabases ? 3 : 2}>{bytes(other.bytes)}</td>
            <td class="wide-only">{count(other.documents)}</td>
          </tr>
        ) : null}
        {indexBytes > 0 && page.next === null ? (
          <tr>
            <th scope="row">
              <Swatch color={OTHER_COLOR} /> {messages.index}
            </th>
            <td colspan={hasDatabases ? 3 : 2}>{bytes(indexBytes)}</td>
            <td class="wide-only" />
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

const TransferSection = ({ c }: { c: HonoContext }) => {
  const messages = messagesFor(c, DASHBOARD_MESSAGES).data;
  return (
    <section>
      <h2 id="export">{messages.transfer}</h2>
      <p>{messages.transferAbout}</p>
      <p class="row">
        <a class="button" href="/transfer/export">
          {messages.export}
        </a>
        <a class="button secondary" href="/transfer/import">
          {messages.import}
        </a>
        <a class="button secondary" href="/transfer">
          {messages.transferMore}
        </a>
      </p>
    </section>
  );
};
