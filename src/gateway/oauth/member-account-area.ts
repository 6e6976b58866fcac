/** What a member that acts as a group may do on the account page: only what its role has a scope for. */
import { randomUUID } from 'node:crypto'
import { OAuthError } from '@atproto/oauth-provider/errors'
import { permissionsCache } from '#src/gateway/oauth/permissions-cache.ts'
import { type Acting, requestContext } from '#src/gateway/oauth/request-context.ts'
import type { Permissions } from '#src/gateway/xrpc/callers.ts'
import type { ActingMember } from '#src/rules/acting-member.ts'

const permissionsOf = permissionsCache()

/** The member that acts as the account in this request; undefined if the account itself is signed in. */
export function actingAs(did: string): Acting | undefined {
  return requestContext().acting?.get(did)
}

/** Whether a member acts as an account in this request. */
export function hasActing(): boolean {
  return (requestContext().acting?.size ?? 0) > 0
}

/** The member that acts as the account, after a check of its role. Throws 403 access_denied. */
export function allowedMember(
  did: string,
  check: (permissions: Permissions) => void,
): ActingMember | undefined {
  const acting = actingAs(did)
  if (acting === undefined) return undefined
  const { member, role } = acting
  try {
    check(permissionsOf(role?.scope ?? ''))
  } catch {
    throw denied('Your role in this group does not allow this')
  }
  const { name = '', revision = 0 } = role ?? {}
  const { ip, userAgent } = requestContext().client
  return {
    ...{ did: member, role: name, revision, client: 'account page', call: randomUUID() },
    ...(ip !== undefined && { ip }),
    ...(userAgent !== undefined && { userAgent }),
  }
}

type Methods = Record<string, (input: never) => unknown>

/** Methods about the `did` of their input that only the account itself may call: those that need its password or mailbox. */
export function forAccountItself<M extends object>(methods: M): M {
  const guarded = Object.entries(methods as Methods).map(([name, run]) => [
    name,
    async (input: { did?: string }) => {
      if (input.did !== undefined && actingAs(input.did) !== undefined) {
        throw denied('This is for the account itself, and not for its members')
      }
      return run(input as never)
    },
  ])
  return Object.fromEntries(guarded) as M
}

function denied(message: string) {
  return new OAuthError('access_denied', message, 403)
}
