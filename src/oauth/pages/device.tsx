/** The pages on which a user connects a device: RFC 8628 §3.3. */

import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { Account } from "../../accounts/accounts";
import type { HandlerResponse } from "../../http/context";
import { ErrorMessage } from "../../ui/error-message";
import { messagesFor } from "../../ui/language";
import { renderPage } from "../../ui/layout";
import type { InvalidConsent } from "../consent-form";
import { formatUserCode, type PendingDevice } from "../grant-types/devices";
import { OAUTH_MESSAGES } from "../messages";
import { ConsentButtons, DurationField, ScopeList } from "./consent-fields";

/** What the page shows if a code was refused. */
interface UserCodeProblem {
  sentence: string;
  status: ContentfulStatusCode;
  headers?: Record<string, string>;
}

/**
 * Asks for the code of the device. A code from the URL is filled in, but must be compared with that
 * of the device: someone else may have sent the link (RFC 8628 §5.4).
 */
export function userCodePage(
  c: Context,
  user: Account,
  code: string,
  problem?: UserCodeProblem,
): HandlerResponse {
  const messages = messagesFor(c, OAUTH_MESSAGES).device;
  const { status = 200, headers = {} } = problem ?? {};
  return renderPage(
    c,
    { title: messages.title, user, status, headers },
    <form method="post" action="/device" class="card">
      <h1>{messages.title}</h1>
      {problem ? <ErrorMessage>{problem.sentence}</ErrorMessage> : null}
      <p>{messages.intro}</p>
      {code === "" ? null : <p class="warning">{messages.compareCode}</p>}
      <div class="field">
        <label for="user_code">{messages.code}</label>
        <input
          id="user_code"
          name="user_code"
          value={code}
          autocomplete="off"
          autocapitalize="characters"
          spellcheck={false}
          maxlength={40}
          aria-describedby="code-rule"
          required
        />
        <small id="code-rule">{messages.codeFormat}</small>
      </div>
      <p>
        <button type="submit">{messages.next}</button>
      </p>
    </form>,
  );
}

/**
 * Asks whether to allow the device the requested scopes. With an `invalid` form the page says what is
 * wrong and keeps the choices.
 */
export function devicePage(
  c: Context,
  { user, address, code }: { user: Account; address: string; code: string },
  device: PendingDevice,
  invalid?: InvalidConsent,
): HandlerResponse {
  const messages = messagesFor(c, OAUTH_MESSAGES);
  return renderPage(
    c,
    { title: messages.device.title, user, ...(invalid ? { status: 400 } : {}) },
    <form method="post" action="/device" class="card">
      <h1>
        {messages.device.quoted(device.name)} <span>{messages.wantsAccess}</span>
      </h1>
      {invalid ? <ErrorMessage>{messages.problems[invalid.problem]}</ErrorMessage> : null}
      <p class="warning">{messages.device.unverified}</p>
      <p class="row">
        {messages.device.codeShown} <strong class="address">{formatUserCode(code)}</strong>
      </p>
      <input type="hidden" name="user_code" value={code} />
      <ScopeList scopes={device.scopes} messages={messages} form={invalid?.form} />
      <DurationField messages={messages} selected={invalid?.form.get("duration") ?? "year"} />
      <ConsentButtons
        address={address}
        messages={messages}
        disconnectAnyTime={messages.device.disconnectAnyTime}
      />
    </form>,
  );
}

/** Says that the device was allowed or denied. */
export function deviceResultPage(c: Context, user: Account, sentence: string): HandlerResponse {
  const { device, toApps } = messagesFor(c, OAUTH_MESSAGES);
  return renderPage(
    c,
    { title: device.title, user },
    <section>
      <h1>{device.done}</h1>
      <p class="note">{sentence}</p>
      <p>
        <a href="/apps">{toApps}</a>
      </p>
    </section>,
  );
}
