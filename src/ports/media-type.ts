/** Detects media types from file contents. */
import { fileTypeFromBuffer } from 'file-type'

export const SNIFFED_BYTES = 64 * 1024

export async function sniffMediaType(head: Uint8Array): Promise<string | undefined> {
  try {
    return (await fileTypeFromBuffer(head))?.mime
  } catch {
    // The parser failed: `head` only starts like a known format.
    return undefined
  }
}
