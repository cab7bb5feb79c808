/** SQL with named parameters, turned into the numbered ones that D1 takes. */

/** A statement as D1 gets it, and the names of its parameters: the first is `?1`. */
export interface CompiledSql {
  text: string;
  parameters: string[];
}

/**
 * Compiles SQL in which `:name` stands for a parameter, without the comments and the indentation that
 * are for readers only and would otherwise be sent with each query. On a hot path once, when the
 * module is loaded.
 */
export function compileSql(sql: string): CompiledSql {
  const parameters: string[] = [];
  const numberOf = (name: string): number => {
    if (!parameters.includes(name)) parameters.push(name);
    return parameters.indexOf(name) + 1;
  };
  const text = sql
    .replace(/--.*$/gm, "")
    // A colon in a string literal is no parameter.
    .replace(/'[^']*'|:(\w+)/g, (match, name?: string) => (name ? `?${numberOf(name)}` : match))
    .replace(/\s+/g, " ");
  return { text, parameters };
}

/** A statement with the values of its parameters, by name; values that it does not use are left out. */
export const bindSql = (
  db: D1Database,
  { text, parameters }: CompiledSql,
  values: Record<string, unknown>,
): D1PreparedStatement => db.prepare(text).bind(...parameters.map((name) => values[name]));
