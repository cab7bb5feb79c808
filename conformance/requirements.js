/**
 * The requirements for servers in §3 to §14 of draft-dejong-remotestorage-26, in its order. A case, or a
 * test of Satchel, covers a requirement if it names its id.
 *
 * A fact without a key word ("<storage_api>, always '...'") is listed as MUST, and §5's list of status
 * codes as SHOULD, the level of the sentence that introduces it. Omitted:
 *
 * - §4 "Client-to-server requests SHOULD be made over HTTPS": binds clients.
 * - §4 "Servers MAY also offer an optional switch to HTTP/2": below what a request shows.
 * - §5 "Clients SHOULD also handle the case where a response takes too long": binds clients.
 * - §6 "A provider MAY offer version rollback functionality": the draft defines no interface for it.
 * - §9 "the <module> string SHOULD be lower-case alphanumerical": binds the apps that choose it.
 * - §10 "If <auth-dialog> is null, the client [...] SHOULD send all requests without Authorization
 *   header": binds clients.
 * - §10 "web-authoring": a proposal.
 * - §10 "MAY require the user to register applications as OAuth clients": cannot be tried from outside.
 * - §10.1 "Clients SHOULD use S256", "Clients SHOULD use PKCE when [...]": bind clients.
 * - §11 "The appplication MUST make sure", "It SHOULD ask for confirmation", "it SHOULD connect",
 *   "the application SHOULD ignore any other parameters": bind applications.
 */

/**
 * A requirement of the draft. The id is the section and the number within it: "§4.28" is the 28th of §4.
 * @typedef {object} Requirement
 * @property {string} id
 * @property {"MUST" | "MUST NOT" | "SHOULD" | "SHOULD NOT" | "MAY"} level
 * @property {string} sentence
 */

