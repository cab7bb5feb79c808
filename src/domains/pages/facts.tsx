/** What to enter somewhere else, and what was found there. */

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

/** What the last check has found; a screen reader reads it when it changes. */
export const Finding = ({ id, text }: { id: string; text: string | null }) => (
  <p id={`${id}-finding`} class="finding" role="status">
    {text}
  </p>
);
