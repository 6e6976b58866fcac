/** Operations of did:plc: built, signed, and the DID that follows from the first (did:plc specification). */
import { parseDidKey } from '@atproto/crypto'
import { encode } from '@atproto/lex-cbor'
import { addSignature, createOp, formatDidDoc } from '@did-plc/lib'
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

/** Whether the text is a did:key of a curve that may hold a rotation key (k256 or p256). */
export function isRotationKey(text: string): boolean {
  try {
    parseDidKey(text)
    return true
  } catch {
    return false
  }
}

/** The DID document of what the directory says. */
export function plcDidDocument(data: PlcData): object {
  return formatDidDoc(data)
}

function keypair(signer: PlcSigner) {
  return {
    jwtAlg: signer.jwtAlg,
    did: () => signer.did(),
    sign: async (bytes: Uint8Array) => signer.sign(bytes),
  }
}
