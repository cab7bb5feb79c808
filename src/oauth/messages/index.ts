/** Messages of the consent and device pages. */

import { de } from "./de";
import { en } from "./en";

export type OAuthMessages = typeof en;

export const OAUTH_MESSAGES = { en, de };
