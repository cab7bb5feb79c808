/** The settings in force, as the operator has set them. */

import { SECRET_SETTINGS, settings } from "../../env";
import type { HandlerResponse, HonoContext } from "../../http/context";
import { messagesFor } from "../../ui/language";
import { ADMIN_MESSAGES } from "../messages";
import { adminPage } from "./layout";

/** Each setting and its value. */
export function settingsPage(c: HonoContext): HandlerResponse {
  const { nav, settings: words } = messagesFor(c, ADMIN_MESSAGES);
  const title = nav["/admin/settings"];
  return adminPage(
    c,
    { title },
    <section>
      <h1>{title}</h1>
      <p>{words.text}</p>
      <table>
        <thead>
          <tr>
            <th scope="col">{words.name}</th>
            <th scope="col">{words.value}</th>
          </tr>
        </thead>
        <tbody>
          {Object.entries(settings(c.env)).map(([name, value]) => (
            <tr>
              <th scope="row">{name}</th>
              <td>{textOf(c, name, value)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>,
  );
}

/** Of a secret nothing but whether there is one. */
function textOf(c: HonoContext, name: string, value: unknown): string {
  const { set, notSet } = messagesFor(c, ADMIN_MESSAGES).settings;
  const text = String(value ?? "");
  if (text === "") return notSet;
  return SECRET_SETTINGS.includes(name) ? set : text;
}