/** All requirements. @type {Requirement[]} */
export const REQUIREMENTS = [
  ...section("§3.", [
    [
      "SHOULD",
      "it should be able to produce a list of them, with for each contained item: item name, item type (folder or document), current version (ETag)",
    ],
    [
      "SHOULD",
      "The list also contains, for each document in the list: content type [...], content length, last-modified date",
    ],
    ["SHOULD", "the server should also be able to produce the current content of each document"],
  ]),

  ...section("§4.", [
    ["MUST", "servers MUST comply with HTTP/1.1"],
    ["MUST", "they MUST support chunked transfer coding on PUT requests"],
    [
      "MUST",
      "If a document with document_name <x> exists, then no folder with folder_name <x> can exist in the same parent folder, and vice versa.",
    ],
    [
      "MAY",
      "Item names MAY contain all characters, before URI_ENCODE, except '/' and the null character '\\0'",
    ],
    ["MUST NOT", "[Item names] MUST NOT have zero length"],
    ["MUST NOT", "Item names MUST NOT be equal to '.' or to '..'"],
    [
      "MUST",
      "A document description is a map containing one string-valued 'ETag' field, one string-valued 'Content-Type', one integer-valued 'Content-Length' field, and one string-valued 'Last-Modified' field.",
    ],
    ["MUST", "The last-modified date MUST be formatted as HTTP-date"],
    ["MUST", "content length is measured in octets (bytes), not in characters"],
    [
      "MUST",
      "A folder description is a map containing a string-valued 'ETag' field, representing the folder's current version.",
    ],
    [
      "MUST",
      "A successful GET request to a folder MUST be responded to with a JSON-LD document (content type 'application/ld+json')",
    ],
    [
      "MUST",
      "containing as its 'items' field a map in which contained documents appear as entries <item_name> to a document description",
    ],
    [
      "MUST",
      "contained non-empty folders appear as entries <item_name> '/' to a folder description",
    ],
    [
      "MUST",
      "It MUST also contain an '@context' field with the value 'http://remotestorage.io/spec/folder-description'.",
    ],
    [
      "MUST",
      "ETags in folder descriptions MUST omit the double quotes surrounding the value in HTTP headers.",
    ],
    [
      "SHOULD",
      "GET requests to empty folders SHOULD be responded to with a folder description with no items (the items field set to '{}').",
    ],
    ["MUST NOT", "an empty folder MUST NOT be listed as an item in its parent folder"],
    ["MUST", "A document PUT will make all ancestor folders along its path become non-empty"],
    ["MUST", "deleting the last document from a subtree will make that whole subtree become empty"],
    [
      "SHOULD",
      "A successful GET request to a document SHOULD be responded to with the full document contents in the body",
    ],
    ["SHOULD", "the document's content type in a 'Content-Type' header"],
    ["SHOULD", "its content length in octets (not in characters) in a 'Content-Length' header"],
    ["SHOULD", "the document's current version as a strong ETag in an 'ETag' header"],
    [
      "MUST NOT",
      "the use of strong ETags prohibits changing the response body based on request headers",
    ],
    ["MAY", "Servers MAY support Content-Range headers on GET requests"],
    [
      "SHOULD",
      'whether or not they do SHOULD be announced [...] through the "http://tools.ietf.org/html/rfc7233" option',
    ],
    [
      "SHOULD",
      "whether or not they do SHOULD be announced [...] through the HTTP 'Accept-Ranges' response header",
    ],
    [
      "MUST",
      "A successful PUT request to a document MUST result in: the request body being stored as the document's new content",
    ],
    ["MUST", "[PUT:] parent and further ancestor folders being silently created as necessary"],
    ["MUST", "[PUT:] the document (name and version) being added to its parent folder"],
    ["MUST", "[PUT:] each folder added to its subsequent parent"],
    [
      "MUST",
      "[PUT:] the value of its Content-Type header being stored as the document's new content type",
    ],
    [
      "MUST",
      "[PUT:] its version being updated, as well as that of its parent folder and further ancestor folders",
    ],
    ["MUST", "[PUT:] using a strong validator [HTTP, section 7.2]"],
    [
      "MAY",
      "If no valid Content-Type header was received as part of a PUT request, the server MAY refuse to process the request, and instead respond with a descriptive error message in the body, as well as a http response code from the 4xx range.",
    ],
    [
      "MUST NOT",
      "RemoteStorage does not place any restrictions on the value of Content-Type other than what is defined in [HTTP, section 3.1.1.5].",
    ],
    [
      "MUST",
      "The response MUST contain a strong ETag header, with the document's new version [...] as its value.",
    ],
    [
      "MUST",
      "A successful DELETE request to a document MUST result in: the deletion of that document from the storage",
    ],
    ["MUST", "[DELETE:] and from its parent folder"],
    [
      "MUST",
      "[DELETE:] silent deletion of the parent folder if it is left empty by this, and so on for further ancestor folders",
    ],
    ["MUST", "[DELETE:] the version of its parent folder being updated"],
    ["MUST", "[DELETE:] as well as that of further ancestor folders"],
    [
      "SHOULD",
      "A successful HEAD request SHOULD be responded to like to the equivalent GET request, but omitting the response body.",
    ],
    [
      "SHOULD",
      "A successful OPTIONS request SHOULD be responded to as described in the CORS section below.",
    ],
  ]),

  ...section("§5.", [
    [
      "SHOULD",
      "Response codes SHOULD be given as defined by [HTTP, section 6] and [BEARER, section 3.1].",
    ],
    ["SHOULD", "2xx for all successful requests."],
    ["SHOULD", "304 for a conditional GET request whose precondition fails"],
    [
      "SHOULD",
      "401 for all requests that require a valid bearer token and where no valid one was sent",
    ],
    [
      "SHOULD",
      "403 for all requests that have insufficient scope, e.g. accessing a <module> for which no scope was obtained",
    ],
    ["SHOULD", "403 for [...] accessing data outside the user's <storage_root>"],
    [
      "SHOULD",
      "404 for all DELETE, GET and HEAD requests to documents that do not exist on the storage",
    ],
    [
      "SHOULD",
      "409 for a PUT request where any folder name in the path clashes with an existing document's name at the same level",
    ],
    [
      "SHOULD",
      "409 for a PUT request [...] where the document name coincides with an existing folder's name at the same level",
    ],
    ["SHOULD", "412 for a conditional PUT or DELETE request whose precondition fails"],
    [
      "SHOULD",
      "413 if the payload is too large, e.g. when the server has a maximum upload size for documents",
    ],
    ["SHOULD", "414 if the request URI is too long"],
    [
      "SHOULD",
      "416 if Range requests are supported by the server and the Range request can not be satisfied",
    ],
    [
      "SHOULD",
      "429 if the client makes too frequent requests or is suspected of malicious activity",
    ],
    ["SHOULD", "4xx for all malformed requests, e.g. reserved characters in the path"],
    ["SHOULD", "4xx [...] for all PUT and DELETE requests to folders"],
    ["SHOULD", "500 if an internal server error occurred"],
    ["SHOULD", "507 in case the account is over its storage quota"],
  ]),

  ...section("§6.", [
    [
      "MUST",
      "All successful GET, HEAD [...] requests MUST return an 'ETag' header with [...] the current version",
    ],
    [
      "MUST",
      "All successful [...] PUT [...] requests MUST return an 'ETag' header with [...] the new version",
    ],
    [
      "MUST",
      "All successful [...] DELETE requests MUST return an 'ETag' header with [...] the version that was deleted",
    ],
    ["MUST", "All successful GET requests MUST return a 'Cache-Control: no-cache' header"],
    [
      "MUST",
      "except for requests in the 'public' subtree which MUST return a 'Cache-Control: no-cache, public' header",
    ],
    [
      "MUST",
      "PUT [...] requests MAY have an 'If-Match' request header, and MUST fail with a 412 response code if that does not match the document's current version",
    ],
    [
      "MUST",
      "DELETE requests MAY have an 'If-Match' request header, and MUST fail with a 412 response code if that does not match the document's current version",
    ],
    [
      "SHOULD",
      "GET requests MAY have a comma-separated list of revisions in an 'If-None-Match' header, and SHOULD be responded to with a 304 response if that list includes the document['s] current version",
    ],
    [
      "SHOULD",
      "SHOULD be responded to with a 304 response if that list includes the [...] folder's current version",
    ],
    [
      "MUST",
      "A PUT request MAY have an 'If-None-Match: *' header, in which case it MUST fail with a 412 response code if the document already exists.",
    ],
  ]),

  ...section("§7.", [
    ["MUST", "All responses MUST carry CORS headers."],
    ["MUST", "The server MUST also reply to preflight OPTIONS requests as per CORS."],
  ]),

  ...section("§8.", [
    [
      "SHOULD",
      "The information that a client needs to receive in order to be able to connect to a server SHOULD reach the client as described in the 'bearer token issuance' sections",
    ],
    [
      "MUST",
      "<storage_root>, consisting of 'https://' followed by a server host, and optionally a server port and a path prefix [...] (note there is no trailing slash)",
    ],
    ["SHOULD", "The token SHOULD be hard to guess"],
    ["SHOULD NOT", "[The token] SHOULD NOT be reused from one client to another."],
    ["MUST", "<storage_api>, always 'draft-dejong-remotestorage-26'"],
    [
      "MUST",
      "The client can make its requests [...] to the URL that is the concatenation of <storage_root> with '/' plus one or more <folder> '/' strings [...], followed by zero or one <document> strings",
    ],
  ]),

  ...section("§9.", [
    ["SHOULD NOT", "<module> [...] other than the reserved word 'public'"],
    ["MUST", "<level> can be ':r' or ':rw'"],
    ["MUST", "The access the bearer token gives is the sum of its access scopes"],
    ["MUST", "'*:rw') any request"],
    ["MUST", "'*:r') any GET or HEAD request"],
    [
      "MUST",
      "<module> ':rw') any requests to paths relative to <storage_root> that start with '/' <module> '/' or '/public/' <module> '/'",
    ],
    [
      "MUST",
      "<module> ':r') any GET or HEAD requests to paths relative to <storage_root> that start with '/' <module> '/' or '/public/' <module> '/'",
    ],
    [
      "MUST",
      "GET and HEAD requests to a document (but not a folder) whose path starts with '/public/' are always allowed.",
    ],
    ["MUST", "They, as well as OPTIONS requests, can be made without a bearer token."],
    [
      "SHOULD",
      "all other requests SHOULD present a bearer token with sufficient access scope, using a header of the following form: Authorization: Bearer <access_token>",
    ],
    [
      "MAY",
      "providing the access token via a HTTP query parameter for GET requests MAY be supported by the server",
    ],
    [
      "SHOULD",
      'If supported, this SHOULD be announce[d] through the "http://tools.ietf.org/html/rfc6750#section-2.3" WebFinger property',
    ],
  ]),

  ...section("§10.", [
    [
      "SHOULD",
      "exactly one link of the following format SHOULD be added to the WebFinger record for <uri>",
    ],
    [
      "MUST",
      '"href": <storage_root>, "rel": "http://tools.ietf.org/id/draft-dejong-remotestorage", "properties": { "http://remotestorage.io/spec/version": <storage_api>, "http://tools.ietf.org/html/rfc6749#section-4.2": <auth-dialog> }',
    ],
    [
      "MUST",
      'A common way of identifying persons as <user> at <host> is through a URI of the format "acct:<user>@<host>".',
    ],
    [
      "MAY",
      'Persons who use a personal domain name, not shared with any other users, can be identified by a URI of the format "http://<host>/"',
    ],
    [
      "SHOULD",
      "<auth-dialog> SHOULD be either null or a URL where an OAuth 2.0 implicit-grant flow dialog is presented.",
    ],
    ["MUST", "the user can supply their credentials for accessing the account"],
    [
      "MUST",
      "and allow or reject a request by the connecting application to obtain a bearer token for a certain list of access scopes",
    ],
    [
      "SHOULD NOT",
      "servers SHOULD NOT impose any such access barriers for resources that would normally not require an access token",
    ],
    [
      "SHOULD",
      'a "http://tools.ietf.org/html/rfc6750#section-2.3" property, set to the string value "true" if the server supports passing the bearer token in the URI query parameter',
    ],
    [
      "SHOULD",
      '"http://tools.ietf.org/html/rfc7233" with a string value of "GET" if Content-Range headers are supported for GET requests',
    ],
    ["MAY", "The server MAY expire bearer tokens"],
    [
      "MUST",
      "if no client registration is required, the server MUST ignore the value of the client_id parameter in favor of relying on the origin of the redirect_uri parameter for unique client identification",
    ],
  ]),

  ...section("§10.1-", [
    [
      "MAY",
      "servers MAY support the OAuth 2.0 Authorization Code grant with Proof Key for Code Exchange (PKCE)",
    ],
    [
      "MUST",
      '[the server MUST advertise] "http://tools.ietf.org/html/rfc6749#section-3.1" with the authorization endpoint URL',
    ],
    [
      "MUST",
      '[the server MUST advertise] "http://tools.ietf.org/html/rfc6749#section-3.2" with the token endpoint URL',
    ],
    [
      "MUST",
      '[the server MUST advertise] "http://tools.ietf.org/html/rfc7636" with a string value indicating supported code_challenge method(s)',
    ],
    ["MUST", 'Servers MUST support "S256".'],
    ["SHOULD NOT", 'Servers SHOULD NOT advertise "plain" unless "S256" is also supported.'],
    [
      "MUST",
      "Scope handling, redirect URI origin checks, and bearer token usage remain unchanged.",
    ],
  ]),

  ...section("§11.", [
    [
      "MAY",
      "providers MAY redirect to applications with a 'remotestorage' field in the URL fragment, with the user account as value",
    ],
  ]),

  ...section("§14.", [
    [
      "SHOULD",
      "The user SHOULD always be prompted to carefully review which scopes an application is requesting.",
    ],
    [
      "SHOULD",
      "the OAuth dialog and launch dashboard or token revocation interface SHOULD be on a different origin than the remoteStorage interface",
    ],
    [
      "SHOULD",
      "make an effort to detect and stop brute-force attacks that attempt to guess the location of such documents",
    ],
    [
      "SHOULD",
      "detect and stop denial-of-service attacks that aim to overwhelm its interface with too much traffic",
    ],
  ]),
];

/**
 * @param {string} prefix
 * @param {[level: Requirement["level"], sentence: string][]} entries
 * @returns {Requirement[]}
 */
function section(prefix, entries) {
  return entries.map(([level, sentence], index) => ({
    id: `${prefix}${index + 1}`,
    level,
    sentence,
  }));
}
