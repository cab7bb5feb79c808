/** A form that asks before something is done, and does it by its button. */

import type { Context } from "hono";
import type { Child } from "hono/jsx";
import { ErrorMessage } from "./error-message";
import { messagesFor } from "./language";
import { UI_MESSAGES } from "./messages";

interface ConfirmFormProps {
  c: Context;
  title: string;
  text?: string;
  /** What was wrong with the last answer. */
  error?: string | undefined;
  submitText: string;
  isDangerous?: boolean;
  /** Where it leads who does not want it, and what that link is called if not "Cancel". */
  cancelHref: string;
  cancelText?: string;
  /** Where the form is sent; not given: to the page that it is on. */
  action?: string;
  /** What stands between the question and its buttons: fields, consequences. */
  children?: Child;
}

/** The question as the whole of a page. */
export const ConfirmForm = ({ c, action, ...question }: ConfirmFormProps) => (
  <form method="post" class="card" {...(action === undefined ? {} : { action })}>
    <h1>{question.title}</h1>
    {question.error === undefined ? null : <ErrorMessage>{question.error}</ErrorMessage>}
    {question.text === undefined ? null : <p>{question.text}</p>}
    {question.children}
    <p class="row">
      <button type="submit" {...(question.isDangerous ? { class: "danger" } : {})}>
        {question.submitText}
      </button>
      <a class="button quiet" href={question.cancelHref}>
        {question.cancelText ?? messagesFor(c, UI_MESSAGES).cancel}
      </a>
    </p>
  </form>
);
