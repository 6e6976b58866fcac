/** DID documents: this service's own, and readers for those of accounts (atproto DID specification). */
import {
  type DidDocument,
  getHandle,
  getServiceEndpoint,
  getVerificationMaterial,
} from '@atproto/common-web'
import {
  formatDidKey,
  multibaseToBytes,
  P256_JWT_ALG,
  parseMultikey,
  SECP256K1_JWT_ALG,
} from '@atproto/crypto'

// @atproto/identity re-exports these readers; importing them from there would also load its HTTP client.

export type { DidDocument }

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
  const names: unknown = document.alsoKnownAs
  // The library assumes a list of strings; a published document may have anything there.
  if (!Array.isArray(names)) return undefined
  return getHandle({ ...document, alsoKnownAs: names.filter((name) => typeof name === 'string') })
}

/** The did:key of the verification method `#id`; undefined if the document has no readable one. */
export function verificationKey(document: DidDocument, id: string): string | undefined {
  const method = getVerificationMaterial(document, id)
  if (method === undefined) return undefined
  const { type, publicKeyMultibase } = method
  try {
    switch (type) {
      case 'Multikey': {
        const { jwtAlg, keyBytes } = parseMultikey(publicKeyMultibase)
        return formatDidKey(jwtAlg, keyBytes)
      }
      case 'EcdsaSecp256r1VerificationKey2019':
        return formatDidKey(P256_JWT_ALG, multibaseToBytes(publicKeyMultibase))
      case 'EcdsaSecp256k1VerificationKey2019':
        return formatDidKey(SECP256K1_JWT_ALG, multibaseToBytes(publicKeyMultibase))
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
  return getServiceEndpoint(document, { id: `#${id}`, ...(type !== undefined && { type }) })
}
