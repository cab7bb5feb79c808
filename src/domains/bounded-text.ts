/** Reads answers of other servers, which may be of any length. */

/** The beginning of a body as text: not much more than `maxBytes` of it are read. */
export async function readTextStart(
  body: ReadableStream<Uint8Array> | null,
  maxBytes: number,
): Promise<string> {
  if (body === null) return "";
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let text = "";
  for (let bytes = 0; bytes < maxBytes; ) {
    const { value, done } = await reader.read();
    if (done) return text;
    bytes += value.byteLength;
    text += decoder.decode(value, { stream: true });
  }
  await reader.cancel();
  return text.slice(0, maxBytes);
}
