/**
 * Schemas of the methods `_delegation.*` of Tranquil PDS, with its field names, so that clients of either server work with
 * both. They have no lexicons, because their names are not NSIDs.
 */
import { l } from '@atproto/lex-schema'

const none = l.params({})
const output = l.jsonPayload({})
const controller = { controller_did: l.string({ format: 'did' }) }
const scopes = l.string({ maxLength: 4000 })
const granted = l.jsonPayload({ ...controller, granted_scopes: scopes })

export const listControllers = { main: l.query(named('listControllers'), none, output) }
export const addController = { main: l.procedure(named('addController'), none, granted, output) }
export const removeController = {
  main: l.procedure(named('removeController'), none, l.jsonPayload(controller), output),
}
export const updateControllerScopes = {
  main: l.procedure(named('updateControllerScopes'), none, granted, output),
}
export const listControlledAccounts = {
  main: l.query(named('listControlledAccounts'), none, output),
}
export const getAuditLog = {
  main: l.query(
    named('getAuditLog'),
    l.params({
      limit: l.optional(l.withDefault(l.integer(), 50)),
      offset: l.optional(l.withDefault(l.integer(), 0)),
    }),
    output,
  ),
}
export const getScopePresets = { main: l.query(named('getScopePresets'), none, output) }
export const createDelegatedAccount = {
  main: l.procedure(
    named('createDelegatedAccount'),
    none,
    l.jsonPayload({
      handle: l.string({ maxLength: 253 }),
      email: l.optional(l.string({ maxLength: 320 })),
      controllerScopes: l.optional(scopes),
    }),
    output,
  ),
}
export const resolveController = {
  main: l.query(
    named('resolveController'),
    l.params({ identifier: l.string({ maxLength: 2048 }) }),
    output,
  ),
}

function named(name: string): `${string}.${string}.${string}` {
  // Only the types insist on an NSID.
  return `_delegation.${name}` as `${string}.${string}.${string}`
}
