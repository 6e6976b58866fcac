/** com.atproto.server.getServiceAuth: a token by which the client speaks to another service in the account's name. */
import { forbidden, invalidRequest } from '#src/errors.ts'
import { isPrivilegedMethod, isProtectedMethod } from '#src/gateway/proxy/method-rules.ts'
import { isPrivileged } from '#src/gateway/xrpc/catch-all.ts'
import { method } from '#src/gateway/xrpc/method.ts'
import { isAtprotoDid, isDidReference } from '#src/protocol/did-reference.ts'
import * as server from '#src/protocol/lexicons/com/atproto/server.ts'
import { takendownScope } from '#src/rules/session-tokens.ts'

const HOUR_MS = 3_600_000
const MINUTE_MS = 60_000
/** By this alone an account that was taken down can still be moved elsewhere. */
const CREATE_ACCOUNT = 'com.atproto.server.createAccount'

export const getServiceAuth = method(server.getServiceAuth, {
  auth: 'account or takendown',
  oauth: (app, { params: { aud, lxm = '*' } }) => app.assertRpc({ aud, lxm }),
  of: ({ caller }) => caller.did,
  unknown: () => forbidden('Account not found', 'AccountNotFound'),
  run: async ({ account, caller: { scope, permissions }, params: { aud, exp, lxm } }) => {
    if (!isAtprotoDid(aud) && !isDidReference(aud)) {
      throw invalidRequest('aud must be a valid atproto DID or did#serviceId reference')
    }
    // What an app may call, its permissions said already.
    if (permissions === undefined) checkScope(scope, lxm)
    if (exp) checkExpiry(exp * 1000 - Date.now(), lxm)
    if (lxm !== undefined && isProtectedMethod(lxm)) {
      throw invalidRequest(
        `cannot request a service auth token for the following protected method: ${lxm}`,
      )
    }
    return account.service.createToken({
      aud,
      ...(lxm !== undefined && { lxm }),
      ...(exp && { exp }),
    })
  },
})

function checkScope(scope: string, lxm: string | undefined): void {
  if (scope === takendownScope && lxm !== CREATE_ACCOUNT) {
    throw invalidRequest('Bad token scope', 'InvalidToken')
  }
  if (lxm !== undefined && isPrivilegedMethod(lxm) && !isPrivileged(scope)) {
    throw invalidRequest(
      `insufficient access to request a service auth token for the following method: ${lxm}`,
    )
  }
}

/** `left` is milliseconds from now. A token for any method is good for a minute only. */
function checkExpiry(left: number, lxm: string | undefined): void {
  if (left < 0) throw invalidRequest('expiration is in past', 'BadExpiration')
  const long = 'in the future'
  if (left > HOUR_MS) {
    throw invalidRequest(
      `cannot request a token with an expiration more than an hour ${long}`,
      'BadExpiration',
    )
  }
  if (lxm === undefined && left > MINUTE_MS) {
    throw invalidRequest(
      `cannot request a method-less token with an expiration more than a minute ${long}`,
      'BadExpiration',
    )
  }
}
