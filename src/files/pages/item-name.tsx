/** The name of a folder or document on its page, and links to the folders above. */

import type { Context } from "hono";
import { formatPath, listAncestors, type NodePath } from "../../core/path";
import { filePagePath } from "../../tasks/task-paths";
import { ItemName } from "../../ui/item-name";
import { messagesFor } from "../../ui/language";
import { FILES_MESSAGES } from "../messages";

/** The name of a node without the slash at the end of a folder's; that of the root is `rootName`. */
export const shownName = ({ kind, name }: NodePath, rootName: string): string => {
  const own = kind === "folder" ? name.slice(0, -1) : name;
  return own === "" ? rootName : own;
};

/** Links to all folders above a node, from the root on. Renders nothing for the root. */
export const Breadcrumbs = ({ c, node }: { c: Context; node: NodePath }) => {
  const messages = messagesFor(c, FILES_MESSAGES);
  const ancestors = listAncestors(node);
  if (ancestors.length === 0) return null;
  return (
    <nav aria-label={messages.breadcrumbs} class="breadcrumbs">
      {ancestors.map((folder) => (
        <a href={filePagePath(formatPath(folder))}>
          <ItemName name={shownName(folder, messages.title)} />
        </a>
      ))}
    </nav>
  );
};
