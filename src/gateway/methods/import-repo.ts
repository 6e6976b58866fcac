/** From a request's body to an import: pages of one size, each taken by the account before the next is read. */
import type { BodyStream } from '#src/gateway/http/body-stream.ts'

const PAGE_BYTES = 512 * 1024

/** What an import asks of the account. */
export interface ImportCalls {
  begin(): Promise<{ id: string }>
  take(input: { id: string; n: number; bytes: Uint8Array }): Promise<void>
  finish(input: { id: string; keys: readonly string[] }): Promise<{ done: boolean }>
  abort(input: { id: string }): Promise<void>
}

/** Imports the CAR file, which must be signed by one of the `keys` (did:key). Where it fails nothing is changed. */
export async function importRepo(
  calls: ImportCalls,
  { bytes }: BodyStream,
  keys: readonly string[],
): Promise<void> {
  const { id } = await calls.begin()
  try {
    let n = 0
    for await (const page of pagesOf(bytes)) await calls.take({ id, n: n++, bytes: page })
    while (!(await calls.finish({ id, keys })).done);
  } catch (error) {
    await calls.abort({ id }).catch(() => {})
    throw error
  }
}

async function* pagesOf(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let page = new Uint8Array(PAGE_BYTES)
  let filled = 0
  for await (const piece of pieces) {
    for (let at = 0; at < piece.length; ) {
      const part = piece.subarray(at, at + PAGE_BYTES - filled)
      page.set(part, filled)
      filled += part.length
      at += part.length
      if (filled < PAGE_BYTES) continue
      yield page
      page = new Uint8Array(PAGE_BYTES)
      filled = 0
    }
  }
  if (filled > 0) yield page.subarray(0, filled)
}
