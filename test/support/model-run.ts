/** Plays a story on a new account of the real Worker, and on the model of it. */

import {
  abortAllDurableObjects,
  evictAllDurableObjects,
  runInDurableObject,
} from "cloudflare:test";
import { env } from "cloudflare:workers";
import {
  type Answer,
  type Ask,
  Complaint,
  changeSilently,
  emptyWorld,
  fingerprint,
  foldersOf,
  judge,
  knownVersion,
  type World,
} from "./model";
import {
  type Act,
  APPS,
  type AppName,
  askFor,
  type Disturbance,
  headersFor,
  tellAnswer,
  tellAsk,
  type Wish,
} from "./model-steps";
import { uniqueClientAddress } from "./sign-in-forms";
import { connectApp, createUser, createUserWithApp, encodePath, send, TestApp } from "./provider";

/** A request with its answer. */
interface Exchange {
  app: AppName;
  ask: Ask;
  answer: Answer;
}

/** How many steps of all stories were played so far: requests, without those that only look. */
export const played = { steps: 0 };

/** Plays a story. Null, or an error with the transcript up to an answer that nothing explains. */
export async function play(acts: Act[], quotaBytes: number): Promise<Error | null> {
  const game = await Game.begin(quotaBytes);
  try {
    for (const act of acts) await game.act(act);
    await game.look();
    return null;
  } catch (error) {
    const isComplaint = error instanceof Complaint;
    return new Error(game.transcript(isComplaint ? error.message : (error as Error).stack));
  }
}

class Game {
  readonly #apps: Record<AppName, TestApp | null>;
  /** Whatever explains all answers so far. More than one after requests that were sent at once. */
  #worlds: World[];
  readonly #lines: string[];
  /** The versions of documents whose content was read. */
  readonly #read = new Set<string>();
  /** Strangers are told apart by their address, and each may miss a document only so often. */
  readonly #address = uniqueClientAddress();
  #step = 0;

  private constructor(apps: Record<AppName, TestApp | null>, quotaBytes: number) {
    this.#apps = apps;
    this.#worlds = [emptyWorld(quotaBytes)];
    this.#lines = [`0. an account of ${quotaBytes} bytes`];
  }

  /** Somebody new with all apps connected. */
  static async begin(quotaBytes: number): Promise<Game> {
    const person = await createUser();
    await env.DB.prepare("UPDATE accounts SET quota_bytes = ? WHERE name = ?")
      .bind(quotaBytes, person.name)
      .run();
    other ??= createUserWithApp();
    const { token } = await other;
    const apps = await Promise.all(
      Object.entries(APPS).map(async ([name, access]) => {
        if (access === "none") return [name, null];
        if (access === "elsewhere") return [name, new TestApp(person.name, token)];
        return [name, await connectApp(person, access)];
      }),
    );
    return new Game(Object.fromEntries(apps), quotaBytes);
  }

  /** Plays one act. */
  async act(act: Act): Promise<void> {
    this.#step++;
    if (act.kind === "look") return this.look();
    if (act.kind === "disturb") return this.#disturb(act.how);
    if (act.kind === "ask") return this.#ask(act.wish);
    const wishes = act.onOnePath ? onOnePath(act.wishes) : act.wishes;
    await this.#askAtOnce(wishes, act.meanwhile);
    await this.look();
  }

