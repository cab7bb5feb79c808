/** The configuration page: all settings and their values. */

import { SECRET_SETTINGS, settings } from "../../env";
import type { HandlerResponse, HonoContext } from "../../http/context";
import { messagesFor } from "../../ui/language";
import { ADMIN_MESSAGES } from "../messages";
import { adminPage } from "./layout";

/** Shows a table of all settings. Values of secrets are not shown. */
export function configurationPage(c: HonoContext): HandlerResponse {
  const { nav, configuration: messages } = messagesFor(c, ADMIN_MESSAGES);
  const title = nav["/admin/settings"];
  return adminPage(
    c,
    { title },
    <section>
      <h1>{title}</h1>
      <p>{messages.text}</p>
      <table class="settings">
        <thead>
          <tr>
            <th scope="col">{messages.name}</th>
            <th scope="col">{messages.value}</th>
          </tr>
        </thead>
        <tbody>
          {Object.entries(settings(c.env)).map(([name, value]) => (
            <tr>
              <th scope="row">{breakable(name)}</th>
              <td>{formatSetting(c, name, value)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>,
  );
}

/** A name of several words, such as DNS_RESOLVERS, which narrow screens may break after each of them. */
const breakable = (name: string) =>
  name.split(/(?<=_)/).flatMap((part, index) => (index === 0 ? [part] : [<wbr />, part]));

/** The value of a setting; for a secret, only whether it is set. */
function formatSetting(c: HonoContext, name: string, value: unknown): string {
  const { set, notSet } = messagesFor(c, ADMIN_MESSAGES).configuration;
  const text = String(value ?? "");
  if (text === "") return notSet;
  return SECRET_SETTINGS.includes(name) ? set : text;
}
