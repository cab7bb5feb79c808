/** The operations that are billed: what a client asks for, and how it is made ready. */

import type { TestUser } from "./test-user";

export interface Operation {
  name: string;
  /** The row of the floor table (prices.json) that it must not be above. */
  budget?: "get" | "notModified" | "listing" | "put" | "delete";
  status: number;
  /** Comes before the operation and is not billed. `turn` tells repeated ones apart. */
  prepare?(turn: number): Promise<unknown>;
  run(turn: number): Promise<Response>;
}

/**
 * Three folders, counted as the floor table counts them: the storage root, /bill/ and
 * /bill/three/. A PUT writes one row for each, and one for the document.
 */
const THREE = "/bill/three/";
/** Ten folders, counted likewise. */
const TEN = "/bill/3/4/5/6/7/8/9/10/";
/** Its documents are there for the listing alone, so that none of the operations changes it. */
const FIFTY = "/bill/fifty/";
const PUBLIC = "/public/bill/";

const KILOBYTE = new Uint8Array(1024);
const PART_BYTES = 5 * 1024 * 1024;

/** Fills the visitor's storage with what the operations below need. */
export async function seedStorage(visitor: TestUser): Promise<void> {
  const put = putWith(visitor);
  for (const path of [`${THREE}document`, `${PUBLIC}document`, `${TEN}other`]) await put(path);
  for (let i = 0; i < 50; i++) await put(`${FIFTY}document-${i}`);
}

/** Every operation, in the order of the table. The visitor's storage has to be furnished. */
export function operations(visitor: TestUser): Operation[] {
  return [...reads(visitor), ...writes(visitor), ...otherEndpoints(visitor)];
}

function reads(visitor: TestUser): Operation[] {
  const { requestStorage: ask, send, user } = visitor;
  const document = `${THREE}document`;
  let documentVersion = "";
  let folderVersion = "";
  return [
    {
      name: "GET of 1 KB",
      budget: "get",
      status: 200,
      run: () => ask("GET", document),
    },
    {
      name: "GET of a public document, no token",
      budget: "get",
      status: 200,
      run: () => send(`/storage/${user}${PUBLIC}document`),
    },
    {
      name: "GET of a document, 304",
      budget: "notModified",
      status: 304,
      async prepare() {
        documentVersion ||= await versionOf(visitor, document);
      },
      run: () => ask("GET", document, { headers: { "If-None-Match": documentVersion } }),
    },
    {
      name: "HEAD of a document",
      budget: "notModified",
      status: 200,
      run: () => ask("HEAD", document),
    },
    {
      name: "GET of nothing, 404",
      budget: "notModified",
      status: 404,
      run: () => ask("GET", `${THREE}nothing`),
    },
    {
      name: "Listing of 50",
      budget: "listing",
      status: 200,
      run: () => ask("GET", FIFTY),
    },
    {
      name: "Listing of 50, 304",
      budget: "notModified",
      status: 304,
      async prepare() {
        folderVersion ||= await versionOf(visitor, FIFTY);
      },
      run: () => ask("GET", FIFTY, { headers: { "If-None-Match": folderVersion } }),
    },
    {
      name: "Listing of an empty folder",
      budget: "notModified",
      status: 200,
      run: () => ask("GET", "/nothing/here/"),
    },
  ];
}

function writes(visitor: TestUser): Operation[] {
  const { requestStorage: ask } = visitor;
  const put = putWith(visitor);
  return [
    {
      name: "PUT of a new document, three folders deep",
      budget: "put",
      status: 201,
      run: (turn) => put(`${THREE}new-${turn}`),
    },
    {
      name: "PUT over a document, three folders deep",
      budget: "put",
      status: 200,
      prepare: (turn) => put(`${THREE}old-${turn}`),
      run: (turn) => put(`${THREE}old-${turn}`),
    },
    {
      name: "PUT without a length, three folders deep",
      budget: "put",
      status: 201,
      run: (turn) => put(`${THREE}chunked-${turn}`, streamOf(KILOBYTE)),
    },
    {
      name: "PUT without a length, two parts",
      status: 201,
      run: (turn) => put(`${THREE}parts-${turn}`, streamOf(new Uint8Array(PART_BYTES + 1))),
    },
    {
      name: "PUT ten folders deep",
      status: 201,
      run: (turn) => put(`${TEN}new-${turn}`),
    },
    {
      name: "PUT into new folders, three deep",
      budget: "put",
      status: 201,
      run: (turn) => put(`/new-${turn}/folder/document`),
    },
    {
      name: "PUT that is refused, 412",
      status: 412,
      run: () => put(`${THREE}document`, KILOBYTE, { "If-None-Match": "*" }),
    },
    {
      name: "DELETE, three folders deep",
      budget: "delete",
      status: 200,
      prepare: (turn) => put(`${THREE}gone-${turn}`),
      run: (turn) => ask("DELETE", `${THREE}gone-${turn}`),
    },
    {
      name: "DELETE that leaves two folders empty",
      budget: "delete",
      status: 200,
      prepare: (turn) => put(`/gone-${turn}/folder/document`),
      run: (turn) => ask("DELETE", `/gone-${turn}/folder/document`),
    },
    {
      name: "DELETE of nothing, 404",
      status: 404,
      run: () => ask("DELETE", `${THREE}nothing`),
    },
  ];
}

function otherEndpoints(visitor: TestUser): Operation[] {
  const { send, user } = visitor;
  const codes = new Map<number, string>();
  const tokens = new Map<number, string>();
  return [
    {
      name: "Preflight",
      status: 204,
      run: () =>
        send(`/storage/${user}${THREE}document`, {
          method: "OPTIONS",
          headers: { Origin: "https://app.example", "Access-Control-Request-Method": "PUT" },
        }),
    },
    {
      name: "WebFinger",
      status: 200,
      run: () => send(`/.well-known/webfinger?resource=acct:${visitor.address}`),
    },
    {
      name: "Quota of an account",
      status: 200,
      run: () => visitor.get(`/quota/${user}`),
    },
    {
      name: "Exchange of a code for tokens",
      status: 200,
      prepare: async (turn) => codes.set(turn, await visitor.authorizeCode()),
      run: (turn) => visitor.redeemCode(codes.get(turn) ?? ""),
    },
    {
      name: "Refresh of a token",
      status: 200,
      async prepare(turn) {
        const response = await visitor.redeemCode(await visitor.authorizeCode());
        const { refresh_token } = (await response.json()) as { refresh_token: string };
        tokens.set(turn, refresh_token);
      },
      run: (turn) => visitor.refreshTokens(tokens.get(turn) ?? ""),
    },
  ];
}

const putWith =
  ({ requestStorage: ask }: TestUser) =>
  (path: string, body: BodyInit = KILOBYTE, headers: Record<string, string> = {}) =>
    ask("PUT", path, {
      body,
      headers: { "Content-Type": "application/octet-stream", ...headers },
      // Node wants to be told that a stream is sent before the response is read.
      ...(body instanceof ReadableStream ? { duplex: "half" } : {}),
    });

const versionOf = async ({ requestStorage: ask }: TestUser, path: string): Promise<string> =>
  (await ask("HEAD", path)).headers.get("etag") ?? "";

/** A body that is sent in chunks, for its length is not known before its end. */
const streamOf = (bytes: Uint8Array): ReadableStream<Uint8Array> =>
  new ReadableStream({
    start(controller) {
      controller.enqueue(bytes);
      controller.close();
    },
  });
