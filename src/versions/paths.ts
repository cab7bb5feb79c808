/** Paths of the pages about versions, the bin and going back in time. */

import { encodePath } from "../core/path";

/** The page with the versions of a document. */
export const versionsPath = (document: string): string => `/versions${encodePath(document)}`;

/** The page of one version. */
export const versionPath = (document: string, version: string): string =>
  `${versionsPath(document)}?${new URLSearchParams({ version })}`;

/** The download of one version. */
export const downloadPath = (document: string, version: string): string =>
  `${versionPath(document, version)}&download`;

/** The page that compares two versions. */
export function comparisonPath(document: string, versions: [string, string]): string {
  const query = new URLSearchParams(versions.map((version) => ["version", version]));
  return `${versionsPath(document)}?${query}`;
}

/** Stands in the URL of a bin for what is in no module: no name contains a slash. */
export const OUTSIDE_MODULES = "/";

/** The page of the bin of a module (""; outside of modules), or of one folder in it. */
export function binPath(module: string, folder: string | null = null): string {
  const path = `/bin/${encodeURIComponent(module === "" ? OUTSIDE_MODULES : module)}/`;
  return folder === null ? path : `${path}?${new URLSearchParams({ folder })}`;
}

/** The page on which the user takes a folder back in time. */
export const goBackPath = (folder: string): string => `/go-back${encodePath(folder)}`;

/** The page that asks before versions are deleted for good, of a document or a folder. */
export const freePath = (what: "versions" | "deleted", path: string): string =>
  `/free?${new URLSearchParams({ what, path })}`;

/** The same for a module: its private and its public folder. */
export const freeModulePath = (what: "versions" | "deleted", module: string): string =>
  `/free?${new URLSearchParams({ what, module })}`;
