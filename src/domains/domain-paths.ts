/** Paths of the pages about domains. */

export const DOMAINS_PATH = "/settings/domains";

/** The page of one domain. */
export const domainPath = (host: string): string => `${DOMAINS_PATH}/${encodeURIComponent(host)}`;
