/** The internet as the Worker sees it: DNS by two resolvers, and web sites. A test says what is there. */

import { vi } from "vitest";

/** What a name has in DNS: TXT records, a CNAME, or a status such as SERVFAIL (2). */
interface DnsName {
  txt?: string[];
  cname?: string;
  status?: number;
}

/** The internet of a test file. Nothing is there until a test puts it there. */
export class TestInternet {
  /** By name; for one resolver only after its host and a space, as in "dns.google _satchel.a.example". */
  readonly dns = new Map<string, DnsName>();
  /** By URL. */
  readonly files = new Map<string, () => Response>();
  /** Servers that answer every request, by host. */
  readonly servers = new Map<string, (request: Request) => Promise<Response>>();
  /** The URLs that were asked for, in order. */
  readonly requests: string[] = [];
  /** Hosts that do not answer. */
  readonly down = new Set<string>();

  /** Takes the place of the Worker's `fetch`; undo it with `vi.unstubAllGlobals()`. */
  install(): void {
    vi.stubGlobal("fetch", (input: string | URL | Request, init?: RequestInit) =>
      this.answer(new Request(input, init)),
    );
  }

  /** Publishes a TXT record as the only one of its name. */
  publish(name: string, ...txt: string[]): void {
    this.dns.set(name, { txt });
  }

  private async answer(request: Request): Promise<Response> {
    const url = new URL(request.url);
    this.requests.push(request.url);
    if (this.down.has(url.host)) throw new TypeError("Network connection lost.");
    const server = this.servers.get(url.host);
    if (server) return server(request);
    const name = url.searchParams.get("name");
    if (name !== null) return this.answerDns(url.host, name);
    const file = this.files.get(request.url);
    if (file) return file();
    throw new TypeError("DNS lookup failed.");
  }

  private answerDns(resolver: string, name: string): Response {
    const entry = this.dns.get(`${resolver} ${name}`) ?? this.dns.get(name);
    if (entry === undefined) return Response.json({ Status: 3 });
    const { txt = [], cname, status = 0 } = entry;
    // Google does not quote a single string; Cloudflare does, and splits long ones.
    const quote = (text: string) => (resolver === "dns.google" ? text : quoteTxt(text));
    const target = cname === undefined ? [] : [{ name: `${name}.`, type: 5, data: `${cname}.` }];
    const owner = cname ?? name;
    const records = txt.map((text) => ({ name: `${owner}.`, type: 16, data: quote(text) }));
    return Response.json({ Status: status, Answer: [...target, ...records] });
  }
}

const quoteTxt = (text: string): string =>
  [text.slice(0, 30), text.slice(30)]
    .map((part) => `"${part.replace(/["\\]/g, "\\$&")}"`)
    .join(" ");
