/** Runs steps on a new account of the real Worker, and checks each response against the model. */

import {
  abortAllDurableObjects,
  evictAllDurableObjects,
  runInDurableObject,
} from "cloudflare:test";
import { env } from "cloudflare:workers";
import type { Task, TaskSpec } from "../../src/storage/tasks/task";
import {
  applyByUser,
  applyUnanswered,
  checkResponse,
  currentVersion,
  emptyState,
  existingFolders,
  fingerprint,
  type ModelDocument,
  type ModelRequest,
  type ModelResponse,
  type ModelState,
  Violation,
} from "./model";
import { isSameDocument, ModelHistory } from "./model-history";
import {
  APPS,
  type AppName,
  formatRequest,
  formatResponse,
  type GoBackStep,
  type Interruption,
  type RandomRequest,
  requestHeaders,
  type Step,
  toRequest,
} from "./model-steps";
import { connectApp, createUser, createUserWithApp, encodePath, send, TestApp } from "./provider";
import { uniqueClientAddress } from "./sign-in-forms";
import { loadBin, loadEntries, nextMoment, runTask } from "./tasks";

/** A request with its response. */
interface Exchange {
  app: AppName;
  request: ModelRequest;
  response: ModelResponse;
}

/** Requests of all runs so far, without those that only check the state. */
export const counters = { requests: 0 };

/** Runs steps. Returns null, or an error with the transcript up to a response that is not allowed. */
export async function runSteps(steps: Step[], quotaBytes: number): Promise<Error | null> {
  const run = await ModelRun.begin(quotaBytes);
  try {
    for (const step of steps) await run.step(step);
    await run.end();
    return null;
  } catch (error) {
    const isViolation = error instanceof Violation;
    return new Error(run.transcript(isViolation ? error.message : (error as Error).stack));
  }
}

class ModelRun {
  readonly #apps: Record<AppName, TestApp | null>;
  /** The states that explain all responses so far. More than one after concurrent requests. */
  #states: ModelState[];
  readonly #lines: string[];
  /** The versions of documents whose content was read. */
  readonly #read = new Set<string>();
  /** Of its own, as the misses of anonymous requests are limited by address. */
  readonly #clientAddress = uniqueClientAddress();
  readonly #history = new ModelHistory();
  /** Paths of requests of which the journal may know nothing, because the object was killed. */
  readonly #uncertain = new Set<string>();
  #stepNumber = 0;

  private constructor(apps: Record<AppName, TestApp | null>, quotaBytes: number) {
    this.#apps = apps;
    this.#states = [emptyState(quotaBytes)];
    this.#lines = [`0. an account of ${quotaBytes} bytes`];
  }

  /** A new user, with all apps connected. */
  static async begin(quotaBytes: number): Promise<ModelRun> {
    const user = await createUser();
    await env.DB.prepare("UPDATE accounts SET quota_bytes = ? WHERE name = ?")
      .bind(quotaBytes, user.name)
      .run();
    otherUsersApp ??= createUserWithApp();
    const { token } = await otherUsersApp;
    const apps = await Promise.all(
      Object.entries(APPS).map(async ([name, access]) => {
        if (access === "none") return [name, null];
        if (access === "other-account") return [name, new TestApp(user.name, token)];
        return [name, await connectApp(user, access)];
      }),
    );
    return new ModelRun(Object.fromEntries(apps), quotaBytes);
  }

  /** Reads everything once more, and leaves nothing that the eviction of all objects would wait for. */
  async end(): Promise<void> {
    await this.readAll();
    await this.#writeJournal();
  }

  async step(step: Step): Promise<void> {
    this.#stepNumber++;
    await this.#runStep(step);
    this.#history.record(this.#states, await nextMoment());
  }

