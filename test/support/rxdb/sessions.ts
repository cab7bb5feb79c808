/** Sessions of the RxDB endpoint: `POST /rxdb/<user>/<module>/session`. */

import { send, type TestApp } from "../provider";

/** Requests a session with the app's token. */
export const requestSession = (
  app: TestApp,
  module = "todos",
  { headers = {}, body }: { headers?: Record<string, string>; body?: object } = {},
): Promise<Response> =>
  send(`/rxdb/${app.user}/${module}/session`, {
    method: "POST",
    headers: {
      Authorization: `Bearer ${app.token}`,
      "Content-Type": "application/json",
      ...headers,
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });

export interface RxdbSession {
  url: string;
  session: string;
  expiresAt: number | null;
}

/** Creates a session. Throws if it is refused. */
export async function createRxdbSession(app: TestApp, module = "todos"): Promise<RxdbSession> {
  const response = await requestSession(app, module);
  if (response.status !== 201) throw new Error(`No session: ${await response.text()}`);
  return response.json();
}

/** The URL of a session without scheme and host. */
export const sessionPath = ({ url }: RxdbSession): string => {
  const { pathname, search } = new URL(url);
  return pathname + search;
};
