/** How the web site of a domain sends WebFinger requests to this provider: rules for web servers, files for other hosts. */

/** What a web server, or a host of web sites, needs for that. */
export interface WebFingerRule {
  program: "nginx" | "Apache" | "Caddy" | "Netlify" | "Cloudflare Pages" | "GitHub Pages";
  /** `rule`: text for the configuration. `file`: text of a file beside the JRD, which has to be uploaded. */
  kind: "rule" | "file";
  /** Where the text belongs: a file name, or null for the configuration of the site. */
  fileName: string | null;
  text: string;
}

const PATH = "/.well-known/webfinger";

/**
 * The rules for a provider at this origin, one for each program. Browsers follow a redirect to another host
 * only if the redirect itself has a CORS header; where that cannot be set, the site answers itself.
 */
export const webFingerRules = (origin: string): WebFingerRule[] => [
  {
    program: "nginx",
    kind: "rule",
    fileName: null,
    text: `location = ${PATH} {
    add_header Access-Control-Allow-Origin *;
    return 307 ${origin}$request_uri;
}`,
  },
  {
    program: "Apache",
    kind: "rule",
    fileName: ".htaccess",
    text: `Redirect 307 "${PATH}" "${origin}${PATH}"
Header always set Access-Control-Allow-Origin "*" "expr=%{REQUEST_URI} == '${PATH}'"`,
  },
  {
    program: "Caddy",
    kind: "rule",
    fileName: "Caddyfile",
    text: `@webfinger path ${PATH}
header @webfinger Access-Control-Allow-Origin *
redir @webfinger ${origin}{uri} 307`,
  },
  {
    program: "Netlify",
    kind: "rule",
    fileName: "_redirects",
    text: `${PATH}  ${origin}${PATH}  200`,
  },
  {
    program: "Cloudflare Pages",
    kind: "file",
    fileName: "_headers",
    text: `${PATH}
  Access-Control-Allow-Origin: *
  Content-Type: application/jrd+json`,
  },
  { program: "GitHub Pages", kind: "file", fileName: ".nojekyll", text: "" },
];
