/** Resolves the did:web of this server without the network: a server may not be able to reach itself. */
import type { DidSource } from '#src/ports/did-resolver.ts'
import { serviceDidDocument } from '#src/protocol/did-document.ts'

/** A `did` of another host has its document there. */
export function withOwnDocument(
  source: DidSource,
  { did, hostname, publicUrl }: { did: string; hostname: string; publicUrl: string },
): DidSource {
  if (did !== `did:web:${hostname}`) return source
  const document = serviceDidDocument(did, publicUrl)
  return { resolve: async (other) => (other === did ? document : source.resolve(other)) }
}
