/** A moderation service: a did:plc with its own keys, which receives reports and signs its calls to a server. */
import { didForCreateOp, signOperation } from '@did-plc/lib'
import { newSigningKey } from '#src/ports/secp256k1.ts'
import { createServiceToken } from '#src/protocol/service-token.ts'
import { type FakeService, startFakeService } from '#tests/support/fake-service.ts'

export interface ModerationService extends AsyncDisposable {
  readonly did: string
  readonly service: FakeService
  /** Publishes its DID. */
  publish(plcUrl: string): Promise<void>
  /** An Authorization header for one call of `nsid`, signed with the labeler's key by default. */
  authorization(aud: string, nsid: string, as?: 'atproto' | 'atproto_label'): string
}

export async function startModerationService(): Promise<ModerationService> {
  const service = await startFakeService()
  const keys = { atproto: newSigningKey().key, atproto_label: newSigningKey().key }
  const signer = {
    jwtAlg: 'ES256K',
    did: () => keys.atproto.did(),
    sign: async (bytes: Uint8Array) => keys.atproto.sign(bytes),
  }
  const op = await signOperation(
    {
      type: 'plc_operation',
      prev: null,
      rotationKeys: [keys.atproto.did()],
      verificationMethods: {
        atproto: keys.atproto.did(),
        atproto_label: keys.atproto_label.did(),
      },
      alsoKnownAs: ['at://moderation.example.com'],
      services: { atproto_labeler: { type: 'AtprotoLabeler', endpoint: service.url } },
    },
    signer,
  )
  const did = await didForCreateOp(op)
  return {
    did,
    service,
    async publish(plcUrl) {
      const headers = { 'content-type': 'application/json' }
      const body = JSON.stringify(op)
      const answer = await fetch(`${plcUrl}/${did}`, { method: 'POST', headers, body })
      if (!answer.ok) throw new Error(await answer.text())
    },
    authorization(aud, lxm, as = 'atproto_label') {
      const now = Math.floor(Date.now() / 1000)
      const iss = as === 'atproto' ? did : `${did}#atproto_labeler`
      const claims = { iat: now, iss, aud, exp: now + 60, lxm, jti: crypto.randomUUID() }
      return `Bearer ${createServiceToken(claims, keys[as])}`
    },
    [Symbol.asyncDispose]: () => service[Symbol.asyncDispose](),
  }
}
