/** Facts about one thing. */

import type { Child } from "hono/jsx";

/** A fact; null: there is none to show. */
type Fact = [name: string, value: Child] | null;

/** A list of names, each with its value. */
export const Facts = ({ facts }: { facts: Fact[] }) => (
  <dl class="facts">
    {facts
      .filter((fact) => fact !== null)
      .map(([name, value]) => (
        <>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </>
      ))}
  </dl>
);
