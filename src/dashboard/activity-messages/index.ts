/** What happened in an account, in one line. */

import type { ActivityEvent } from "../../accounts/activity";
import type { Language } from "../../ui/language";
import { de } from "./de";
import { type ActivityMessages, en } from "./en";

const ACTIVITY_MESSAGES: Record<Language, ActivityMessages> = { en, de };

/** Describes an activity in one line. */
export function describeActivity(language: Language, activity: ActivityEvent): string {
  const describe = ACTIVITY_MESSAGES[language][activity.kind] as
    | ((activity: ActivityEvent) => string)
    | undefined;
  // An unknown kind was written by a newer version, before it was rolled back.
  return describe?.(activity) ?? (activity as ActivityEvent).kind;
}
