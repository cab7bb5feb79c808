/** The page that edits a text, and shows what others have saved meanwhile. */

import type { BrowserSession } from "../../accounts/sessions";
import { formatPath, type NodePath } from "../../core/path";
import type { HandlerResponse, HonoContext } from "../../http/context";
import { filePagePath } from "../../tasks/task-paths";
import { ErrorMessage } from "../../ui/error-message";
import { ItemName, visibleName } from "../../ui/item-name";
import { messagesFor } from "../../ui/language";
import { renderPage } from "../../ui/layout";
import { UI_MESSAGES } from "../../ui/messages";
import { TextDiff } from "../../ui/text-diff";
import { FILES_MESSAGES } from "../messages";
import { type LineBreak, lineBreakName } from "../text-content";
import { CodeText } from "./content";
import { Breadcrumbs } from "./item-name";

/** The text in the form, and the version that it is to replace. */
export interface EditedText {
  text: string;
  /** Null: the document does not exist. */
  version: string | null;
  /** The document's Content-Type. */
  type: string;
  lineBreak: LineBreak;
}

interface EditPageProps {
  c: HonoContext;
  node: NodePath;
  edited: EditedText;
  /** Why the text was not saved. */
  error?: string;
  /** The document as others have saved it meanwhile: its text, or null if it is deleted or not a text. */
  conflict?: { text: string | null };
  /** Whether the text was not saved because the session has ended. */
  isSignedOut?: boolean;
  status?: 200 | 403 | 409 | 422 | 429 | 503 | 507;
}

/** Renders the form with a text. */
export function editPage(props: EditPageProps): HandlerResponse {
  const { c, node, edited, error, conflict, isSignedOut = false, status = 200 } = props;
  const messages = messagesFor(c, FILES_MESSAGES).edit;
  const session: BrowserSession | undefined = c.get("session");
  return renderPage(
    c,
    {
      title: messages.title(visibleName(node.name)),
      user: session?.account,
      status,
      isShownOnce: status !== 200,
    },
    <section>
      <Breadcrumbs c={c} node={node} />
      <h1>
        <bdi>{messages.title(visibleName(node.name))}</bdi>
      </h1>
      {error === undefined ? null : <ErrorMessage>{error}</ErrorMessage>}
      {isSignedOut ? (
        <ErrorMessage>
          {messages.signedOut}{" "}
          <a href="/sign-in" target="_blank" rel="noopener">
            {messages.signIn}
          </a>
        </ErrorMessage>
      ) : null}
      {conflict === undefined ? null : <ConflictView c={c} edited={edited} conflict={conflict} />}
      <form method="post" action="?view=edit">
        <input type="hidden" name="version" value={edited.version ?? ""} />
        <input type="hidden" name="type" value={edited.type} />
        <input type="hidden" name="line-break" value={lineBreakName(edited.lineBreak)} />
        <div class="field">
          <label for="text">{conflict === undefined ? messages.text : messages.mine}</label>
          {/* Browsers drop a line break at the beginning. */}
          <textarea id="text" name="text" rows={24} spellcheck={false} class="code">
            {`\n${edited.text}`}
          </textarea>
        </div>
        <p class="row">
          <button type="submit">
            {conflict === undefined ? messages.save : messages.saveMine}
          </button>
          <a class="button secondary" href={filePagePath(formatPath(node))}>
            {conflict === undefined ? messagesFor(c, UI_MESSAGES).cancel : messages.discard}
          </a>
        </p>
      </form>
    </section>,
  );
}

const ConflictView = ({
  c,
  edited,
  conflict,
}: Required<Pick<EditPageProps, "c" | "edited" | "conflict">>) => {
  const messages = messagesFor(c, FILES_MESSAGES).edit;
  if (edited.version === null) return <p>{messages.deleted}</p>;
  if (conflict.text === null) return <p>{messages.conflictNotShown}</p>;
  return (
    <>
      <p>{messages.conflictAbout}</p>
      <h2>{messages.difference}</h2>
      <TextDiff c={c} before={conflict.text} after={edited.text} />
      <details>
        <summary>{messages.current}</summary>
        <CodeText c={c} text={conflict.text} />
      </details>
    </>
  );
};

/** The page for a document that cannot be edited here. */
export function notEditablePage(c: HonoContext, node: NodePath): HandlerResponse {
  const { title, notEditable } = messagesFor(c, FILES_MESSAGES).edit;
  return renderPage(
    c,
    { title: title(visibleName(node.name)), user: c.var.session.account, status: 422 },
    <section>
      <Breadcrumbs c={c} node={node} />
      <h1>
        <ItemName name={node.name} />
      </h1>
      <ErrorMessage>{notEditable}</ErrorMessage>
      <p>
        <a href={filePagePath(formatPath(node))}>
          <ItemName name={node.name} />
        </a>
      </p>
    </section>,
  );
}
