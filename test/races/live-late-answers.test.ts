/** Live sockets while D1 answers late: of a grant that ends meanwhile, and of versions that change meanwhile. */

import { afterEach, expect, it } from "vitest";
import { delayResult, stopDelaying, until } from "../support/delayed-results";
import { LiveClient } from "../support/live";
import {
  APP_ORIGIN,
  connectApp,
  createUser,
  createUserWithApp,
  sendForm,
} from "../support/provider";

const GRANT_STATUS = "FROM grants g JOIN accounts a";
const VERSIONS = "FROM json_each(?2) d CROSS JOIN nodes n";

afterEach(stopDelaying);

it("a socket is not opened for a grant that ends while it is looked for", async () => {
  const user = await createUser();
  const app = await connectApp(user);
  const { held, release } = delayResult(GRANT_STATUS);
  const opening = LiveClient.open(app);
  await held();
  const path = `/apps/disconnect?app=${encodeURIComponent(APP_ORIGIN)}`;
  expect((await sendForm(path, {}, { cookie: user.cookie })).status).toBe(303);
  release();
  const client = await opening;
  await until(() => client.closed !== null);
  expect(client.closed).toEqual({ code: 4401, reason: "unauthorized" });
});

it("a folder is watched at once while its documents change all the time", async () => {
  const app = await createUserWithApp("notes:rw");
  const client = await LiveClient.open(app);
  await client.watch("/notes/");
  const { held, release, count } = delayResult(VERSIONS);
  const watching = client.watch("/notes/");
  await held();
  const { length } = client.changes;
  await app.put("/notes/a", "1");
  await until(() => client.changes.length > length);
  release();
  const answer = await watching;
  expect(count()).toBe(1);
  // Not the version that was read, which is older than what was told.
  expect(answer.folders).toEqual(client.changes.at(-1)?.folders);
  expect(`"${answer.folders?.[0]?.ETag}"`).toBe(await app.version("/notes/"));
});
