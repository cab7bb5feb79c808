/** What was found where something was entered. */

/** What the last check has found; a screen reader reads it when it changes. */
export const Finding = ({ id, text }: { id: string; text: string | null }) => (
  <p id={`${id}-finding`} class="finding" role="status">
    {text}
  </p>
);
