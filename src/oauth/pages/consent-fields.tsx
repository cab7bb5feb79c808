/** The parts that the questions of apps and of devices share: what may they do, and for how long? */

import type { Scope } from "../../core/scope";
import { SentenceWithLink } from "../../ui/layout";
import { accessChoices, DURATIONS, type Duration, levelField } from "../consent-answer";
import type { OAUTH_MESSAGES } from "../messages";

type Words = (typeof OAUTH_MESSAGES)["en"];

/** What is asked for, module by module, each to be narrowed. */
export const ScopeList = ({
  scopes,
  words,
  chosen,
}: {
  scopes: Scope[];
  words: Words;
  /** A form in which something was chosen already. */
  chosen?: URLSearchParams | undefined;
}) => (
  <ul class="list">
    {scopes.map((scope) => (
      <ScopeItem scope={scope} words={words} chosen={chosen?.get(levelField(scope))} />
    ))}
  </ul>
);

interface ScopeItemProps {
  scope: Scope;
  words: Words;
  chosen: string | null | undefined;
}

const ScopeItem = ({ scope, words, chosen }: ScopeItemProps) => {
  const isAll = scope.module === "*";
  return (
    <li>
      <label for={levelField(scope)}>
        {isAll ? words.everything : scope.module}
        <small>{isAll ? words.everythingAbout : explain(scope, words)}</small>
      </label>
      <select id={levelField(scope)} name={levelField(scope)}>
        {accessChoices(scope).map((level) => (
          <option value={level} selected={level === chosen}>
            {words.levels[level]}
          </option>
        ))}
      </select>
      {isAll ? <p class="warning">{words.everythingWarning}</p> : null}
    </li>
  );
};

const explain = ({ module, level }: Scope, words: Words): string =>
  level === "rw" ? `${words.documents(module)}. ${words.publicWarning}` : words.documents(module);

interface DurationProps {
  words: Words;
  label?: string;
  /** Which is chosen at first. */
  usual: string;
}

/** For how long. */
export const DurationField = ({ words, label = words.allowFor, usual }: DurationProps) => (
  <div class="field">
    <label for="duration">{label}</label>
    <select id="duration" name="duration">
      {(Object.keys(DURATIONS) as Duration[]).map((duration) => (
        <option value={duration} selected={duration === usual}>
          {words.durations[duration]}
        </option>
      ))}
    </select>
  </div>
);

/** The end of both questions: where the data lies, and the two answers. */
export const ConsentButtons = ({
  address,
  words,
  anyTime = words.anyTime,
}: {
  address: string;
  words: Words;
  anyTime?: string[];
}) => (
  <>
    <p class="faint">
      {words.stays} <strong>{address}</strong>. <SentenceWithLink words={anyTime} href="/apps" />
    </p>
    <p class="row">
      <button type="submit" name="decision" value="allow">
        {words.allow}
      </button>
      <button type="submit" name="decision" value="deny" class="quiet">
        {words.deny}
      </button>
    </p>
  </>
);
