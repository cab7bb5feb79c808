/** The doors of administration: /admin and what is below it. */

import { Hono } from "hono";
import { requireAdmin, requireSignIn } from "../accounts/gates";
import { type Env, SECRET_SETTINGS, settings } from "../env";
import { formatCount, formatMoment } from "../http/format";
import { languageOf, wordsOf } from "../http/language";
import { dayOf, loadTraffic } from "../http/traffic";
import { accountRoutes } from "./account-routes";
import { countAccounts } from "./accounts";
import { type AdminContext, adminPage, NextPage, PAGE_LENGTH, placeOf, sentenceOf } from "./frame";
import { invitationRoutes } from "./invitation-routes";
import { type LogEntry, listActs } from "./log";
import { firstDay, overviewPage } from "./overview";
import { WORDS } from "./words";

export const adminRoutes = new Hono<{ Bindings: Env }>()
  .use("/*", requireSignIn, requireAdmin)
  .route("/accounts", accountRoutes)
  .route("/invitations", invitationRoutes);

adminRoutes.get("/", async (c) => {
  const now = Date.now();
  const today = dayOf(now);
  const [totals, traffic] = await Promise.all([
    countAccounts(c.env.DB, now),
    loadTraffic(c.env.DB, firstDay(today)),
  ]);
  return overviewPage(c, totals, traffic, today);
});

adminRoutes.get("/settings", (c) => {
  const { nav, settings: words } = wordsOf(c, WORDS);
  const title = nav["/admin/settings"];
  return adminPage(
    c,
    { title },
    <section>
      <h1>{title}</h1>
      <p>{words.text}</p>
      <table>
        <thead>
          <tr>
            <th scope="col">{words.name}</th>
            <th scope="col">{words.value}</th>
          </tr>
        </thead>
        <tbody>
          {Object.entries(settings(c.env)).map(([name, value]) => (
            <tr>
              <th scope="row">{name}</th>
              <td>{textOf(c, name, value)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>,
  );
});

/** Of a secret nothing but whether there is one. */
function textOf(c: AdminContext, name: string, value: unknown): string {
  const { set, notSet } = wordsOf(c, WORDS).settings;
  const text = String(value ?? "");
  if (text === "") return notSet;
  return SECRET_SETTINGS.includes(name) ? set : text;
}

adminRoutes.get("/log", async (c) => {
  const found = await listActs(c.env.DB, placeOf(c), PAGE_LENGTH + 1);
  const entries = found.slice(0, PAGE_LENGTH);
  const last = found.length > PAGE_LENGTH ? entries.at(-1) : undefined;
  const { nav, log: words } = wordsOf(c, WORDS);
  const title = nav["/admin/log"];
  const days = formatCount(languageOf(c), settings(c.env).ADMIN_LOG_DAYS);
  return adminPage(
    c,
    { title },
    <section>
      <h1>{title}</h1>
      <p>{words.text(days)}</p>
      {entries.length === 0 ? (
        <p class="faint">{words.nothing}</p>
      ) : (
        <LogTable c={c} entries={entries} />
      )}
      {last ? <NextPage c={c} href={`/admin/log?before=${last.at}.${last.id}`} /> : null}
    </section>,
  );
});

const LogTable = ({ c, entries }: { c: AdminContext; entries: LogEntry[] }) => {
  const { log: words } = wordsOf(c, WORDS);
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">{words.when}</th>
          <th scope="col">{words.who}</th>
          <th scope="col">{words.what}</th>
        </tr>
      </thead>
      <tbody>
        {entries.map((entry) => (
          <tr>
            <td>{formatMoment(languageOf(c), entry.at)}</td>
            <td>{entry.admin}</td>
            <td>{sentenceOf(c, entry)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
};
