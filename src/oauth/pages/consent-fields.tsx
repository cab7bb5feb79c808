/** Form fields that the consent page of apps and that of devices share. */

import type { Scope } from "../../core/scope";
import { SentenceWithLink } from "../../ui/sentence-with-link";
import { accessChoices, DURATIONS, type Duration, levelField } from "../consent-form";
import type { OAuthMessages } from "../messages";

interface ScopeListProps {
  scopes: Scope[];
  messages: OAuthMessages;
  /** A form that was sent before, whose choices are selected. */
  form?: URLSearchParams | undefined;
}

/** The scopes, each with a choice of the same or a lower level. */
export const ScopeList = ({ scopes, messages, form }: ScopeListProps) => (
  <ul class="list">
    {scopes.map((scope) => (
      <ScopeItem scope={scope} messages={messages} selected={form?.get(levelField(scope))} />
    ))}
  </ul>
);

interface ScopeItemProps {
  scope: Scope;
  messages: OAuthMessages;
  selected: string | null | undefined;
}

const ScopeItem = ({ scope, messages, selected }: ScopeItemProps) => {
  const isEverything = scope.module === "*";
  return (
    <li>
      <label for={levelField(scope)}>
        {isEverything ? messages.everything : scope.module}
        <small>
          {isEverything ? messages.everythingDescription : describeModule(scope, messages)}
        </small>
      </label>
      <select id={levelField(scope)} name={levelField(scope)}>
        {accessChoices(scope).map((level) => (
          <option value={level} selected={level === selected}>
            {messages.levels[level]}
          </option>
        ))}
      </select>
      {isEverything ? <p class="warning">{messages.everythingWarning}</p> : null}
    </li>
  );
};

const describeModule = ({ module, level }: Scope, messages: OAuthMessages): string =>
  level === "rw"
    ? `${messages.moduleDescription(module)}. ${messages.publicWarning}`
    : messages.moduleDescription(module);

interface DurationFieldProps {
  messages: OAuthMessages;
  label?: string;
  /** The duration that is selected at first. */
  selected: string;
}

/** The field for when access expires. */
export const DurationField = ({
  messages,
  label = messages.expires,
  selected,
}: DurationFieldProps) => (
  <div class="field">
    <label for="duration">{label}</label>
    <select id="duration" name="duration">
      {(Object.keys(DURATIONS) as Duration[]).map((duration) => (
        <option value={duration} selected={duration === selected}>
          {messages.durations[duration]}
        </option>
      ))}
    </select>
  </div>
);

interface ConsentButtonsProps {
  /** The user's address. */
  address: string;
  messages: OAuthMessages;
  /** How to disconnect what is connected here. */
  disconnectAnyTime?: string[];
}

/** The end of a consent form: where the data is stored, and the buttons. */
export const ConsentButtons = ({
  address,
  messages,
  disconnectAnyTime = messages.disconnectAnyTime,
}: ConsentButtonsProps) => (
  <>
    <p class="muted">
      {messages.storedIn} <strong>{address}</strong>.{" "}
      <SentenceWithLink parts={disconnectAnyTime} href="/apps" />
    </p>
    <p class="row">
      <button type="submit" name="decision" value="allow">
        {messages.allow}
      </button>
      <button type="submit" name="decision" value="deny" class="secondary">
        {messages.deny}
      </button>
    </p>
  </>
);