  async #runStep(step: Step): Promise<void> {
    if (step.kind === "read all") return this.readAll();
    if (step.kind === "interrupt") return this.#interrupt(step.how);
    if (step.kind === "request") return this.#request(step.request);
    if (step.kind === "go back") return this.#goBack(step);
    const requests = step.onOnePath ? onOnePath(step.requests) : step.requests;
    await this.#requestConcurrently(requests, step.meanwhile);
    await this.readAll();
  }

  async #request(random: RandomRequest): Promise<void> {
    const exchange = await this.#exchange(random);
    this.#record(`${this.#stepNumber}. `, exchange);
    this.#explain([exchange], false);
    // §4: "A successful HEAD request SHOULD be responded to like to the equivalent GET request"
    if (exchange.request.method === "HEAD" && exchange.response.status < 400)
      await this.#compareWithGet(exchange);
  }

  async #compareWithGet({ app, request, response }: Exchange): Promise<void> {
    const get = await this.#send(app, { ...request, method: "GET" });
    for (const name of ["etag", "content-type", "content-length", "last-modified"]) {
      const [ofHead, ofGet] = [response.headers[name], get.headers[name]];
      if (ofGet !== ofHead) throw new Violation(`HEAD has ${name}: ${ofHead}, GET ${ofGet}`);
    }
  }

  /** Sends requests whose responses must be as if they had come in some order. */
  async #requestConcurrently(
    randoms: RandomRequest[],
    meanwhile: Interruption | null,
  ): Promise<void> {
    if (meanwhile?.how === "restart") {
      await this.#writeJournal();
      const paths = randoms.map(
        (random) => toRequest(random, this.#states[0] as ModelState, "").path,
      );
      for (const path of paths) this.#uncertain.add(path);
    }
    const interruption = meanwhile && this.#interruptLater(meanwhile);
    const exchanges = await Promise.all(
      randoms.map((random, index) => this.#exchange(random, `${this.#stepNumber}.${index}.`)),
    );
    if (meanwhile?.how === "evict") await this.#writeJournal();
    await interruption;
    const how = meanwhile ? `, meanwhile: ${meanwhile.how}` : "";
    this.#lines.push(`${this.#stepNumber}. concurrently${how}`);
    for (const exchange of exchanges) this.#record("     ", exchange);
    this.#explain(exchanges, meanwhile?.how === "restart");
    if (meanwhile?.how === "restart") await this.#settle();
  }

  /**
   * A change with an unknown outcome may still be under way. It cannot overtake a change that was
   * acknowledged: after this one, the state is final.
   */
  async #settle(): Promise<void> {
    const request: ModelRequest = { ...EMPTY_REQUEST, method: "PUT", path: "/settled" };
    const response = await this.#send("app A", request);
    const exchange = { app: "app A", request, response } as const;
    this.#record("   then ", exchange);
    this.#explain([exchange], false);
  }

  async #exchange(random: RandomRequest, stepNumber = `${this.#stepNumber}.`): Promise<Exchange> {
    counters.requests++;
    const [state] = this.#states as [ModelState];
    const request = toRequest(random, state, stepNumber);
    const response = await this.#send(random.app, request, random.isChunked);
    return { app: random.app, request, response };
  }

  async #send(name: AppName, request: ModelRequest, isChunked = false): Promise<ModelResponse> {
    const app = this.#apps[name];
    const { bytes } = request.put;
    const body = isChunked ? new Blob([bytes]).stream() : bytes;
    const init = {
      method: request.method,
      headers: requestHeaders(request),
      ...(request.method === "PUT" && { body }),
    };
    const path = encodePath(request.path);
    const response = await (app
      ? app.request(request.method, path, init)
      : send(`/storage/${this.#user}${path}`, {
          ...init,
          headers: { ...init.headers, ...this.#clientAddress },
        }));
    return {
      status: response.status,
      headers: Object.fromEntries(response.headers),
      bytes: Buffer.from(await response.arrayBuffer()),
    };
  }

  get #user(): string {
    return (this.#apps["app A"] as TestApp).user;
  }

  /** Goes back in time on the user's pages; the documents are then those of the model at the moment. */
  async #goBack({ folder, stepsAgo, isUndone }: GoBackStep): Promise<void> {
    const moment = this.#history.find(stepsAgo);
    if (this.#states.length > 1 || moment === undefined) return;
    const app = this.#apps["app A"] as TestApp;
    const [before] = this.#states as [ModelState];
    this.#lines.push(`${this.#stepNumber}. go back in ${folder} to after step ${moment.step}`);
    const spec = { kind: "go-back", folder, at: moment.at } as const;
    const wanted = (path: string) =>
      path.startsWith(folder) ? moment.documents.get(path) : before.documents.get(path);
    const { id } = await this.#runTask(app, spec, wanted);
    if (!isUndone) return;
    this.#lines.push("   undone");
    await this.#runTask(app, { kind: "undo", task: id }, (path) => before.documents.get(path));
  }

  /** Runs a task, after which each document must be what is wanted. */
  async #runTask(
    app: TestApp,
    spec: TaskSpec,
    wanted: (path: string) => ModelDocument | undefined,
  ): Promise<Task> {
    const task = await runTask(app, spec);
    let [state] = this.#states as [ModelState];
    const quotaIsTight = state.quotaBytes < 100_000;
    for (const { path, outcome, code } of await loadEntries(app, task.id)) {
      if ((code === "over-quota" && quotaIsTight) || this.#isUncertain(path)) continue;
      if (outcome === "conflict" || outcome === "failed") {
        throw new Violation(`the task left ${path} as it was: ${code}`);
      }
      state = applyByUser(state, path, wanted(path) ?? null);
    }
    const [{ documents }] = this.#states as [ModelState];
    // One that never was a document for the model may have been one, or become one now.
    const uncertain = [...this.#uncertain].filter((path) => !path.endsWith("/"));
    const paths = new Set([...documents.keys(), ...this.#history.paths(), ...uncertain]);
    for (const path of paths) {
      if (this.#isUncertain(path)) state = await this.#adopt(app, state, path);
      else if (!quotaIsTight && !isSameDocument(state.documents.get(path), wanted(path))) {
        throw new Violation(`the task has not changed ${path}`);
      }
    }
    this.#states = [state];
    await this.readAll();
    return task;
  }

  /** Whether a task may have left or brought back something else: what it has not known, or what clashes. */
  #isUncertain(path: string): boolean {
    return [...this.#uncertain].some(
      (other) => other === path || path.startsWith(`${other}/`) || other.startsWith(`${path}/`),
    );
  }

  /** Takes a document for what it is. */
  async #adopt(app: TestApp, state: ModelState, path: string): Promise<ModelState> {
    const response = await app.get(encodePath(path));
    const bytes = Buffer.from(await response.arrayBuffer());
    const type = response.headers.get("content-type") ?? "";
    const found = response.status === 200 ? { type, bytes } : undefined;
    const version = response.headers.get("etag")?.replaceAll('"', "");
    const isUnchanged = (version ?? null) === (currentVersion(state, path) ?? null);
    return isUnchanged && isSameDocument(found, state.documents.get(path))
      ? state
      : applyByUser(state, path, found ?? null);
  }

  /** An object that is killed loses what it has not written yet of its journal; one that is evicted waits for that. */
  async #writeJournal(): Promise<void> {
    await loadBin(this.#apps["app A"] as TestApp, "notes");
  }

  async #interrupt(how: Interruption["how"]): Promise<void> {
    await this.#writeJournal();
    this.#lines.push(`${this.#stepNumber}. ${how}`);
    await INTERRUPT[how]();
  }

  /** Restarts only the user's object: a deployment does not restart the platform's own objects. */
  async #interruptLater({ how, after }: Interruption): Promise<void> {
    for (let trips = 0; trips < after; trips++) await (this.#apps["app B"] as TestApp).head("/");
    if (how === "evict") return evictAllDurableObjects();
    const object = env.USERS.getByName(this.#user);
    await runInDurableObject(object, (_, state) => state.abort(ABORTED)).catch((error: Error) => {
      if (!error.message.includes(ABORTED)) throw error;
    });
  }

  /** Reads every folder, and every document whose version was not read yet. */
  async readAll(): Promise<void> {
    const folders = new Set(this.#states.flatMap(existingFolders));
    await this.#readPaths([...folders]);
    const [state] = this.#states as [ModelState];
    const versions = new Map(
      [...state.documents.keys()].map((path) => [path, currentVersion(state, path) ?? ""]),
    );
    await this.#readPaths(
      [...versions.keys()].filter((path) => !this.#read.has(versions.get(path) ?? "")),
    );
    for (const version of versions.values()) this.#read.add(version);
  }

  async #readPaths(paths: string[]): Promise<void> {
    const exchanges = await Promise.all(
      paths.map(async (path): Promise<Exchange> => {
        const request: ModelRequest = { ...EMPTY_REQUEST, method: "GET", path };
        return { app: "app A", request, response: await this.#send("app A", request) };
      }),
    );
    for (const exchange of exchanges) {
      const { length } = this.#lines;
      this.#record("   read ", exchange);
      this.#explain([exchange], false);
      this.#lines.splice(length);
    }
  }

  /** Keeps the states that some order of these requests leads to. Throws if there is none. */
  #explain(exchanges: Exchange[], isInterrupted: boolean): void {
    const after = new Map<string, ModelState>();
    const violations: FoundViolation[] = [];
    for (const state of this.#states) {
      for (const end of finalStates(state, exchanges, isInterrupted, violations)) {
        after.set(fingerprint(end), end);
      }
    }
    this.#states = [...after.values()];
    if (after.size > 0) return;
    const deepest = violations.sort((a, b) => b.depth - a.depth)[0]?.violation as Violation;
    throw exchanges.length === 1
      ? deepest
      : new Violation(`no order of these requests has these responses: ${deepest.message}`);
  }

  #record(prefix: string, { app, request, response }: Exchange): void {
    this.#lines.push(`${prefix}${formatRequest(app, request)} -> ${formatResponse(response)}`);
  }

  /** The requests and responses, with short names for versions in the order of their appearance. */
  transcript(end = "?"): string {
    const names = new Map<string, string>();
    return [...this.#lines, `   WRONG: ${end}`]
      .join("\n")
      .replaceAll(/[A-Za-z0-9_-]{20,}/g, (version) => {
        if (!names.has(version)) names.set(version, `v${names.size + 1}`);
        return names.get(version) as string;
      });
  }
}

let otherUsersApp: Promise<TestApp> | undefined;

const ABORTED = "The object was restarted.";

const INTERRUPT = { evict: evictAllDurableObjects, restart: abortAllDurableObjects };

const EMPTY_REQUEST: ModelRequest = {
  access: "*:rw",
  method: "GET",
  path: "/",
  match: null,
  noneMatch: null,
  range: null,
  ifRange: null,
  put: { type: "text/plain", bytes: Buffer.alloc(0) },
};

/** The requests, all on the path of the first. */
const onOnePath = (requests: RandomRequest[]): RandomRequest[] =>
  requests.map((request) => ({ ...request, path: requests[0]?.path ?? request.path }));

interface FoundViolation {
  /** How many requests were explained before. */
  depth: number;
  violation: Violation;
}

/** The states that these requests may lead to, in all orders. */
function* finalStates(
  state: ModelState,
  exchanges: Exchange[],
  isInterrupted: boolean,
  violations: FoundViolation[],
  depth = 0,
): Generator<ModelState> {
  if (exchanges.length === 0) yield state;
  for (const exchange of exchanges) {
    const rest = exchanges.filter((other) => other !== exchange);
    try {
      for (const next of nextStates(state, exchange, isInterrupted)) {
        yield* finalStates(next, rest, isInterrupted, violations, depth + 1);
      }
    } catch (violation) {
      if (!(violation instanceof Violation)) throw violation;
      violations.push({ depth, violation });
    }
  }
}

/** One state after a response; two after one that says that the outcome is unknown. */
function nextStates(
  state: ModelState,
  { request, response }: Exchange,
  isInterrupted: boolean,
): ModelState[] {
  if (!isInterrupted) return [checkResponse(state, request, response)];
  if (response.status === 503) {
    const isUnknown = JSON.parse(response.bytes.toString() || "{}").error === "unknown-outcome";
    return isUnknown ? [state, applyUnanswered(state, request)] : [state];
  }
  // If the commit's own answer was lost, the server does not know what was there right before it.
  const isStored = request.method === "PUT" && [200, 201].includes(response.status);
  const status = isStored ? (state.documents.has(request.path) ? 200 : 201) : response.status;
  return [checkResponse(state, request, { ...response, status })];
}
