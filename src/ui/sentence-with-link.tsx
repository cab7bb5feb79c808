/** A sentence that contains a link. */

/** Renders `parts` (the text before the link, the link's text, the text after it), linked to `href`. */
export const SentenceWithLink = ({
  parts: [before, linkText, after],
  href,
}: {
  parts: string[];
  href: string;
}) => (
  <>
    {before} <a href={href}>{linkText}</a>
    {after}
  </>
);
