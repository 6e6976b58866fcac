/** What kind of file bytes are, told from the bytes themselves. */
import { fileTypeFromBuffer } from 'file-type'

/** What is looked at of a file: its first bytes, at most this many. */
export const SNIFFED_BYTES = 64 * 1024

/** The media type of a file that begins with `head`; undefined where the bytes do not tell. */
export async function sniffMediaType(head: Uint8Array): Promise<string | undefined> {
  try {
    return (await fileTypeFromBuffer(head))?.mime
  } catch {
    // What only begins like a file of some kind.
    return undefined
  }
}
