/** Buttons that copy text to the clipboard, with `/copy.js`. */

import type { Context } from "hono";
import { messagesFor } from "./language";
import { UI_MESSAGES } from "./messages";

/** Shows a text with a button that copies it. */
export const CopyableText = ({ c, id, text }: { c: Context; id: string; text: string }) => (
  <p class="row">
    <span class="address" id={id}>
      {text}
    </span>
    <CopyButton c={c} id={id} />
  </p>
);

/** A button that copies the text of the element with this id; hidden until `/copy.js` shows it. */
export const CopyButton = ({ c, id }: { c: Context; id: string }) => {
  const messages = messagesFor(c, UI_MESSAGES);
  return (
    <button
      type="button"
      class="secondary"
      data-copy={id}
      data-copied={messages.copied}
      data-failed={messages.copyFailed}
      aria-describedby={id}
      hidden
    >
      {messages.copy}
    </button>
  );
};
