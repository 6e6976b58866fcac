/** Parses the Authorization header as the reference does. */
import { authRequired, invalidRequest } from '#src/errors.ts'

export interface Authorization {
  scheme: 'basic' | 'bearer' | 'dpop'
  credentials: string
}

/** Undefined without a header. Throws 400 InvalidToken if it is not two words, or of an unknown scheme. */
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

/** The bearer token. Throws 401 AuthMissing without a header, and as `parseAuthorization`. */
export function accessToken(header: string | undefined): string {
  const authorization = parseAuthorization(header)
  if (authorization === undefined) throw authRequired('Authentication Required', 'AuthMissing')
  if (authorization.scheme === 'basic') {
    throw invalidRequest('Unexpected authorization type', 'InvalidToken')
  }
  // Session tokens are not bound to a key.
  if (authorization.scheme === 'dpop') throw authRequired('Malformed token', 'invalid_token')
  return bearerToken(header)
}

/** The bearer token. Throws 401 AuthMissing if there is none. */
export function bearerToken(header: string | undefined): string {
  const authorization = parseAuthorization(header)
  if (authorization?.scheme !== 'bearer' || authorization.credentials === '') {
    throw authRequired('Authentication Required', 'AuthMissing')
  }
  return authorization.credentials
}

export function basicCredentials(
  header: string | undefined,
): { user: string; password: string } | undefined {
  const [, encoded] = /^basic ([^ ]*)$/i.exec(header ?? '') ?? []
  const [, user, password] =
    /^([^:]*):([\s\S]*)$/.exec(Buffer.from(encoded ?? '', 'base64').toString()) ?? []
  return user === undefined || password === undefined ? undefined : { user, password }
}
