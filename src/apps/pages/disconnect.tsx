/** The pages that confirm disconnecting one app or all apps. */

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
  const { title, text, button } = messagesFor(c, APP_MESSAGES).confirmDisconnect;
  return renderPage(
    c,
    { title: title(app.name), user },
    <ConfirmForm
      c={c}
      action={disconnectPath(app)}
      title={title(app.name)}
      text={text}
      submitText={button}
      isDangerous
      cancelHref="/apps"
    />,
  );
}

/** Asks which of the unused apps to disconnect. */
export function confirmDisconnectUnusedPage(
  c: HonoContext,
  user: Account,
  apps: ConnectedApp[],
): HandlerResponse {
  const { title, text, button } = messagesFor(c, APP_MESSAGES).confirmDisconnectUnused;
  return renderPage(
    c,
    { title, user },
    <ConfirmForm
      c={c}
      action="/apps/unused"
      title={title}
      text={text}
      submitText={button}
      isDangerous
      cancelHref="/apps"
    >
      {apps.map(({ id, name }) => (
        <p>
          <label class="origin">
            <input type="checkbox" name="app" value={id} checked /> {name}
          </label>
        </p>
      ))}
    </ConfirmForm>,
  );
}

/** Asks before all apps, devices and tokens are disconnected. */
export function confirmDisconnectAllPage(c: HonoContext, user: Account): HandlerResponse {
  const { title, text, button } = messagesFor(c, APP_MESSAGES).confirmDisconnectAll;
  return renderPage(
    c,
    { title, user },
    <ConfirmForm
      c={c}
      action="/apps/disconnect-all"
      title={title}
      text={text}
      submitText={button}
      isDangerous
      cancelHref="/apps"
    />,
  );
}
