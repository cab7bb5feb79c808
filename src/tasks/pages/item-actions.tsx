/** Forms that rename, move or delete one document or folder. */

import { documentFromPath, encodePath, folderFromPath } from "../../core/path";
import type { HonoContext } from "../../http/context";
import { messagesFor } from "../../ui/language";
import { TASK_MESSAGES } from "../messages";
import { TASKS_PATH } from "../task-paths";

/** The section for a decoded path; that of a folder ends with a slash. */
export const ItemActions = ({ c, path }: { c: HonoContext; path: string }) => {
  const messages = messagesFor(c, TASK_MESSAGES).item;
  const { parent, name } = path.endsWith("/") ? folderFromPath(path) : documentFromPath(path);
  return (
    <section>
      <h2>{messages.title}</h2>
      <form method="post" action={TASKS_PATH} class="row field">
        <input type="hidden" name="path" value={encodePath(path)} />
        <p class="field">
          <label for="new-name">{messages.newName}</label>
          <input
            id="new-name"
            name="to"
            value={name.replace(/\/$/, "")}
            required
            autocomplete="off"
          />
        </p>
        <button type="submit" name="action" value="rename" class="secondary">
          {messages.rename}
        </button>
      </form>
      <form method="post" action={TASKS_PATH} class="row field">
        <input type="hidden" name="path" value={encodePath(path)} />
        <p class="field">
          <label for="target">{messages.target}</label>
          <input id="target" name="to" value={parent} required autocomplete="off" />
        </p>
        <button type="submit" name="action" value="move" class="secondary">
          {messages.move}
        </button>
      </form>
      <form method="post" action={TASKS_PATH} class="row">
        <input type="hidden" name="path" value={encodePath(path)} />
        <button type="submit" name="action" value="delete" class="danger">
          {messages.delete}
        </button>
        <span class="muted">{messages.deleteAbout}</span>
      </form>
    </section>
  );
};
