/** Parts that the pages about connected apps share. */

import type { HonoContext } from "../../http/context";
import type { ConnectedApp } from "../../oauth/connected-apps";
import { messagesFor } from "../../ui/language";
import { APP_MESSAGES } from "../messages";

/** Says how an app was connected. */
export const describeFlows = (c: HonoContext, { flows }: ConnectedApp): string =>
  flows.map((flow) => messagesFor(c, APP_MESSAGES).flows[flow]).join("; ");

/** Says what was done, on the page that a form redirects to. */
export const DoneMessage = ({ c }: { c: HonoContext }) => {
  const { done } = messagesFor(c, APP_MESSAGES);
  const after = c.req.query("after") ?? "";
  return Object.hasOwn(done, after) ? (
    <p class="note" role="status">
      {done[after as keyof typeof done]}
    </p>
  ) : null;
};
