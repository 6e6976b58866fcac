/** The header Idempotency-Key: a call that is repeated with the same key gets the answer of the first one. */
import { createHash, randomUUID } from 'node:crypto'
import type { RemoteTenant } from '#src/engine/dispatch.ts'
import { invalidRequest, XrpcError } from '#src/errors.ts'
import { corsHeaders, RawResponse } from '#src/gateway/http/response.ts'
import type { Keychain } from '#src/ports/keychain.ts'

export interface KeyedCall {
  request: Request
  method: string
  input: unknown
  tenant: { id: string; actor: Pick<RemoteTenant, 'idempotency'> }
  /** An answer may have tokens. */
  keychain: Keychain
}

const MAX_KEY_LENGTH = 255
const RETRY_AFTER_SECONDS = '2'

/**
 * Runs `run` once for a key in 24 hours; a call that fails may be repeated. Throws 400 for a malformed key, 422
 * IdempotencyMismatch if the key was used for something else, 409 IdempotencyInProgress.
 */
export async function withIdempotencyKey<T extends object>(
  { request, method, input, tenant, keychain }: KeyedCall,
  run: () => Promise<T>,
): Promise<T | RawResponse> {
  const key = request.headers.get('idempotency-key')
  if (key === null) return run()
  if (!/^[!-~]+$/.test(key) || key.length > MAX_KEY_LENGTH) {
    throw invalidRequest(`Idempotency-Key must have 1 to ${MAX_KEY_LENGTH} visible characters`)
  }
  const { idempotency } = tenant.actor
  const call = randomUUID()
  const bodyHash = createHash('sha256')
    .update(JSON.stringify([method, input]))
    .digest('base64url')
  const begun = await idempotency.begin({ key, call, bodyHash })
  const context = `answer ${tenant.id} ${key}`
  switch (begun.type) {
    case 'mismatch':
      throw new XrpcError(
        422,
        'IdempotencyMismatch',
        'This Idempotency-Key was used for another call',
      )
    case 'running':
      throw new XrpcError(
        409,
        'IdempotencyInProgress',
        'The first call with this Idempotency-Key has not ended yet',
        { 'retry-after': RETRY_AFTER_SECONDS },
      )
    case 'done':
      return replayed(Buffer.from(keychain.open(begun.answer, context)).toString())
    case 'begun': {
      try {
        const answer = await run()
        const sealed = keychain.seal(Buffer.from(JSON.stringify(answer)), context)
        await idempotency.end({ key, call, answer: sealed })
        return answer
      } catch (error) {
        await idempotency.end({ key, call }).catch(() => {})
        throw error
      }
    }
  }
}

function replayed(json: string): RawResponse {
  return new RawResponse(json, {
    ...corsHeaders,
    'cache-control': 'private',
    vary: 'Authorization',
    'content-type': 'application/json; charset=utf-8',
    'idempotent-replayed': 'true',
  })
}
