/** The layout of the pages about export and import, and the page that leads to them. */

import type { Child } from "hono/jsx";
import type { HandlerResponse, HonoContext } from "../../http/context";
import { messagesFor } from "../../ui/language";
import { type PageOptions, renderPage } from "../../ui/layout";
import { SectionMenu } from "../../ui/navigation";
import { TRANSFER_MESSAGES } from "../messages";

/** Renders a page of the section: links to the others, then `body`. */
export function transferPage(
  c: HonoContext,
  options: Omit<PageOptions, "user">,
  body: Child,
): HandlerResponse {
  const { nav, title } = messagesFor(c, TRANSFER_MESSAGES);
  return renderPage(
    c,
    { ...options, user: c.var.session.account },
    <>
      <SectionMenu c={c} title={title} pages={nav} />
      {body}
    </>,
  );
}

/** Shows what there is to do, with a link to the page of each. */
export function transferOverviewPage(c: HonoContext): HandlerResponse {
  const { title, about, nav, pages } = messagesFor(c, TRANSFER_MESSAGES);
  const names: Record<string, string> = nav;
  return transferPage(
    c,
    { title },
    <section>
      <h1>{title}</h1>
      <p>{about}</p>
      <ul class="list">
        {Object.entries(pages).map(([path, sentence]) => (
          <li>
            <div>
              <a href={path}>{names[path]}</a>
              <small>{sentence}</small>
            </div>
          </li>
        ))}
      </ul>
    </section>,
  );
}
