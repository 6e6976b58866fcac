/** Handles, emails and DIDs as people type and paste them into sign-in forms. */

// Blanks, and format characters, which are not seen: zero-width ones, and the marks of writing direction that iOS and
// Android put around a copied handle.
const unseen = /[\s\p{Cf}]/gu

/** In lower case, without unseen characters and without the `@` before a handle. */
export function normalizeIdentifier(text: string): string {
  return text
    .replace(unseen, '')
    .replace(/^[@＠]/, '')
    .toLowerCase()
}

/** Not for an email address: the directory finds accounts by those too, and only who signs in may ask for one. */
export function isPublicName(identifier: string): boolean {
  return !identifier.includes('@')
}
