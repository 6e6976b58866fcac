import { describe, expect, it } from 'vitest'
import { repoSigningKeys } from '#src/gateway/identity/repo-signing-keys.ts'
import { newSigningKey } from '#src/ports/secp256k1.ts'
import type { DidDocument } from '#src/protocol/did-document.ts'

const [first, second, now] = [1, 2, 3].map(() => newSigningKey().key.did()) as [
  string,
  string,
  string,
]
const did = 'did:plc:ewvi7nxzyoun6zhxrhs64oiz'
const operation = (key: string) => ({
  ...{ type: 'plc_operation' as const, prev: null, rotationKeys: [], alsoKnownAs: [] },
  ...{ services: {}, verificationMethods: { atproto: key }, sig: '' },
})
const created = { type: 'create' as const, signingKey: first }

function ports(log: () => Promise<unknown[]>, isKnown = true) {
  const warnings: unknown[] = []
  const resolve = async (id: string): Promise<DidDocument> => {
    const method = {
      id: `${id}#atproto`,
      type: 'Multikey',
      publicKeyMultibase: now.slice('did:key:'.length),
    }
    return { id, verificationMethod: [method] } as DidDocument
  }
  return {
    plc: { getOperationLog: log as never },
    resolver: { resolve, refresh: isKnown ? resolve : async () => undefined },
    log: { warn: (what: unknown) => void warnings.push(what) } as never,
    warnings,
  }
}

describe('repoSigningKeys', () => {
  it("repoKeys returns the DID document's key and its predecessors", async () => {
    const log = [created, operation(second), operation(now)]
    const named = await repoSigningKeys(
      ports(async () => log),
      did,
    )
    expect(named).toEqual([now, second, first])
  })

  it('repoSigningKeys returns only the current key if the PLC log is unreachable', async () => {
    const broken = ports(async () => Promise.reject(new Error('away')))
    expect(await repoSigningKeys(broken, did)).toEqual([now])
    expect(broken.warnings).toHaveLength(1)
  })

  it('repoSigningKeys of a did:web returns the key of its document', async () => {
    const unasked = ports(async () => Promise.reject(new Error('nobody asked')))
    expect(await repoSigningKeys(unasked, 'did:web:example.com')).toEqual([now])
    expect(unasked.warnings).toEqual([])
  })

  it('repoSigningKeys is empty for an unknown DID', async () => {
    expect(
      await repoSigningKeys(
        ports(async () => [], false),
        did,
      ),
    ).toEqual([])
  })
})
