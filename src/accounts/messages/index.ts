/** The texts of the account pages: signing up and in, security, recovery, and mail. */

import { de } from "./de";
import { en } from "./en";

export const ACCOUNT_MESSAGES = { en, de };
