/** A form that asks the user to confirm an action. */

import type { Context } from "hono";
import type { Child } from "hono/jsx";
import { ErrorMessage } from "./error-message";
import { messagesFor } from "./language";
import { UI_MESSAGES } from "./messages";

interface ConfirmFormProps {
  c: Context;
  title: string;
  text?: string;
  /** What was wrong with the previous submission. */
  error?: string | undefined;
  submitText: string;
  isDangerous?: boolean;
  /** Link for Cancel, and its text if not "Cancel". */
  cancelHref: string;
  cancelText?: string;
  /** Path that the form is sent to; by default that of the page. */
  action?: string;
  /** Content between the text and the buttons, such as fields. */
  children?: Child;
}

/** The form, as the only content of a page. */
export const ConfirmForm = ({ c, action, ...props }: ConfirmFormProps) => (
  <form method="post" class="card" {...(action === undefined ? {} : { action })}>
    <h1>{props.title}</h1>
    {props.error === undefined ? null : <ErrorMessage>{props.error}</ErrorMessage>}
    {props.text === undefined ? null : <p>{props.text}</p>}
    {props.children}
    <p class="row">
      <button type="submit" {...(props.isDangerous ? { class: "danger" } : {})}>
        {props.submitText}
      </button>
      <a class="button secondary" href={props.cancelHref}>
        {props.cancelText ?? messagesFor(c, UI_MESSAGES).cancel}
      </a>
    </p>
  </form>
);
