/** Reads the body of a response of another server, up to a limit. */

/** UTF-8. Rejects if the body is longer than `maxBytes`, decoded. */
export async function readBounded(response: Response, maxBytes: number): Promise<string> {
  return (await readBoundedBytes(response, maxBytes)).toString()
}

/** Rejects if the body is longer than `maxBytes`, decoded. */
export async function readBoundedBytes(
  response: Response,
  maxBytes: number,
): Promise<Buffer<ArrayBuffer>> {
  const chunks: Uint8Array[] = []
  let length = 0
  // Leaving the loop cancels the body.
  for await (const chunk of response.body ?? []) {
    length += chunk.length
    if (length > maxBytes) throw new Error(`The response is longer than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
