/** The operations whose cost is counted, and how each is prepared. */

import type { TestUser } from "./test-user";

export interface Operation {
  name: string;
  /** The budget (prices.json) that it must not exceed. */
  budget?: "get" | "notModified" | "listing" | "put" | "delete";
  status: number;
  /** Runs before the operation, uncounted. `index` distinguishes repeated runs. */
  prepare?(index: number): Promise<unknown>;
  run(index: number): Promise<Response>;
}

/**
 * Three folders deep: the storage root, /cost/ and /cost/three/. A PUT writes one row for each folder
 * and one for the document.
 */
const DEPTH_3 = "/cost/three/";
/** Ten folders deep, likewise. */
const DEPTH_10 = "/cost/3/4/5/6/7/8/9/10/";
/** A folder of 50 documents, only for listings, so that no operation changes it. */
const FOLDER_OF_50 = "/cost/fifty/";
const PUBLIC_FOLDER = "/public/cost/";

const KILOBYTE = new Uint8Array(1024);
const PART_BYTES = 5 * 1024 * 1024;

/** Stores the documents that the operations need. */
export async function seedStorage(user: TestUser): Promise<void> {
  const put = createPut(user);
  for (const path of [`${DEPTH_3}document`, `${PUBLIC_FOLDER}document`, `${DEPTH_10}other`])
    await put(path);
  for (let i = 0; i < 50; i++) await put(`${FOLDER_OF_50}document-${i}`);
}

/** All operations, in the order of the table. `seedStorage` must have run. */
export function operations(user: TestUser): Operation[] {
  return [...readOperations(user), ...writeOperations(user), ...otherOperations(user)];
}

function readOperations(user: TestUser): Operation[] {
  const { requestStorage, send, user: name } = user;
  const document = `${DEPTH_3}document`;
  let documentVersion = "";
  let folderVersion = "";
  return [
    {
      name: "GET of 1 KB",
      budget: "get",
      status: 200,
      run: () => requestStorage("GET", document),
    },
    {
      name: "GET of a public document, no token",
      budget: "get",
      status: 200,
      run: () => send(`/storage/${name}${PUBLIC_FOLDER}document`),
    },
    {
      name: "GET of a document, 304",
      budget: "notModified",
      status: 304,
      async prepare() {
        documentVersion ||= await loadETag(user, document);
      },
      run: () => requestStorage("GET", document, { headers: { "If-None-Match": documentVersion } }),
    },
    {
      name: "HEAD of a document",
      budget: "notModified",
      status: 200,
      run: () => requestStorage("HEAD", document),
    },
    {
      name: "GET of a missing document, 404",
      budget: "notModified",
      status: 404,
      run: () => requestStorage("GET", `${DEPTH_3}nothing`),
    },
    {
      name: "Listing of 50",
      budget: "listing",
      status: 200,
      run: () => requestStorage("GET", FOLDER_OF_50),
    },
    {
      name: "Listing of 50, 304",
      budget: "notModified",
      status: 304,
      async prepare() {
        folderVersion ||= await loadETag(user, FOLDER_OF_50);
      },
      run: () =>
        requestStorage("GET", FOLDER_OF_50, { headers: { "If-None-Match": folderVersion } }),
    },
    {
      name: "Listing of an empty folder",
      budget: "notModified",
      status: 200,
      run: () => requestStorage("GET", "/nothing/here/"),
    },
  ];
}

function writeOperations(user: TestUser): Operation[] {
  const { requestStorage } = user;
  const put = createPut(user);
  return [
    {
      name: "PUT of a new document, three folders deep",
      budget: "put",
      status: 201,
      run: (index) => put(`${DEPTH_3}new-${index}`),
    },
    {
      name: "PUT replacing a document, three folders deep",
      budget: "put",
      status: 200,
      prepare: (index) => put(`${DEPTH_3}old-${index}`),
      run: (index) => put(`${DEPTH_3}old-${index}`),
    },
    {
      name: "PUT without a length, three folders deep",
      budget: "put",
      status: 201,
      run: (index) => put(`${DEPTH_3}chunked-${index}`, chunkedBody(KILOBYTE)),
    },
    {
      name: "PUT without a length, two parts",
      status: 201,
      run: (index) => put(`${DEPTH_3}parts-${index}`, chunkedBody(new Uint8Array(PART_BYTES + 1))),
    },
    {
      name: "PUT ten folders deep",
      status: 201,
      run: (index) => put(`${DEPTH_10}new-${index}`),
    },
    {
      name: "PUT into new folders, three deep",
      budget: "put",
      status: 201,
      run: (index) => put(`/new-${index}/folder/document`),
    },
    {
      name: "PUT that is refused, 412",
      status: 412,
      run: () => put(`${DEPTH_3}document`, KILOBYTE, { "If-None-Match": "*" }),
    },
    {
      name: "DELETE, three folders deep",
      budget: "delete",
      status: 200,
      prepare: (index) => put(`${DEPTH_3}gone-${index}`),
      run: (index) => requestStorage("DELETE", `${DEPTH_3}gone-${index}`),
    },
    {
      name: "DELETE that leaves two folders empty",
      budget: "delete",
      status: 200,
      prepare: (index) => put(`/gone-${index}/folder/document`),
      run: (index) => requestStorage("DELETE", `/gone-${index}/folder/document`),
    },
    {
      name: "DELETE of a missing document, 404",
      status: 404,
      run: () => requestStorage("DELETE", `${DEPTH_3}nothing`),
    },
  ];
}

function otherOperations(user: TestUser): Operation[] {
  const { send, user: name } = user;
  const codes = new Map<number, string>();
  const tokens = new Map<number, string>();
  return [
    {
      name: "Preflight",
      status: 204,
      run: () =>
        send(`/storage/${name}${DEPTH_3}document`, {
          method: "OPTIONS",
          headers: { Origin: "https://app.example", "Access-Control-Request-Method": "PUT" },
        }),
    },
    {
      name: "WebFinger",
      status: 200,
      run: () => send(`/.well-known/webfinger?resource=acct:${user.address}`),
    },
    {
      name: "Quota",
      status: 200,
      run: () => user.get(`/quota/${name}`),
    },
    {
      name: "Exchange of a code",
      status: 200,
      prepare: async (index) => codes.set(index, await user.authorizeCode()),
      run: (index) => user.redeemCode(codes.get(index) ?? ""),
    },
    {
      name: "Refresh of a token",
      status: 200,
      async prepare(index) {
        const response = await user.redeemCode(await user.authorizeCode());
        const { refresh_token } = (await response.json()) as { refresh_token: string };
        tokens.set(index, refresh_token);
      },
      run: (index) => user.refreshTokens(tokens.get(index) ?? ""),
    },
  ];
}

const createPut =
  ({ requestStorage }: TestUser) =>
  (path: string, body: BodyInit = KILOBYTE, headers: Record<string, string> = {}) =>
    requestStorage("PUT", path, {
      body,
      headers: { "Content-Type": "application/octet-stream", ...headers },
      // Node requires this for a stream, which is sent before the response is read.
      ...(body instanceof ReadableStream ? { duplex: "half" } : {}),
    });

const loadETag = async ({ requestStorage }: TestUser, path: string): Promise<string> =>
  (await requestStorage("HEAD", path)).headers.get("etag") ?? "";

/** A body of unknown length, which is sent in chunks. */
const chunkedBody = (bytes: Uint8Array): ReadableStream<Uint8Array> =>
  new ReadableStream({
    start(controller) {
      controller.enqueue(bytes);
      controller.close();
    },
  });
