/** The page that says how to move to another provider, step by step. */

import { settings } from "../../env";
import type { HandlerResponse, HonoContext } from "../../http/context";
import { resolveOrigins, userAddress } from "../../http/hosts";
import { transferPage } from "../../transfer/pages/section";
import { CopyableText } from "../../ui/copy-button";
import { messagesFor } from "../../ui/language";
import { MOVING_MESSAGES } from "../messages";

/** Shows the steps in their order: deleting the account is the last one. `domain`: one of the user's own. */
export function moveOutPage(c: HonoContext, domain: string | null): HandlerResponse {
  const { account } = c.var.session;
  const { moveOut } = messagesFor(c, MOVING_MESSAGES);
  const { title, about, steps, yourDomain } = moveOut;
  const address = userAddress(resolveOrigins(c.req.url, settings(c.env)), account.name);
  return transferPage(
    c,
    { title, scripts: ["/copy.js"] },
    <>
      <section>
        <h1>{title}</h1>
        <p>{about}</p>
      </section>
      <Step number={1} title={steps.archive.title}>
        <p>{steps.archive.text}</p>
        <p>
          <a class="button" href="/transfer/export">
            {steps.archive.link}
          </a>
        </p>
      </Step>
      <Step number={2} title={steps.copy.title}>
        <p>{steps.copy.text}</p>
        <CopyableText c={c} id="address" text={address} />
        <p>{steps.copy.token}</p>
        <p>
          <a class="button secondary" href="/apps/tokens">
            {steps.copy.link}
          </a>
        </p>
        <p class="muted">{steps.copy.none}</p>
      </Step>
      <Step number={3} title={steps.domain.title}>
        <p>{steps.domain.text(domain ?? yourDomain)}</p>
        <p>{steps.domain.none}</p>
        {domain === null ? null : (
          <p>
            <a class="button secondary" href="/settings/domains">
              {steps.domain.link}
            </a>
          </p>
        )}
      </Step>
      <Step number={4} title={steps.check.title}>
        <p>{steps.check.text}</p>
        <p>
          <a class="button secondary" href="/data">
            {steps.check.link}
          </a>
        </p>
      </Step>
      <Step number={5} title={steps.remove.title}>
        <p>{steps.remove.text}</p>
        <p>
          <a class="button danger" href="/settings/delete">
            {steps.remove.link}
          </a>
        </p>
      </Step>
    </>,
  );
}

interface StepProps {
  number: number;
  title: string;
  children: unknown;
}

const Step = ({ number, title, children }: StepProps) => (
  <section>
    <h2>
      {number}. {title}
    </h2>
    {children}
  </section>
);
