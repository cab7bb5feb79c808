/** Paths of the pages about one app. */

import type { ConnectedApp } from "../oauth/connected-apps";

/** The page with the app's permissions and usage. */
export const appPath = ({ id }: Pick<ConnectedApp, "id">): string =>
  `/apps/app?${new URLSearchParams({ id })}`;

/** The page that confirms disconnecting the app. */
export const disconnectPath = ({ id }: Pick<ConnectedApp, "id">): string =>
  `/apps/disconnect?${new URLSearchParams({ app: id })}`;
