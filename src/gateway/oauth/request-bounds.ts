/** Bounds the parameters of a request to the OAuth endpoints, before the library validates them. */
import { invalidRequest } from '#src/errors.ts'
import { mustHaveFewIncludes, mustHaveFewScopes } from '#src/gateway/oauth/scope-bounds.ts'
import { type JsonBounds, mustBeWithin, parsedJson } from '#src/protocol/json-bounds.ts'
import { decodeJwtPart } from '#src/protocol/jwt.ts'

/** That of a loopback client holds its redirect URIs and scopes. */
export const MAX_CLIENT_ID_LENGTH = 4096

const parameterBounds: JsonBounds = {
  depth: 8,
  values: 200,
  items: 100,
  letters: Number.POSITIVE_INFINITY,
}
/** Parameters that the library parses as JSON if they are strings. */
const jsonParameters = ['claims', 'authorization_details']

/** Throws 400, with the name InvalidScope if it is for the scope. */
export function mustBeSmallRequest(parameters: Record<string, unknown>): void {
  const { client_id: clientId, scope, request } = parameters
  if (typeof clientId === 'string' && clientId.length > MAX_CLIENT_ID_LENGTH) {
    throw invalidRequest('The client_id is too long')
  }
  within(() => mustBeWithin(parameters, parameterBounds))
  for (const name of jsonParameters) {
    const value = parameters[name]
    if (typeof value === 'string') within(() => mustBeWithin(parsedJson(value), parameterBounds))
  }
  within(() => mustHaveFewScopes(scope), 'InvalidScope')
  within(() => mustHaveFewIncludes(scope), 'InvalidScope')
  // The parameters in a request object (RFC 9101), which has none itself.
  if (typeof request === 'string') {
    const { request: _, ...claims } = decodeJwtPart(request.split('.')[1] ?? '') ?? {}
    mustBeSmallRequest(claims)
  }
}

function within(check: () => void, error?: string): void {
  try {
    check()
  } catch (reason) {
    throw invalidRequest(`The request has ${(reason as Error).message}`, error)
  }
}
