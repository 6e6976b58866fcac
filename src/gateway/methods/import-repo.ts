/** Sends a request body to the account's import in pages of one size, each accepted before the next is read. */
import type { BodyStream } from '#src/gateway/http/body-stream.ts'

const PAGE_BYTES = 512 * 1024

export interface ImportCalls {
  begin(): Promise<{ id: string }>
  addPage(input: { id: string; n: number; bytes: Uint8Array }): Promise<void>
  finish(input: { id: string; keys: readonly string[] }): Promise<{ done: boolean }>
  abort(input: { id: string }): Promise<void>
}

/** Imports a CAR file whose commit is signed by one of `keys` (did:key). If it fails, the repo is unchanged. */
export async function importRepo(
  calls: ImportCalls,
  { bytes }: BodyStream,
  keys: readonly string[],
): Promise<void> {
  const { id } = await calls.begin()
  try {
    let n = 0
    for await (const page of pagesOf(bytes)) await calls.addPage({ id, n: n++, bytes: page })
    while (!(await calls.finish({ id, keys })).done);
  } catch (error) {
    await calls.abort({ id }).catch(() => {})
    throw error
  }
}

async function* pagesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let page = new Uint8Array(PAGE_BYTES)
  let filled = 0
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; ) {
      const part = chunk.subarray(at, at + PAGE_BYTES - filled)
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
