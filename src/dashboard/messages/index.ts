/** Messages of the dashboard: welcome, home, data, activity, settings, account deletion. */

import { de } from "./de";
import { en } from "./en";

export const DASHBOARD_MESSAGES = { en, de };
