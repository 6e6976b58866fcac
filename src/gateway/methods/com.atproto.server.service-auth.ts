/** com.atproto.server.getServiceAuth: a service token with which the client calls another service as the account. */
import { invalidRequest } from '#src/errors.ts'
import { isLimited, isOf } from '#src/gateway/group/limited-tokens.ts'
import { ownAccount } from '#src/gateway/methods/own-account.ts'
import { isPrivilegedMethod, isProtectedMethod } from '#src/gateway/proxy/method-rules.ts'
import { method } from '#src/gateway/xrpc/method.ts'
import { isAtprotoDid, isDidReference } from '#src/protocol/did.ts'
import * as server from '#src/protocol/lexicons/com/atproto/server.ts'
import { isPrivilegedScope, takendownScope } from '#src/rules/session-tokens.ts'

const HOUR_MS = 3_600_000
const MINUTE_MS = 60_000
/** The only method for a taken-down account: it lets it migrate to another server. */
const CREATE_ACCOUNT = 'com.atproto.server.createAccount'

export const getServiceAuth = method(server.getServiceAuth, {
  ...ownAccount,
  auth: 'account or takendown',
  oauth: (permissions, { params: { aud, lxm = '*' } }) => permissions.assertRpc({ aud, lxm }),
  run: async ({ account, caller, params: { aud, exp, lxm }, server: { service } }) => {
    const { scope, permissions } = caller
    if (!isAtprotoDid(aud) && !isDidReference(aud)) {
      throw invalidRequest('aud must be a valid atproto DID or did#serviceId reference')
    }
    // For OAuth apps, the `oauth` rule above has decided.
    if (permissions === undefined) checkScope(scope, lxm)
    if (exp) checkExpiry(exp * 1000 - Date.now(), lxm)
    if (lxm !== undefined && isProtectedMethod(lxm)) {
      throw invalidRequest(
        `cannot request a service auth token for the following protected method: ${lxm}`,
      )
    }
    return account.service.getServiceAuth({
      aud,
      ...(lxm !== undefined && { lxm }),
      ...(exp && { exp }),
      // Elsewhere it is an unknown claim.
      ...(isOf(service.did, aud) && isLimited(caller, { aud, lxm }) && { isLimited: true }),
    })
  },
})

function checkScope(scope: string, lxm: string | undefined): void {
  if (scope === takendownScope && lxm !== CREATE_ACCOUNT) {
    throw invalidRequest('Bad token scope', 'InvalidToken')
  }
  if (lxm !== undefined && isPrivilegedMethod(lxm) && !isPrivilegedScope(scope)) {
    throw invalidRequest(
      `insufficient access to request a service auth token for the following method: ${lxm}`,
    )
  }
}

/** `lifetimeMs` counts from now. A token without `lxm`, for any method, is limited to a minute. */
function checkExpiry(lifetimeMs: number, lxm: string | undefined): void {
  if (lifetimeMs < 0) throw invalidRequest('expiration is in past', 'BadExpiration')
  if (lifetimeMs > HOUR_MS) {
    throw invalidRequest(
      `cannot request a token with an expiration more than an hour in the future`,
      'BadExpiration',
    )
  }
  if (lxm === undefined && lifetimeMs > MINUTE_MS) {
    throw invalidRequest(
      `cannot request a method-less token with an expiration more than a minute in the future`,
      'BadExpiration',
    )
  }
}
