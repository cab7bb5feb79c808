/** Codes with which sockets are closed. */

/** The code after a refusal (RFC 6455 §7.4.2: private use). */
export function closeCode({ code }: { code: string }): number {
  switch (code) {
    case "unauthorized":
      return 4401;
    case "insufficient-scope":
    case "suspended":
      return 4403;
    case "too-many-requests":
      return 4429;
    default:
      return 4500;
  }
}