  async #ask(wish: Wish): Promise<void> {
    const exchange = await this.#exchange(wish);
    this.#tell(`${this.#step}. `, exchange);
    this.#explain([exchange], false);
    // §4: "A successful HEAD request SHOULD be responded to like to the equivalent GET request"
    if (exchange.ask.method === "HEAD" && exchange.answer.status < 400)
      await this.#compare(exchange);
  }

  async #compare({ app, ask, answer }: Exchange): Promise<void> {
    const get = await this.#send(app, { ...ask, method: "GET" });
    for (const name of ["etag", "content-type", "content-length", "last-modified"]) {
      if (get.headers[name] !== answer.headers[name]) {
        throw new Complaint(`HEAD has ${name}: ${answer.headers[name]}, GET ${get.headers[name]}`);
      }
    }
  }

  /** Requests that are answered as if they had come in some order. */
  async #askAtOnce(wishes: Wish[], meanwhile: Disturbance | null): Promise<void> {
    const [exchanges] = await Promise.all([
      Promise.all(wishes.map((wish, index) => this.#exchange(wish, `${this.#step}.${index}.`))),
      meanwhile && this.#disturbAfter(meanwhile),
    ]);
    const how = meanwhile ? `, meanwhile: ${meanwhile.how}` : "";
    this.#lines.push(`${this.#step}. at once${how}`);
    for (const exchange of exchanges) this.#tell("     ", exchange);
    this.#explain(exchanges, meanwhile?.how === "restart");
    if (meanwhile?.how === "restart") await this.#settle();
  }

  /**
   * A change whose outcome is unknown may still be on its way. It cannot overtake one that was
   * acknowledged: after that, all is as it will stay.
   */
  async #settle(): Promise<void> {
    const ask: Ask = { ...EMPTY_ASK, method: "PUT", path: "/settled" };
    const exchange = { app: "app A", ask, answer: await this.#send("app A", ask) } as const;
    this.#tell("   then ", exchange);
    this.#explain([exchange], false);
  }

  async #exchange(wish: Wish, number = `${this.#step}.`): Promise<Exchange> {
    played.steps++;
    const [world] = this.#worlds as [World];
    const ask = askFor(wish, world, number);
    return { app: wish.app, ask, answer: await this.#send(wish.app, ask, wish.isChunked) };
  }

  async #send(name: AppName, ask: Ask, isChunked = false): Promise<Answer> {
    const app = this.#apps[name];
    const { bytes } = ask.put;
    const body = isChunked ? new Blob([bytes]).stream() : bytes;
    const init = {
      method: ask.method,
      headers: headersFor(ask),
      ...(ask.method === "PUT" && { body }),
    };
    const path = encodePath(ask.path);
    const response = await (app
      ? app.request(ask.method, path, init)
      : send(`/storage/${this.#user}${path}`, {
          ...init,
          headers: { ...init.headers, ...this.#address },
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

  async #disturb(how: Disturbance["how"]): Promise<void> {
    this.#lines.push(`${this.#step}. ${how}`);
    await DISTURB[how]();
  }

  /** All of the platform's own objects, too, would be more than a deployment ends. */
  async #disturbAfter({ how, after }: Disturbance): Promise<void> {
    for (let trips = 0; trips < after; trips++) await (this.#apps["app B"] as TestApp).head("/");
    if (how === "evict") return evictAllDurableObjects();
    const object = env.USERS.getByName(this.#user);
    await runInDurableObject(object, (_, state) => state.abort(ABORTED)).catch((error: Error) => {
      if (!error.message.includes(ABORTED)) throw error;
    });
  }

  /** Reads every folder, and every document that was not read in its version. */
  async look(): Promise<void> {
    const folders = new Set(this.#worlds.flatMap(foldersOf));
    await this.#readAll([...folders]);
    const [world] = this.#worlds as [World];
    const versions = new Map(
      [...world.documents.keys()].map((path) => [path, knownVersion(world, path) ?? ""]),
    );
    await this.#readAll(
      [...versions.keys()].filter((path) => !this.#read.has(versions.get(path) ?? "")),
    );
    for (const version of versions.values()) this.#read.add(version);
  }

  async #readAll(paths: string[]): Promise<void> {
    const exchanges = await Promise.all(
      paths.map(async (path): Promise<Exchange> => {
        const ask: Ask = { ...EMPTY_ASK, method: "GET", path };
        return { app: "app A", ask, answer: await this.#send("app A", ask) };
      }),
    );
    for (const exchange of exchanges) {
      const { length } = this.#lines;
      this.#tell("   look ", exchange);
      this.#explain([exchange], false);
      this.#lines.splice(length);
    }
  }

  /** Keeps the worlds that some order of these requests leads to. Throws if there is none. */
  #explain(exchanges: Exchange[], isDisturbed: boolean): void {
    const after = new Map<string, World>();
    const complaints: { depth: number; complaint: Complaint }[] = [];
    for (const world of this.#worlds) {
      for (const end of ends(world, exchanges, isDisturbed, complaints)) {
        after.set(fingerprint(end), end);
      }
    }
    this.#worlds = [...after.values()];
    if (after.size > 0) return;
    const deepest = complaints.sort((a, b) => b.depth - a.depth)[0]?.complaint as Complaint;
    throw exchanges.length === 1
      ? deepest
      : new Complaint(`no order of these requests has these answers: ${deepest.message}`);
  }

  #tell(prefix: string, { app, ask, answer }: Exchange): void {
    this.#lines.push(`${prefix}${tellAsk(app, ask)} -> ${tellAnswer(answer)}`);
  }

  /** What was asked and answered, with short names for versions in the order of their appearance. */
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

let other: Promise<TestApp> | undefined;

const ABORTED = "The object was restarted.";

const DISTURB = { evict: evictAllDurableObjects, restart: abortAllDurableObjects };

const EMPTY_ASK: Ask = {
  access: "*:rw",
  method: "GET",
  path: "/",
  match: null,
  noneMatch: null,
  range: null,
  ifRange: null,
  put: { type: "text/plain", bytes: Buffer.alloc(0) },
};

/** All on the path that the first is about. */
const onOnePath = (wishes: Wish[]): Wish[] =>
  wishes.map((wish) => ({ ...wish, path: wishes[0]?.path ?? wish.path }));

/** The worlds in which these requests may end, in all orders. */
function* ends(
  world: World,
  exchanges: Exchange[],
  isDisturbed: boolean,
  complaints: { depth: number; complaint: Complaint }[],
  depth = 0,
): Generator<World> {
  if (exchanges.length === 0) yield world;
  for (const exchange of exchanges) {
    const rest = exchanges.filter((other) => other !== exchange);
    try {
      for (const next of outcomes(world, exchange, isDisturbed)) {
        yield* ends(next, rest, isDisturbed, complaints, depth + 1);
      }
    } catch (complaint) {
      if (!(complaint instanceof Complaint)) throw complaint;
      complaints.push({ depth, complaint });
    }
  }
}

/** One world after an answer; two after one which says that nobody knows. */
function outcomes(world: World, { ask, answer }: Exchange, isDisturbed: boolean): World[] {
  if (!isDisturbed) return [judge(world, ask, answer)];
  if (answer.status === 503) {
    const isUnknown = JSON.parse(answer.bytes.toString() || "{}").error === "unknown-outcome";
    return isUnknown ? [world, changeSilently(world, ask)] : [world];
  }
  // Where the commit's own answer got lost, nobody knows what was there right before it.
  const isMade = ask.method === "PUT" && (answer.status === 200 || answer.status === 201);
  const status = isMade ? (world.documents.has(ask.path) ? 200 : 201) : answer.status;
  return [judge(world, ask, { ...answer, status })];
}
