/** The pages on which a person lets a device in: RFC 8628 §3.3. */

import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { Account } from "../../accounts/accounts";
import { messagesFor } from "../../ui/language";
import { ErrorMessage, renderPage } from "../../ui/layout";
import type { InvalidConsent } from "../consent-answer";
import { formatUserCode, type PendingDevice } from "../devices";
import { OAUTH_MESSAGES } from "../messages";
import { ConsentButtons, DurationField, ScopeList } from "./consent-fields";

/** What was wrong with a code that was typed. */
interface UserCodeProblem {
  sentence: string;
  status: ContentfulStatusCode;
  headers?: Record<string, string>;
}

/**
 * Asks for the code. One that came with the address is filled in, and has to be compared all the
 * same: RFC 8628 §5.4, somebody else may have sent it.
 */
export function userCodePage(
  c: Context,
  person: Account,
  code: string,
  problem?: UserCodeProblem,
): Response | Promise<Response> {
  const words = messagesFor(c, OAUTH_MESSAGES).device;
  const { status = 200, headers = {} } = problem ?? {};
  return renderPage(
    c,
    { title: words.title, person, status, headers },
    <form method="post" action="/device" class="card">
      <h1>{words.title}</h1>
      {problem ? <ErrorMessage>{problem.sentence}</ErrorMessage> : null}
      <p>{words.about}</p>
      {code === "" ? null : <p class="warning">{words.compare}</p>}
      <div class="field">
        <label for="user_code">{words.code}</label>
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
        <small id="code-rule">{words.codeRule}</small>
      </div>
      <p>
        <button type="submit">{words.next}</button>
      </p>
    </form>,
  );
}

/** Asks whether the device may have what it asks for. */
export function devicePage(
  c: Context,
  { person, address, code }: { person: Account; address: string; code: string },
  device: PendingDevice,
  unsound?: InvalidConsent,
): Response | Promise<Response> {
  const words = messagesFor(c, OAUTH_MESSAGES);
  return renderPage(
    c,
    { title: words.device.title, person, ...(unsound ? { status: 400 } : {}) },
    <form method="post" action="/device" class="card">
      <h1>
        {words.device.quoted(device.name)} <span>{words.device.asks}</span>
      </h1>
      {unsound ? <ErrorMessage>{words.problems[unsound.problem]}</ErrorMessage> : null}
      <p class="warning">{words.device.unverified}</p>
      <p class="row">
        {words.device.shows} <strong class="address">{formatUserCode(code)}</strong>
      </p>
      <input type="hidden" name="user_code" value={code} />
      <ScopeList scopes={device.scopes} words={words} chosen={unsound?.form} />
      <DurationField usual={unsound?.form.get("duration") ?? "year"} words={words} />
      <ConsentButtons address={address} words={words} anyTime={words.device.anyTime} />
    </form>,
  );
}

/** Says what comes of the answer. */
export function deviceResultPage(
  c: Context,
  person: Account,
  sentence: string,
): Response | Promise<Response> {
  const { device, toApps } = messagesFor(c, OAUTH_MESSAGES);
  return renderPage(
    c,
    { title: device.title, person },
    <section>
      <h1>{device.done}</h1>
      <p class="note">{sentence}</p>
      <p>
        <a href="/apps">{toApps}</a>
      </p>
    </section>,
  );
}
