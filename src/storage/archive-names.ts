/** The names that documents get in a ZIP archive: their paths, made safe for every system. Pure. */

/**
 * The name of each document by its path: its path from where the archive is unpacked, as §4 rules out
 * names that are empty, "." or "..". Escaped is only what Windows takes for a path: "\" and a leading
 * "C:".
 */
export function archiveNames(paths: string[]): Map<string, string> {
  const relativePath = (path: string): string => path.slice(1);
  const isSafe = (path: string): boolean => escapeName(relativePath(path)) === relativePath(path);
  const usedNames = new Set(paths.filter(isSafe).map(relativePath));
  return new Map(
    paths.map((path) => {
      if (isSafe(path)) return [path, relativePath(path)];
      const name = uniqueName(escapeName(relativePath(path)), usedNames);
      usedNames.add(name);
      return [path, name];
    }),
  );
}

const escapeName = (name: string): string =>
  name.replaceAll("\\", "%5C").replace(/^([A-Za-z]):/, "$1%3A");

/**
 * A name that is not used, that is no folder of a used name, and that is not inside one: the given
 * name, with as many underscores before it as that takes.
 */
export function uniqueName(name: string, usedNames: Set<string>): string {
  const isFree = (candidate: string): boolean =>
    !usedNames.has(candidate) &&
    ![...usedNames].some(
      (used) => used.startsWith(`${candidate}/`) || candidate.startsWith(`${used}/`),
    );
  let candidate = name;
  while (!isFree(candidate)) candidate = `_${candidate}`;
  return candidate;
}
