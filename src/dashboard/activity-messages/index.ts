/** Describes activity events in one line each. */

import type { ActivityEvent } from "../../accounts/activity";
import type { Language } from "../../ui/language";
import { de } from "./de";
import { type ActivityMessages, en } from "./en";

const ACTIVITY_MESSAGES: Record<Language, ActivityMessages> = { en, de };

/** Describes an event in one line. */
export function describeActivity(language: Language, event: ActivityEvent): string {
  const describe = ACTIVITY_MESSAGES[language][event.kind] as
    | ((event: ActivityEvent) => string)
    | undefined;
  // An unknown kind was written by a newer version, before it was rolled back.
  return describe?.(event) ?? (event as ActivityEvent).kind;
}
