/** From a DID to its document, as it is published. */
import type { Clock } from '#src/ports/clock.ts'
import type { PlcDirectory } from '#src/ports/plc-directory.ts'
import type { DidDocument } from '#src/protocol/did-document.ts'
import { plcDidDocument } from '#src/protocol/plc-operation.ts'

export interface DidResolver {
  /** The document; undefined where the DID is unknown or ended. Throws 502 where nobody can tell. */
  resolve(did: string): Promise<DidDocument | undefined>
}

/** Resolves did:plc from the operations of a PLC directory. Other methods are unknown to it. */
export function plcResolver(directory: PlcDirectory): DidResolver {
  return {
    async resolve(did) {
      if (!did.startsWith('did:plc:')) return undefined
      const data = await directory.data(did)
      return data && { ...plcDidDocument(data), id: did }
    },
  }
}

interface Kept {
  document: DidDocument
  until: number
}

/** Keeps documents for `freshMs`, and for as long as nobody can tell; the `most` used last. */
export function cachedResolver(
  inner: DidResolver,
  { clock, freshMs = 30_000, most = 10_000 }: { clock: Clock; freshMs?: number; most?: number },
): DidResolver {
  const kept = new Map<string, Kept>()

  function keep(did: string, document: DidDocument): void {
    kept.delete(did)
    kept.set(did, { document, until: clock.now() + freshMs })
    const [oldest] = kept.keys()
    if (kept.size > most && oldest !== undefined) kept.delete(oldest)
  }

  return {
    async resolve(did) {
      const known = kept.get(did)
      if (known !== undefined && known.until > clock.now()) return known.document
      try {
        const document = await inner.resolve(did)
        if (document === undefined) kept.delete(did)
        else keep(did, document)
        return document
      } catch (error) {
        if (known === undefined) throw error
        keep(did, known.document)
        return known.document
      }
    },
  }
}
