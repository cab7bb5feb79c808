/** Messages of the account pages and of emails. */

import { de } from "./de";
import { en } from "./en";

export const ACCOUNT_MESSAGES = { en, de };
