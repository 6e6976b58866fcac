/** Operations of did:plc: built, signed, and the DID that follows from the first (did:plc specification). */
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

/** A signed operation, as it is sent to the directory. */
export interface PlcOperation {
  type: 'plc_operation'
  prev: string | null
  rotationKeys: string[]
  verificationMethods: Record<string, string>
  alsoKnownAs: string[]
  services: Record<string, { type: string; endpoint: string }>
  sig: string
}

/** The first operation of a DID from the time before operations had their present form. */
export interface PlcCreate {
  type: 'create'
  /** A did:key. */
  signingKey: string
}

export interface PlcTombstone {
  type: 'plc_tombstone'
  prev: string
  sig: string
}

/** What a DID stands for now: `GET /:did/data` of the directory. */
export interface PlcData
  extends Pick<PlcOperation, 'rotationKeys' | 'verificationMethods' | 'alsoKnownAs' | 'services'> {
  did: string
}

/** Signs with a rotation key. */
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
 * The first operation of a new account and the DID it makes. `rotationKeys` are did:keys, strongest first, and
 * hold the signer's; `signingKey` is the repo's did:key; `pds` is where the account lives, as a URL.
 */
export async function genesisOperation(
  account: { handle: string; pds: string; signingKey: string; rotationKeys: readonly string[] },
  signer: PlcSigner,
): Promise<Genesis> {
  const rotationKeys = [...account.rotationKeys]
  const { did, op } = await createOp({ ...account, rotationKeys, signer: keypair(signer) })
  return { did, op }
}

/** The operation that ends a DID whose last operation is `last`. */
export function tombstoneOperation(last: PlcOperation, signer: PlcSigner): Promise<PlcTombstone> {
  const prev = cidForCbor(encode({ ...last }))
  return addSignature({ type: 'plc_tombstone' as const, prev }, keypair(signer))
}

/** The operation after `last` that names another signing key, a did:key, and leaves the rest as it is. */
export async function signingKeyOperation(
  last: PlcOperation,
  signingKey: string,
  signer: PlcSigner,
): Promise<PlcOperation> {
  return updateAtprotoKeyOp(last, keypair(signer), signingKey)
}

/** Whether the text is a did:key of a curve that may hold a rotation key (k256 or p256). */
export function isRotationKey(text: string): boolean {
  try {
    parseDidKey(text)
    return true
  } catch {
    return false
  }
}

/** The operation that follows `last` and gives the DID another handle, in the place of the first it has. */
export function handleOperation(
  last: PlcOperation,
  handle: string,
  signer: PlcSigner,
): Promise<PlcOperation> {
  return updateHandleOp(last, keypair(signer), handle)
}

/** What somebody wants changed of a DID; what is left out stays. */
export type PlcChanges = Partial<
  Pick<PlcOperation, 'rotationKeys' | 'verificationMethods' | 'alsoKnownAs' | 'services'>
>

/** The operation that follows `last` with these changes. */
export function updateOperation(
  last: PlcOperation,
  changes: PlcChanges,
  signer: PlcSigner,
): Promise<PlcOperation> {
  return createUpdateOp(last, keypair(signer), (standing) => ({ ...standing, ...changes }))
}

/** A signed operation that somebody else made; undefined where it has not the form of one, or is a tombstone. */
export function parseOperation(given: unknown): PlcOperation | undefined {
  const parsed = def.operation.safeParse(given)
  return parsed.success ? parsed.data : undefined
}

/** Changes that somebody asks for; undefined where they have not the form of any. */
export function parseChanges(given: object): PlcChanges | undefined {
  const parsed = def.operation.partial().safeParse(given)
  if (!parsed.success) return undefined
  const { rotationKeys, verificationMethods, alsoKnownAs, services } = parsed.data
  return {
    ...(rotationKeys && { rotationKeys }),
    ...(verificationMethods && { verificationMethods }),
    ...(alsoKnownAs && { alsoKnownAs }),
    ...(services && { services }),
  }
}

/** The handle that comes first, which is the one a DID is known by; undefined where it has none. */
export function plcHandle({ alsoKnownAs }: Pick<PlcOperation, 'alsoKnownAs'>): string | undefined {
  return alsoKnownAs.find((name) => name.startsWith('at://'))?.slice('at://'.length)
}

const keyContexts: Record<string, string> = {
  [P256_JWT_ALG]: 'https://w3id.org/security/suites/ecdsa-2019/v1',
  [SECP256K1_JWT_ALG]: 'https://w3id.org/security/suites/secp256k1-2019/v1',
}

/** The DID document of what the directory says, in the form that plc.directory gives it today. */
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
