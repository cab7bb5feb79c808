/** What happened in an account, page by page. */

import { type Context, Hono } from "hono";
import type { Account } from "../accounts/accounts";
import { type Entry, listActivity } from "../accounts/activity";
import { requireSignIn } from "../accounts/gates";
import { type Env, settings } from "../env";
import { formatCount, formatMoment } from "../http/format";
import { languageOf, wordsOf } from "../http/language";
import { page } from "../http/page";
import { sayDeed } from "./activity-words";
import { WORDS } from "./words";

/** Deeds on one page. */
const PAGE_LENGTH = 50;

/** Where a page begins: after this one. */
type Cursor = Pick<Entry, "at" | "id">;

export const activityRoutes = new Hono<{ Bindings: Env }>();

activityRoutes.get("/activity", requireSignIn, async (c) => {
  const { account } = c.var.session;
  const before = readCursor(new URL(c.req.url).searchParams);
  const found = await listActivity(c.env.DB, account.id, before, PAGE_LENGTH + 1);
  const entries = found.slice(0, PAGE_LENGTH);
  const last = found.length > PAGE_LENGTH ? entries.at(-1) : undefined;
  return activityPage(c, account, entries, { isFirst: before === null, last });
});

/** Null, from the newest on, if there is none that we have given. */
function readCursor(query: URLSearchParams): Cursor | null {
  const [at, id] = [query.get("at") ?? "", query.get("id")];
  return /^\d{1,15}$/.test(at) && id !== null ? { at: Number(at), id } : null;
}

function activityPage(
  c: Context<{ Bindings: Env }>,
  account: Account,
  entries: Entry[],
  { isFirst, last }: { isFirst: boolean; last: Cursor | undefined },
): Response | Promise<Response> {
  const words = wordsOf(c, WORDS).activity;
  const language = languageOf(c);
  const days = formatCount(language, settings(c.env).ACTIVITY_DAYS);
  return page(
    c,
    { title: words.title, person: account },
    <section>
      <h1>{words.title}</h1>
      <p>{words.what(days)}</p>
      <p class="faint">
        {words.ifNotYou} <a href="/security">{words.security}</a>.
      </p>
      {entries.length === 0 ? (
        <p>{words.nothing}</p>
      ) : (
        <table>
          <thead>
            <tr>
              <th scope="col">{words.time}</th>
              <th scope="col">{words.deed}</th>
            </tr>
          </thead>
          <tbody>
            {entries.map(({ at, deed }) => (
              <tr>
                <td>
                  <time datetime={new Date(at).toISOString()}>{formatMoment(language, at)}</time>
                </td>
                <td>{sayDeed(language, deed)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <p class="row">
        {isFirst ? null : <a href="/activity">{words.newest}</a>}
        {last ? (
          <a href={`/activity?${new URLSearchParams({ at: String(last.at), id: last.id })}`}>
            {words.older}
          </a>
        ) : null}
      </p>
    </section>,
  );
}
