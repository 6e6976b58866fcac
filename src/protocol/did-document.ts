/** DID documents: this service's own, and readers for those of accounts (atproto DID specification). */
import {
  formatDidKey,
  multibaseToBytes,
  P256_JWT_ALG,
  parseMultikey,
  SECP256K1_JWT_ALG,
} from '@atproto/crypto'

export interface DidDocument {
  id: string
  alsoKnownAs?: readonly string[]
  [member: string]: unknown
}

/** The document of a did:web service, for /.well-known/did.json; `publicUrl` has no trailing slash. */
export function serviceDidDocument(did: string, publicUrl: string): DidDocument {
  return {
    '@context': ['https://www.w3.org/ns/did/v1'],
    id: did,
    service: [
      {
        id: `${did}#atproto_pds`,
        type: 'AtprotoPersonalDataServer',
        serviceEndpoint: publicUrl,
      },
    ],
  }
}

/** The handle that a document claims: its first at:// name. It is not verified against the handle's own record. */
export function claimedHandle(document: DidDocument): string | undefined {
  const names = Array.isArray(document.alsoKnownAs) ? document.alsoKnownAs : []
  const name = names.find((text) => typeof text === 'string' && text.startsWith('at://'))
  return name?.slice('at://'.length)
}

/**
 * Validates a document from another server: its `id` must be the DID. Throws otherwise. Other members are not
 * validated.
 */
export function parseDidDocument(did: string, document: unknown): DidDocument {
  if (typeof document !== 'object' || document === null || !('id' in document)) {
    throw new Error('not a DID document')
  }
  const { id } = document
  if (id !== did) throw new Error('the DID document has another id')
  return { ...document, id: did }
}

/** The did:key of the verification method `#id`; undefined if the document has no readable one. */
export function verificationKey(document: DidDocument, id: string): string | undefined {
  const method = itemOf(document, 'verificationMethod', id)
  const key = method?.['publicKeyMultibase']
  if (typeof key !== 'string') return undefined
  try {
    switch (method?.['type']) {
      case 'Multikey': {
        const { jwtAlg, keyBytes } = parseMultikey(key)
        return formatDidKey(jwtAlg, keyBytes)
      }
      case 'EcdsaSecp256r1VerificationKey2019':
        return formatDidKey(P256_JWT_ALG, multibaseToBytes(key))
      case 'EcdsaSecp256k1VerificationKey2019':
        return formatDidKey(SECP256K1_JWT_ALG, multibaseToBytes(key))
      default:
        return undefined
    }
  } catch {
    return undefined
  }
}

/** The URL of the service `#id`, http or https; undefined if the document has none, or none of that type. */
export function serviceEndpoint(
  document: DidDocument,
  id: string,
  type?: string,
): string | undefined {
  const service = itemOf(document, 'service', id)
  if (service === undefined || (type !== undefined && service['type'] !== type)) return undefined
  const endpoint = service['serviceEndpoint']
  if (typeof endpoint !== 'string' || !/^https?:\/\//.test(endpoint)) return undefined
  return URL.canParse(endpoint) ? endpoint : undefined
}

/** Ids are absolute or just fragments. */
function itemOf(
  document: DidDocument,
  list: 'verificationMethod' | 'service',
  id: string,
): Record<string, unknown> | undefined {
  const items: unknown = document[list]
  if (!Array.isArray(items)) return undefined
  return items.find((item: { id?: unknown } | null) => {
    return item?.id === `#${id}` || item?.id === `${document.id}#${id}`
  }) as Record<string, unknown> | undefined
}
