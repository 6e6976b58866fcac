/** The Authorization header, taken apart as the reference does it. */
import { authRequired, invalidRequest } from '#src/errors.ts'

export interface Authorization {
  scheme: 'basic' | 'bearer' | 'dpop'
  credentials: string
}

/** Undefined where nothing is shown. Throws 400 InvalidToken for what is not two words, or of no known scheme. */
export function parseAuthorization(header: string | undefined): Authorization | undefined {
  if (!header) return undefined
  const [word = '', credentials, ...rest] = header.split(' ')
  if (credentials === undefined || rest.length > 0) {
    throw invalidRequest('Malformed authorization header', 'InvalidToken')
  }
  const scheme = word.toLowerCase()
  if (scheme !== 'basic' && scheme !== 'bearer' && scheme !== 'dpop') {
    throw invalidRequest(`Unsupported authorization type: ${word}`, 'InvalidToken')
  }
  return { scheme, credentials }
}

/** The access token that is shown. Throws 401 AuthMissing for none, and as above. */
export function accessToken(header: string | undefined): string {
  const shown = parseAuthorization(header)
  if (shown === undefined) throw authRequired('Authentication Required', 'AuthMissing')
  if (shown.scheme === 'basic') {
    throw invalidRequest('Unexpected authorization type', 'InvalidToken')
  }
  // Nobody was given a token that is bound to a key.
  if (shown.scheme === 'dpop') throw authRequired('Malformed token', 'invalid_token')
  return bearerToken(header)
}

/** The bearer token that is shown. Throws 401 AuthMissing for all else. */
export function bearerToken(header: string | undefined): string {
  const shown = parseAuthorization(header)
  if (shown?.scheme !== 'bearer' || shown.credentials === '') {
    throw authRequired('Authentication Required', 'AuthMissing')
  }
  return shown.credentials
}

/** User and password of HTTP Basic; undefined for all else. */
export function basicCredentials(
  header: string | undefined,
): { user: string; password: string } | undefined {
  const [, encoded] = /^basic ([^ ]*)$/i.exec(header ?? '') ?? []
  const [, user, password] =
    /^([^:]*):([\s\S]*)$/.exec(Buffer.from(encoded ?? '', 'base64').toString()) ?? []
  return user === undefined || password === undefined ? undefined : { user, password }
}
