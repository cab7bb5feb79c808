/** The frame of the pages of administration, and what several of them are made of. */

import type { Context } from "hono";
import type { Child } from "hono/jsx";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { Env } from "../env";
import { formatBytes } from "../http/format";
import { languageOf, wordsOf } from "../http/language";
import { page } from "../http/page";
import type { Act, LogEntry, Place } from "./log";
import { WORDS } from "./words";

export type AdminContext = Context<{ Bindings: Env }>;

/** How many lines a page of a list has. */
export const PAGE_LENGTH = 50;

interface AdminPage {
  title: string;
  status?: ContentfulStatusCode;
  scripts?: string[];
}

/** A page of administration. `body` comes after the way to the other ones. */
export function adminPage(
  c: AdminContext,
  { title, status = 200, scripts = [] }: AdminPage,
  body: Child,
): Response | Promise<Response> {
  const { nav, title: room } = wordsOf(c, WORDS);
  const isHere = (path: string) =>
    path === "/admin" ? c.req.path === path : c.req.path.startsWith(path);
  return page(
    c,
    { title, status, scripts, person: c.var.session.account },
    <>
      <nav aria-label={room} class="row">
        {Object.entries(nav).map(([path, name]) => (
          <a href={path} {...(isHere(path) ? { "aria-current": "page" } : {})}>
            {name}
          </a>
        ))}
      </nav>
      {body}
    </>,
  );
}

/** A page that asks before it does something, and does it by its button. */
export const QuestionForm = (props: {
  c: AdminContext;
  title: string;
  text: string;
  button: string;
  isDangerous?: boolean;
  back: string;
  children?: Child;
}) => (
  <form method="post" class="card">
    <h1>{props.title}</h1>
    <p>{props.text}</p>
    {props.children}
    <p class="row">
      <button type="submit" {...(props.isDangerous ? { class: "danger" } : {})}>
        {props.button}
      </button>
      <a class="button quiet" href={props.back}>
        {wordsOf(props.c, WORDS).cancel}
      </a>
    </p>
  </form>
);

/** The field of a quota, which may be left empty. */
export const QuotaField = ({
  c,
  usual,
  value,
}: {
  c: AdminContext;
  usual: number;
  value: string;
}) => {
  const words = wordsOf(c, WORDS);
  return (
    <div class="field">
      <label for="quota">{words.quotaField}</label>
      <input id="quota" name="quota" value={value} maxlength={30} aria-describedby="quota-hint" />
      <small id="quota-hint">{words.quotaHint(formatBytes(languageOf(c), usual))}</small>
    </div>
  );
};

/** The sentence of an act in the log. */
export function sentenceOf(c: AdminContext, { act, account }: LogEntry): string {
  const { acts, none } = wordsOf(c, WORDS);
  const quota = "quotaBytes" in act ? act.quotaBytes : null;
  const amount = quota === null ? null : formatBytes(languageOf(c), quota);
  // The kind picks the function that takes this very act.
  const words = acts[act.kind] as (act: Act, account: string, quota: string | null) => string;
  return words(act, account ?? none, amount);
}

/** Where a page of a list begins, from its address; null: at the beginning. */
export function placeOf(c: AdminContext): Place | null {
  const [, at, id] = /^(\d{1,16})\.([\w-]{1,64})$/.exec(c.req.query("before") ?? "") ?? [];
  return at !== undefined && id !== undefined ? { at: Number(at), id } : null;
}

/** The link to the page after this one. */
export const NextPage = ({ c, href }: { c: AdminContext; href: string }) => (
  <p>
    <a href={href}>{wordsOf(c, WORDS).next}</a>
  </p>
);
