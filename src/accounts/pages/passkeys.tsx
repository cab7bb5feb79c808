/** Passkeys: their section on /security, and the pages that add, rename and remove one. */

import type { HandlerResponse, HonoContext } from "../../http/context";
import { messagesFor } from "../../ui/language";
import { CalendarDate } from "../../ui/time";
import type { Passkey } from "../db/passkeys";
import { MAX_PASSKEY_NAME_LENGTH } from "../form-input";
import { ACCOUNT_MESSAGES } from "../messages";
import type { AccountRefusal } from "../refusals";
import { deviceName } from "../user-agent";
import { NoPasskeys, PASSKEY_SCRIPTS, PasskeyButton } from "./fields";
import { confirmRemovalPage, securityFormPage } from "./security-form";

/** Lists the passkeys, with links to add, rename and remove. */
export const PasskeysSection = ({ c, passkeys }: { c: HonoContext; passkeys: Passkey[] }) => {
  const messages = messagesFor(c, ACCOUNT_MESSAGES).security.passkeys;
  return (
    <>
      <h2>{messages.title}</h2>
      <p class="muted">{messages.about}</p>
      {passkeys.length === 0 ? (
        <p>{messages.none}</p>
      ) : (
        <ul class="list">
          {passkeys.map((passkey) => (
            <PasskeyItem c={c} passkey={passkey} />
          ))}
        </ul>
      )}
      <p>
        <a class="button" href="/security/passkeys/add">
          {messages.add}
        </a>
      </p>
    </>
  );
};

const PasskeyItem = ({ c, passkey }: { c: HonoContext; passkey: Passkey }) => {
  const messages = messagesFor(c, ACCOUNT_MESSAGES).security.passkeys;
  const { id, name, createdAt, usedAt } = passkey;
  return (
    <li>
      <div>
        {name}
        <small>
          {messages.times(
            <CalendarDate c={c} at={createdAt} />,
            usedAt === null ? null : <CalendarDate c={c} at={usedAt} />,
          )}
        </small>
      </div>
      <a
        class="button secondary"
        href={`/security/passkeys/rename/${id}`}
        aria-label={messages.renameLabel(name)}
      >
        {messages.rename}
      </a>
      <a
        class="button secondary"
        href={`/security/passkeys/remove/${id}`}
        aria-label={messages.removeLabel(name)}
      >
        {messages.remove}
      </a>
    </li>
  );
};

const PasskeyNameField = ({ c, value }: { c: HonoContext; value: string }) => {
  const messages = messagesFor(c, ACCOUNT_MESSAGES).passkey;
  return (
    <div class="field">
      <label for="passkey-name">{messages.label}</label>
      <input
        id="passkey-name"
        name="name"
        value={value}
        maxlength={MAX_PASSKEY_NAME_LENGTH}
        autocomplete="off"
        aria-describedby="passkey-name-rule"
        required
      />
      <small id="passkey-name-rule">{messages.labelRule}</small>
    </div>
  );
};

/** Asks for a name and a new passkey, which only /passkeys.js can create: a plain form cannot. */
export function addPasskeyPage(c: HonoContext): HandlerResponse {
  const messages = messagesFor(c, ACCOUNT_MESSAGES).passkey;
  const suggestedName = deviceName(c.req.header("user-agent")) ?? "Passkey";
  return securityFormPage(
    c,
    { title: messages.addTitle, scripts: PASSKEY_SCRIPTS },
    <>
      <p>{messages.addAbout}</p>
      <PasskeyNameField c={c} value={suggestedName} />
      <NoPasskeys c={c} />
      <PasskeyButton
        c={c}
        ceremony="create"
        endpoint="/security/passkeys/add"
        text={messages.addButton}
        alreadyRegistered={messages.alreadyRegistered}
      />
    </>,
  );
}

/** Asks for a new name of a passkey. */
export function renamePasskeyPage(c: HonoContext, passkey: Passkey): HandlerResponse {
  const messages = messagesFor(c, ACCOUNT_MESSAGES).passkey;
  return securityFormPage(
    c,
    { title: messages.renameTitle },
    <>
      <PasskeyNameField c={c} value={passkey.name} />
      <p>
        <button type="submit">{messages.renameButton}</button>
      </p>
    </>,
  );
}

/** Asks before a passkey is removed. */
export function removePasskeyPage(
  c: HonoContext,
  { name }: Passkey,
  refusal?: AccountRefusal,
): HandlerResponse {
  const { title, text, button } = messagesFor(c, ACCOUNT_MESSAGES).passkey.remove;
  return confirmRemovalPage(c, { title: title(name), text, button }, refusal);
}
