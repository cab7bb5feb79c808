import { DurableObject } from "cloudflare:workers";
export class UserObject extends DurableObject {}
export default { async fetch(): Promise<Response> { return new Response("hello"); } };
