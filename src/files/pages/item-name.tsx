/** Names and paths of documents and folders, which apps choose freely, on a page. */

import type { Context } from "hono";
import { formatPath, listAncestors, type NodePath } from "../../core/path";
import { filePagePath } from "../../tasks/task-paths";
import { messagesFor } from "../../ui/language";
import { FILES_MESSAGES } from "../messages";

/** Unicode's symbols of the control characters begin here. */
const CONTROL_PICTURES = 0x2400;

/** Characters that no page shows: control characters, and those that turn the text after them around. */
const INVISIBLE = /[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu;

/** A name as text, in which symbols stand for characters that nobody could see. */
export const visibleName = (name: string): string =>
  name.replace(INVISIBLE, (character) => {
    const code = character.charCodeAt(0);
    if (code < 0x20) return String.fromCharCode(CONTROL_PICTURES + code);
    return code === 0x7f ? "\u2421" : "\ufffd";
  });

/** A name, which cannot change the direction of the text around it. */
export const ItemName = ({ name }: { name: string }) => <bdi>{visibleName(name)}</bdi>;

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
