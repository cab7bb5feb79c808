/** DNS over HTTPS as the provider asks for it, without TLS: two resolvers of the TXT records of a test. */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** The type of TXT records. */
const TXT = 16;

/** No such name, as a status of DNS. */
const NXDOMAIN = 3;

/** The running server. */
export interface DnsServer {
  /** The setting DNS_RESOLVERS. */
  resolvers: string;
  /** Publishes TXT records, as the only ones of their name. */
  publish(name: string, ...values: string[]): void;
  close(): Promise<void>;
}

/** Starts the server, in which nothing is published. */
export async function startDnsServer(): Promise<DnsServer> {
  const records = new Map<string, string[]>();
  const server = createServer((request, response) => {
    const name = new URL(request.url ?? "", "http://dns").searchParams.get("name") ?? "";
    const values = records.get(name);
    const answer =
      values === undefined
        ? { Status: NXDOMAIN }
        : { Status: 0, Answer: values.map((data) => ({ name, type: TXT, data })) };
    response.setHeader("Content-Type", "application/dns-json").end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    resolvers: `${origin}/one,${origin}/two`,
    publish: (name, ...values) => void records.set(name, values),
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
