/** The origin of the provider in tests, in a file of its own because a benchmark uses the authenticator. */

export const ORIGIN = "https://satchel.example";
