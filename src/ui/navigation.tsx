/** The main menu, and that of a section; both mark the current page. */

import type { Context } from "hono";
import { messagesFor } from "./language";
import { UI_MESSAGES } from "./messages";

/** Pages that are reached from one of the menu, but are not below its path. */
const ALSO_BELOW: Record<string, RegExp> = {
  "/files/": /^\/(?:versions|bin|go-back|tasks)(?:\/|$)/,
};

/** The menu of a signed-in user; only administrators see the link to Administration. */
export const MainMenu = ({ c, isAdmin }: { c: Context; isAdmin: boolean }) => {
  const { menu, pages } = messagesFor(c, UI_MESSAGES);
  const visible = Object.entries(pages).filter(([path]) => path !== "/admin" || isAdmin);
  return (
    <nav aria-label={menu}>
      <NavLinks c={c} pages={visible} />
    </nav>
  );
};

/** The links to the pages of a section, above each of them. */
export const SectionMenu = ({
  c,
  title,
  pages,
}: {
  c: Context;
  title: string;
  pages: Record<string, string>;
}) => (
  <nav aria-label={title} class="row">
    <NavLinks c={c} pages={Object.entries(pages)} />
  </nav>
);

/**
 * Links to pages. Marks the one that the current page is or is below; the first page is the parent
 * of all others, so it is only marked when it is the current page itself.
 */
const NavLinks = ({ c, pages }: { c: Context; pages: [path: string, name: string][] }) => (
  <>
    {pages.map(([path, name], index) => {
      const below = path.endsWith("/") ? path : `${path}/`;
      const isBelow = c.req.path.startsWith(below) || ALSO_BELOW[path]?.test(c.req.path);
      const isCurrent = c.req.path === path || (index > 0 && isBelow);
      return (
        <a href={path} {...(isCurrent ? { "aria-current": "page" } : {})}>
          {name}
        </a>
      );
    })}
  </>
);
