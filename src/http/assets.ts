/** The paths of the pages' own files: the style sheet, the icon and the scripts in src/assets. */

import type { Context } from "hono";

/** Below it, each deployed version has its files. */
const PREFIX = "/assets/";

/**
 * The path of a file, which names the deployed version: so a browser may keep the file, and loads it again only after
 * a deployment. Scripts import each other by relative paths, and so of the same version.
 * @param file such as "/style.css"
 */
export const assetPath = ({ env }: Context, file: string): string =>
  env.VERSION ? `${PREFIX}${env.VERSION.id}${file}` : file;

/** The file that a path means, and whether what is there never changes. */
export function parseAssetPath({ env }: Context, path: string): { file: string; isFinal: boolean } {
  if (!path.startsWith(PREFIX)) return { file: path, isFinal: false };
  const [version] = path.slice(PREFIX.length).split("/", 1) as [string];
  // A page of another version may ask during a deployment. It gets the file that there is, but must not keep it.
  return {
    file: path.slice(PREFIX.length + version.length),
    isFinal: version === env.VERSION?.id,
  };
}
