/** A stand-in for Cloudflare's API for custom hostnames, which answers as its documentation says. */

import type { TestInternet } from "./internet";

export const ZONE = "0123456789abcdef0123456789abcdef";
export const TOKEN = "the-secret-token-of-the-API";
export const TARGET = "domains.satchel.example";

const API_HOST = "api.cloudflare.com";
const PATH = `/client/v4/zones/${ZONE}/custom_hostnames`;

/** A custom hostname as the API describes it, and as a test changes it. */
export interface Described {
  id: string;
  hostname: string;
  status: string;
  ssl: { method: string; type: string; status: string; validation_errors?: { message: string }[] };
  verification_errors?: string[];
}

/** A request that the API got. */
interface Call {
  method: string;
  /** Below the zone's custom hostnames. */
  path: string;
  body: unknown;
  authorization: string | null;
}

/** An answer in the API's envelope. */
export const apiAnswer = (status: number, result: unknown, errors: [number, string][] = []) =>
  Response.json(
    {
      success: errors.length === 0,
      errors: errors.map(([code, message]) => ({ code, message })),
      messages: [],
      result,
    },
    { status },
  );

/** The API of one zone, with its custom hostnames. */
export class CustomHostnamesApi {
  /** By name. */
  readonly hostnames = new Map<string, Described>();
  readonly calls: Call[] = [];
  /** Takes the place of the next answers, although the call is carried out; null: the answer is lost. */
  answers: ((answer: Response) => Response | null)[] = [];
  /** Answers all calls, none of which is carried out. */
  fault: ((method: string) => Response | undefined) | null = null;
  private made = 0;

  constructor(internet: TestInternet) {
    internet.servers.set(API_HOST, (request) => this.answer(request));
  }

  /** Forgets everything. */
  clear(): void {
    this.hostnames.clear();
    this.calls.length = 0;
    this.answers = [];
    this.fault = null;
  }

  /** The calls so far as "POST ", "GET /id1", and forgets them. */
  takeCalls(): string[] {
    return this.calls.splice(0).map(({ method, path }) => `${method} ${path}`);
  }

  /** Changes a custom hostname, as Cloudflare does by itself. */
  change(host: string, status: string, certificate: string, more: Partial<Described> = {}): void {
    const before = this.hostnames.get(host);
    if (before === undefined) throw new Error(`There is no custom hostname ${host}.`);
    this.hostnames.set(host, {
      ...before,
      status,
      ...more,
      ssl: { ...before.ssl, status: certificate, ...more.ssl },
    });
  }

  private async answer(request: Request): Promise<Response> {
    const { method } = request;
    const url = new URL(request.url);
    const path = url.pathname.replace(PATH, "") + url.search;
    const body = method === "POST" || method === "PATCH" ? await request.json() : null;
    this.calls.push({ method, path, body, authorization: request.headers.get("authorization") });
    const fault = this.fault?.(method);
    if (fault) return fault;
    const usual = this.carryOut(method, url, body as { hostname: string; ssl: Described["ssl"] });
    const replace = this.answers.shift();
    const answer = replace ? replace(usual) : usual;
    if (answer === null) throw new TypeError("Network connection lost.");
    return answer;
  }

  private carryOut(
    method: string,
    url: URL,
    body: { hostname: string; ssl: Described["ssl"] },
  ): Response {
    if (!url.pathname.startsWith(PATH)) return apiAnswer(404, null, [[7003, "No such route."]]);
    const id = url.pathname.slice(PATH.length + 1);
    if (id === "") return method === "POST" ? this.create(body) : this.list(url);
    const one = [...this.hostnames.values()].find((known) => known.id === id);
    if (!one) return apiAnswer(404, null, [[1436, "The custom hostname was not found."]]);
    if (method === "DELETE") {
      this.hostnames.delete(one.hostname);
      return Response.json({ id });
    }
    if (method === "PATCH") this.change(one.hostname, "pending", "pending_validation");
    return apiAnswer(method === "PATCH" ? 202 : 200, this.hostnames.get(one.hostname));
  }

  private create({ hostname, ssl }: { hostname: string; ssl: Described["ssl"] }): Response {
    if (this.hostnames.has(hostname)) {
      return apiAnswer(409, null, [[1406, "Duplicate custom hostname found."]]);
    }
    const id = `0d89c70d-ad9f-4843-b99f-${`${++this.made}`.padStart(12, "0")}`;
    const one = { id, hostname, status: "pending", ssl: { ...ssl, status: "initializing" } };
    this.hostnames.set(hostname, one);
    return apiAnswer(201, one);
  }

  /** Others whose name begins alike are listed, too: what a filter finds has to be compared. */
  private list(url: URL): Response {
    const name = url.searchParams.get("hostname") ?? "";
    return apiAnswer(
      200,
      [...this.hostnames.values()].filter(({ hostname }) => hostname.includes(name)),
    );
  }
}
