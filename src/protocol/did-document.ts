/** DID documents: this service's own, and what the documents of accounts say (atproto DID specification). */

export interface DidDocument {
  id: string
  alsoKnownAs?: readonly string[]
  [member: string]: unknown
}

/** The document of a did:web service, for /.well-known/did.json; `publicUrl` is without a trailing slash. */
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

/** The handle a document claims: the first at:// name; whether it is true is for the handle to say. */
export function claimedHandle(document: DidDocument): string | undefined {
  const names = Array.isArray(document.alsoKnownAs) ? document.alsoKnownAs : []
  const name = names.find((text) => typeof text === 'string' && text.startsWith('at://'))
  return name?.slice('at://'.length)
}
