/** The texts of the dashboard: the welcome page, home, data, activity, settings, account deletion. */

import { de } from "./de";
import { en } from "./en";

export const DASHBOARD_MESSAGES = { en, de };
