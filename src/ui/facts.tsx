/** Facts about one thing. */

import type { Child } from "hono/jsx";

/** A list of names, each with its value. */
export const Facts = ({ facts }: { facts: [name: string, value: Child][] }) => (
  <dl class="facts">
    {facts.map(([name, value]) => (
      <>
        <dt>{name}</dt>
        <dd>{value}</dd>
      </>
    ))}
  </dl>
);
