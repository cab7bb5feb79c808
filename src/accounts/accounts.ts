/** What other areas read about an account: its name and role, profile and sign-in methods. */

export { type Account, hasAccounts } from "./db/accounts";
export { loadProfile, type Profile, setPublicProfile } from "./db/profile";
export { loadSignInMethods, type SignInMethods } from "./db/sign-in-methods";
