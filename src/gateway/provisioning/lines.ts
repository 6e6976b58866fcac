/** Splits a body into lines as it arrives. */
import { isUtf8 } from 'node:buffer'
import { tooLarge } from '#src/gateway/http/body-errors.ts'

/** Those in flight are in memory (row-results.ts). */
export const MAX_LINE_BYTES = 256 * 1024

const NEW_LINE = 10
/** In place of a line that is not, so that its row is refused: it is no JSON. */
const NOT_UTF8 = 'not UTF-8'

/** `n` is the line number, from 1 on; empty lines are left out. Throws 413 for a line that is too long. */
export async function* linesOf(
  bytes: AsyncIterable<Uint8Array>,
): AsyncGenerator<{ n: number; text: string }> {
  let n = 0
  let rest: Uint8Array[] = []
  let restBytes = 0
  const take = (last: Uint8Array) => {
    n++
    const line = Buffer.concat([...rest, last])
    // Decoded, different names would become the same one.
    const text = isUtf8(line) ? line.toString().trim() : NOT_UTF8
    rest = []
    restBytes = 0
    return { n, text }
  }
  for await (const chunk of bytes) {
    let from = 0
    for (let end = chunk.indexOf(NEW_LINE); end !== -1; end = chunk.indexOf(NEW_LINE, from)) {
      if (restBytes + end - from > MAX_LINE_BYTES) throw tooLarge()
      const line = take(chunk.subarray(from, end))
      if (line.text !== '') yield line
      from = end + 1
    }
    if (from === chunk.length) continue
    // A copy: the chunk may be much larger.
    rest.push(chunk.slice(from))
    restBytes += chunk.length - from
    if (restBytes > MAX_LINE_BYTES) throw tooLarge()
  }
  const line = take(new Uint8Array())
  if (line.text !== '') yield line
}
