/** The page that asks for the address at the old provider. */

import { CONFLICT_CHOICES, type ConflictChoice } from "../../copying/move-in";
import type { HandlerResponse, HonoContext } from "../../http/context";
import { transferPage } from "../../transfer/pages/section";
import { ErrorMessage } from "../../ui/error-message";
import { messagesFor } from "../../ui/language";
import { MOVING_MESSAGES } from "../messages";
import { MOVE_IN_PATH } from "../paths";

/** The values that the form is filled in with. */
export interface MoveInForm {
  address: string;
  onConflict: ConflictChoice;
}

/** Why a move was not started. */
export type MoveInProblem = keyof (typeof MOVING_MESSAGES)["en"]["moveIn"]["problems"];

const EMPTY_FORM: MoveInForm = { address: "", onConflict: "keep" };

/** The form of a move; with 400 if it has a problem. */
export function moveInPage(
  c: HonoContext,
  form: MoveInForm = EMPTY_FORM,
  problem?: MoveInProblem,
): HandlerResponse {
  const messages = messagesFor(c, MOVING_MESSAGES);
  const { title, about, problems, promise, databases, submit } = messages.moveIn;
  return transferPage(
    c,
    { title, ...(problem ? { status: 400 } : {}) },
    <form method="post" action={MOVE_IN_PATH} class="card">
      <h1>{title}</h1>
      {problem ? <ErrorMessage>{problems[problem]}</ErrorMessage> : null}
      <p>{about}</p>
      <MoveInFields c={c} form={form} isTokenOpen={problem === "no-dialog"} />
      <p class="muted">{promise}</p>
      <p class="muted">{databases}</p>
      <p>
        <button type="submit">{submit}</button>
      </p>
    </form>,
  );
}

interface MoveInFieldsProps {
  c: HonoContext;
  form: MoveInForm;
  isTokenOpen: boolean;
}

const MoveInFields = ({ c, form, isTokenOpen }: MoveInFieldsProps) => {
  const messages = messagesFor(c, MOVING_MESSAGES).moveIn;
  return (
    <>
      <div class="field">
        <label for="address">{messages.address}</label>
        <input
          id="address"
          name="address"
          inputmode="email"
          value={form.address}
          maxlength={320}
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
          aria-describedby="address-rule"
          required
        />
        <small id="address-rule">{messages.addressRule}</small>
      </div>
      <fieldset class="choice">
        <legend>{messages.conflicts}</legend>
        {CONFLICT_CHOICES.map((choice) => (
          <label>
            <input
              type="radio"
              name="onConflict"
              value={choice}
              checked={choice === form.onConflict}
            />
            {messages.conflictChoices[choice]}
          </label>
        ))}
      </fieldset>
      <details open={isTokenOpen}>
        <summary>{messages.tokenTitle}</summary>
        <div class="field">
          <label for="token">{messages.token}</label>
          <input
            id="token"
            name="token"
            type="password"
            autocomplete="off"
            maxlength={8192}
            aria-describedby="token-rule"
          />
          <small id="token-rule">{messages.tokenRule}</small>
        </div>
      </details>
    </>
  );
};
