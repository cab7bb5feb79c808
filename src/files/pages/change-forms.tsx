/** The forms that rename, move and delete one document or folder: tasks, like those for many. */

import { encodePath, formatPath, type NodePath } from "../../core/path";
import type { HonoContext } from "../../http/context";
import { messagesFor } from "../../ui/language";
import { FILES_MESSAGES } from "../messages";
import { shownName } from "./item-name";

/** The forms of a node, which must not be the root. */
export const ChangeForms = ({ c, node }: { c: HonoContext; node: NodePath }) => {
  const messages = messagesFor(c, FILES_MESSAGES).document;
  const path = <input type="hidden" name="path" value={encodePath(formatPath(node))} />;
  return (
    <>
      <form method="post" action="/tasks" class="row">
        {path}
        <div class="field">
          <label for="new-name">{messages.newName}</label>
          <input id="new-name" name="to" value={shownName(node, "")} autocomplete="off" required />
        </div>
        <button type="submit" name="action" value="rename" class="secondary">
          {messages.rename}
        </button>
      </form>
      <form method="post" action="/tasks" class="row">
        {path}
        <div class="field">
          <label for="new-folder">{messages.moveTo}</label>
          <input id="new-folder" name="to" value={node.parent} autocomplete="off" required />
        </div>
        <button type="submit" name="action" value="move" class="secondary">
          {messages.move}
        </button>
      </form>
      <form method="post" action="/tasks">
        {path}
        <button type="submit" name="action" value="delete" class="danger">
          {messages.delete}
        </button>
      </form>
    </>
  );
};
