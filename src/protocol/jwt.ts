/** The header or the claims of a compact JWT: a JSON object in base64url (RFC 7515). */

export function encodeJwtPart(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

/** Undefined if it is no JSON object. Nothing of it is verified. */
export function decodeJwtPart(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString())
    return typeof value === 'object' && value !== null ? { ...value } : undefined
  } catch {
    return undefined
  }
}
