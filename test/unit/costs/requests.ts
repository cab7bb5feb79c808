/** Requests of apps and devices as steps of a case. */

import { APP_ORIGIN } from "../../support/provider";
import type { SizedAccount } from "./accounts";
import type { Step } from "./cost-case";

/** Gets a path, with the token of an account's app if one is given. */
export const get =
  (path: string, account?: SizedAccount): Step =>
  () =>
  ({ send }) =>
    send(path, account ? { headers: { Authorization: `Bearer ${account.app.token}` } } : {});

/** Posts a form. */
export const post =
  (path: string, fields: Record<string, string>, origin = APP_ORIGIN): Step =>
  () =>
  ({ send }) =>
    send(path, {
      method: "POST",
      body: new URLSearchParams(fields),
      headers: { Origin: origin },
    });
