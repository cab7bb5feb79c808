/** The pages that confirm disconnecting one app or all apps. */

import type { Child } from "hono/jsx";
import type { Account } from "../../accounts/accounts";
import type { HandlerResponse, HonoContext } from "../../http/context";
import type { ConnectedApp } from "../../oauth/connected-apps";
import { ConfirmForm } from "../../ui/confirm-form";
import { messagesFor } from "../../ui/language";
import { renderPage } from "../../ui/layout";
import { APP_MESSAGES } from "../messages";
import { disconnectPath } from "../paths";

/** Asks before one app is disconnected. */
export function confirmDisconnectPage(
  c: HonoContext,
  user: Account,
  app: ConnectedApp,
): HandlerResponse {
  const { title, ...texts } = messagesFor(c, APP_MESSAGES).confirmDisconnect;
  return confirmationPage(c, user, disconnectPath(app), { ...texts, title: title(app.name) });
}

/** Asks which of the unused apps to disconnect. */
export const confirmDisconnectUnusedPage = (
  c: HonoContext,
  user: Account,
  apps: ConnectedApp[],
): HandlerResponse =>
  confirmationPage(
    c,
    user,
    "/apps/unused",
    messagesFor(c, APP_MESSAGES).confirmDisconnectUnused,
    apps.map(({ id, name }) => (
      <p>
        <label class="origin">
          <input type="checkbox" name="app" value={id} checked /> {name}
        </label>
      </p>
    )),
  );

/** Asks before all apps, devices and tokens are disconnected. */
export const confirmDisconnectAllPage = (c: HonoContext, user: Account): HandlerResponse =>
  confirmationPage(
    c,
    user,
    "/apps/disconnect-all",
    messagesFor(c, APP_MESSAGES).confirmDisconnectAll,
  );

function confirmationPage(
  c: HonoContext,
  user: Account,
  action: string,
  { title, text, button }: { title: string; text: string; button: string },
  children?: Child,
): HandlerResponse {
  return renderPage(
    c,
    { title, user },
    <ConfirmForm
      c={c}
      action={action}
      title={title}
      text={text}
      submitText={button}
      isDangerous
      cancelHref="/apps"
    >
      {children}
    </ConfirmForm>,
  );
}
