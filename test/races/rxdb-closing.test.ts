/** An RxDB client that closes its socket. */

import { describe, expect, it } from "vitest";
import { doorOf, Frames, until } from "../support/rxdb";
import { someone } from "../support/world";

describe("A client that closes its socket", () => {
  it("is answered by the closing of the other side (RFC 6455 §5.5.1)", async () => {
    const frames = await Frames.open(doorOf(await someone("todos:rw")));
    frames.socket.close(1000);
    await until(() => frames.closed !== null);
    expect(frames.closed?.code).toBe(1000);
  });
});
