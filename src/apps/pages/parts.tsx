/** Parts that the pages about connected apps share. */

import type { HonoContext } from "../../http/context";
import { appKind } from "../../oauth/app-identity";
import type { ConnectedApp } from "../../oauth/connected-apps";
import { messagesFor } from "../../ui/language";
import { APP_MESSAGES } from "../messages";

/** Says how an app was connected, and what it is if it is not a site. */
export function describeType(c: HonoContext, { flows, origin, label }: ConnectedApp): string {
  const messages = messagesFor(c, APP_MESSAGES);
  const kind = origin === "" ? null : messages.kinds[appKind(origin)];
  const name = label === null ? null : messages.unverifiedName(label);
  return [...flows.map((flow) => messages.flows[flow]), kind, name].filter(Boolean).join("; ");
}

/** Says what was done, on the page that a form redirects to. */
export const DoneMessage = ({ c }: { c: HonoContext }) => {
  const { done } = messagesFor(c, APP_MESSAGES);
  const what = c.req.query("done") ?? "";
  return Object.hasOwn(done, what) ? (
    <p class="note" role="status">
      {done[what as keyof typeof done]}
    </p>
  ) : null;
};
