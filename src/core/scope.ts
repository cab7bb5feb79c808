/** Access scopes of tokens: §9. */

import { formatPath, type NodePath } from "./path";

/** One access scope: a module, or `*` for all of them, and the level of access to it. */
export interface Scope {
  module: string;
  level: "r" | "rw";
}

// §9: "the <module> string SHOULD be lower-case alphanumerical, other than the reserved word
// 'public'". Existing apps also use hyphens, underscores, dots and capitals, none of which has a
// meaning in a path.
const SCOPE_PATTERN = /^(\*|[A-Za-z0-9][A-Za-z0-9._-]{0,63}):(rw?)$/;

/** More than a user would read on a consent page. */
export const MAX_SCOPES = 64;

/**
 * Parses a scope parameter such as "notes:rw photos:r". Returns null if it is empty, if any part is
 * not an access scope, or if there are too many. A module that occurs twice gets the higher level.
 */
export function parseScopes(raw: string): Scope[] | null {
  const scopes: Scope[] = [];
  for (const part of raw.split(" ").filter((part) => part !== "")) {
    const [, module, level] = SCOPE_PATTERN.exec(part) ?? [];
    if (module === undefined || module === "public") return null;
    scopes.push({ module, level: level as Scope["level"] });
  }
  const merged = mergeScopes(scopes);
  return merged.length > 0 && merged.length <= MAX_SCOPES ? merged : null;
}

/** Each module once, with the highest of its levels. */
export function mergeScopes(scopes: Scope[]): Scope[] {
  const levels = new Map<string, Scope["level"]>();
  for (const { module, level } of scopes) {
    if (level === "rw" || !levels.has(module)) levels.set(module, level);
  }
  return [...levels].map(([module, level]) => ({ module, level }));
}

/** Formats scopes as a scope parameter; the inverse of `parseScopes`. */
export const formatScopes = (scopes: Scope[]): string =>
  scopes.map(({ module, level }) => `${module}:${level}`).join(" ");

/** Whether the scopes include `*`. */
export const hasFullAccess = (scopes: Scope[]): boolean =>
  scopes.some(({ module }) => module === "*");

/** Whether `granted` covers every scope in `wanted`. */
export const isSubsetOf = (wanted: Scope[], granted: Scope[]): boolean =>
  wanted.every(({ module, level }) =>
    granted.some(
      (scope) =>
        (scope.module === module || scope.module === "*") &&
        (level === "r" || scope.level === "rw"),
    ),
  );

/**
 * Drops each scope that another one includes. With access to everything no single module can be left
 * out, so a consent page must not offer it.
 */
export const minimizeScopes = (scopes: Scope[]): Scope[] =>
  scopes.filter(
    (scope) =>
      scope.module === "*" ||
      !isSubsetOf(
        [scope],
        scopes.filter((other) => other !== scope),
      ),
  );

/** Whether the scopes allow it. §9: "The access the bearer token gives is the sum of its access scopes". */
export const isAllowed = (scopes: Scope[], action: "read" | "write", node: NodePath): boolean =>
  scopes.some(
    ({ module, level }) =>
      (action === "read" || level === "rw") && (module === "*" || module === moduleOf(node)),
  );

/** The level of access to a module; null if there is none. */
export function accessLevel(scopes: Scope[], module: string): Scope["level"] | null {
  const own = scopes.filter((scope) => scope.module === "*" || scope.module === module);
  return own.find(({ level }) => level === "rw")?.level ?? own[0]?.level ?? null;
}

/** Whether the text is a valid module name. */
export const isModuleName = (text: string): boolean =>
  text !== "*" && parseScopes(`${text}:r`) !== null;

/**
 * The module that a node belongs to; null if it belongs to none. §9: "start with '/' <module> '/' or
 * '/public/' <module> '/'"
 */
export function moduleOf(node: NodePath): string | null {
  const [, first, second] = formatPath(node).split("/").slice(0, -1);
  return (first === "public" ? second : first) ?? null;
}
