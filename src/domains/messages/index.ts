/** Messages of the pages about domains, and of the emails about them. */

import { de } from "./de";
import { en } from "./en";

export const DOMAIN_MESSAGES = { en, de };
