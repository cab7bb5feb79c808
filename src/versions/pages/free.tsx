/** The page that asks before versions are deleted for good. */

import type { Account } from "../../accounts/accounts";
import type { HandlerResponse, HonoContext } from "../../http/context";
import { ConfirmForm } from "../../ui/confirm-form";
import { messagesFor } from "../../ui/language";
import { renderPage } from "../../ui/layout";
import type { FreeRequest } from "../free-request";
import { VERSION_MESSAGES } from "../messages";
import { binPath, versionsPath } from "../paths";
import { PathLine } from "./parts";

/** Asks whether the versions are to be deleted for good. */
export function confirmFreePage(
  c: HonoContext,
  account: Account,
  request: FreeRequest,
): HandlerResponse {
  const messages = messagesFor(c, VERSION_MESSAGES).free;
  const { what, module, paths } = request;
  const [path = "/"] = paths;
  const title = messages.title[what];
  const isFolder = path.endsWith("/");
  return renderPage(
    c,
    { title, user: account },
    <ConfirmForm
      c={c}
      title={title}
      submitText={messages.submit[what]}
      isDangerous
      cancelHref={cancelPath(request)}
    >
      {path === "/" ? <p>{messages.everything}</p> : <PathLine path={module ?? path} />}
      <p>{messages[what][isFolder ? "folder" : "document"]}</p>
      <p class="warning">{messages.warning}</p>
    </ConfirmForm>,
  );
}

function cancelPath({ what, module, paths: [path = "/"] }: FreeRequest): string {
  if (module !== null) return what === "deleted" ? binPath(module) : "/settings";
  return path.endsWith("/") ? "/settings" : versionsPath(path);
}
