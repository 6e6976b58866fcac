/** Checks a CAR file that was written, with the library that others read it with. */
import { CarBlockIterator } from '@ipld/car/iterator'
import { CID } from 'multiformats/cid'
import { sha256 } from 'multiformats/hashes/sha2'

/** The number of blocks. Throws if the file is truncated, or a block does not have the CID that it is stored under. */
export async function countBlocks(chunks: AsyncIterable<Uint8Array>): Promise<number> {
  let count = 0
  for await (const { cid, bytes } of await CarBlockIterator.fromIterable(chunks)) {
    const found = CID.create(cid.version, cid.code, await sha256.digest(bytes))
    if (!found.equals(cid)) throw new Error(`the file is damaged: block ${cid} is ${found}`)
    count++
  }
  return count
}
