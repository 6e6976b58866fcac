/** did:plc operations: built, signed, and the DID derived from the first one (did:plc specification). */
import { P256_JWT_ALG, parseDidKey, SECP256K1_JWT_ALG } from '@atproto/crypto'
import { encode } from '@atproto/lex-cbor'
import {
  addSignature,
  createOp,
  createUpdateOp,
  def,
  updateAtprotoKeyOp,
  updateHandleOp,
} from '@did-plc/lib'
import { cidForCbor } from '#src/protocol/cid.ts'

export interface PlcOperation {
  type: 'plc_operation'
  prev: string | null
  rotationKeys: string[]
  verificationMethods: Record<string, string>
  alsoKnownAs: string[]
  services: Record<string, { type: string; endpoint: string }>
  sig: string
}

/** The legacy form of a DID's first operation; `signingKey` is a did:key. */
export interface PlcCreate {
  type: 'create'
  signingKey: string
}

export interface PlcTombstone {
  type: 'plc_tombstone'
  prev: string
  sig: string
}

/** The PLC directory's `GET /:did/data`. */
export interface PlcData
  extends Pick<PlcOperation, 'rotationKeys' | 'verificationMethods' | 'alsoKnownAs' | 'services'> {
  did: string
}

export interface PlcSigner {
  readonly jwtAlg: string
  did(): string
  sign(bytes: Uint8Array): Uint8Array
}

export interface Genesis {
  did: string
  op: PlcOperation
}

/**
 * `rotationKeys` are did:keys, highest priority first, and include the signer's; `signingKey` is the repo's did:key;
 * `pds` is the URL of the account's server.
 */
export async function genesisOperation(
  account: { handle: string; pds: string; signingKey: string; rotationKeys: readonly string[] },
  signer: PlcSigner,
): Promise<Genesis> {
  const rotationKeys = [...account.rotationKeys]
  const { did, op } = await createOp({ ...account, rotationKeys, signer: keypair(signer) })
  return { did, op }
}

export function tombstoneOperation(last: PlcOperation, signer: PlcSigner): Promise<PlcTombstone> {
  const prev = cidForCbor(encode({ ...last }))
  return addSignature({ type: 'plc_tombstone' as const, prev }, keypair(signer))
}

export async function signingKeyOperation(
  last: PlcOperation,
  signingKey: string,
  signer: PlcSigner,
): Promise<PlcOperation> {
  return updateAtprotoKeyOp(last, keypair(signer), signingKey)
}

/** Whether the signer's key may sign the operation after `last`. The legacy first operation says so in other fields. */
export function maySignNext(last: PlcOperation, signer: PlcSigner): boolean {
  return last.rotationKeys?.includes(signer.did()) ?? true
}

/** Whether the text is a did:key of a curve that rotation keys may have (k256 or p256). */
export function isRotationKey(text: string): boolean {
  try {
    parseDidKey(text)
    return true
  } catch {
    return false
  }
}

/** The public key (uncompressed) of a did:key of k256; undefined for another text. */
export function k256PublicKey(text: string): Uint8Array | undefined {
  try {
    const { jwtAlg, keyBytes } = parseDidKey(text)
    return jwtAlg === SECP256K1_JWT_ALG ? keyBytes : undefined
  } catch {
    return undefined
  }
}

export function handleOperation(
  last: PlcOperation,
  handle: string,
  signer: PlcSigner,
): Promise<PlcOperation> {
  return updateHandleOp(last, keypair(signer), handle)
}

/** With another URL of the server, and if one is given another handle. */
export function endpointOperation(
  last: PlcOperation,
  { endpoint, handle }: { endpoint: string; handle?: string | undefined },
  signer: PlcSigner,
): Promise<PlcOperation> {
  const type = 'AtprotoPersonalDataServer'
  return createUpdateOp(last, keypair(signer), ({ services, alsoKnownAs, ...current }) => {
    const i = alsoKnownAs.findIndex((name) => name.startsWith('at://'))
    return {
      ...current,
      services: { ...services, atproto_pds: { type, endpoint } },
      alsoKnownAs:
        handle === undefined
          ? alsoKnownAs
          : alsoKnownAs.toSpliced(Math.max(i, 0), i < 0 ? 0 : 1, `at://${handle}`),
    }
  })
}

export type PlcChanges = Partial<
  Pick<PlcOperation, 'rotationKeys' | 'verificationMethods' | 'alsoKnownAs' | 'services'>
>

export function updateOperation(
  last: PlcOperation,
  changes: PlcChanges,
  signer: PlcSigner,
): Promise<PlcOperation> {
  return createUpdateOp(last, keypair(signer), (current) => ({ ...current, ...changes }))
}

/** What its signature signs. */
export function unsignedBytes({ sig: _, ...operation }: PlcOperation): Uint8Array {
  return encode(operation)
}

export function parseOperation(input: unknown): PlcOperation | undefined {
  const parsed = def.operation.safeParse(input)
  return parsed.success ? parsed.data : undefined
}

export function parseChanges(input: object): PlcChanges | undefined {
  const parsed = def.operation.partial().safeParse(input)
  if (!parsed.success) return undefined
  const { rotationKeys, verificationMethods, alsoKnownAs, services } = parsed.data
  return {
    ...(rotationKeys && { rotationKeys }),
    ...(verificationMethods && { verificationMethods }),
    ...(alsoKnownAs && { alsoKnownAs }),
    ...(services && { services }),
  }
}

export function plcHandle({ alsoKnownAs }: Pick<PlcOperation, 'alsoKnownAs'>): string | undefined {
  return alsoKnownAs.find((name) => name.startsWith('at://'))?.slice('at://'.length)
}

const keyContexts: Record<string, string> = {
  [P256_JWT_ALG]: 'https://w3id.org/security/suites/ecdsa-2019/v1',
  [SECP256K1_JWT_ALG]: 'https://w3id.org/security/suites/secp256k1-2019/v1',
}

/** In the form that plc.directory serves today. */
export function plcDidDocument(data: PlcData): { id: string } & Record<string, unknown> {
  const { did, alsoKnownAs, services } = data
  const keys = Object.entries(data.verificationMethods)
  const contexts = keys.map(([, key]) => keyContext(key)).filter((context) => context !== undefined)
  return {
    '@context': [
      'https://www.w3.org/ns/did/v1',
      'https://w3id.org/security/multikey/v1',
      ...new Set(contexts),
    ],
    id: did,
    alsoKnownAs,
    verificationMethod: keys.map(([id, key]) => ({
      id: `${did}#${id}`,
      type: 'Multikey',
      controller: did,
      publicKeyMultibase: key.replace(/^did:key:/, ''),
    })),
    service: Object.entries(services).map(([id, { type, endpoint }]) => ({
      id: `#${id}`,
      type,
      serviceEndpoint: endpoint,
    })),
  }
}

function keyContext(key: string): string | undefined {
  try {
    return keyContexts[parseDidKey(key).jwtAlg]
  } catch {
    return undefined
  }
}

function keypair(signer: PlcSigner) {
  return {
    jwtAlg: signer.jwtAlg,
    did: () => signer.did(),
    sign: async (bytes: Uint8Array) => signer.sign(bytes),
  }
}
