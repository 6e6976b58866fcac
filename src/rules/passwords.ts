/** What a new password may be, and what app passwords look like: for the gateway, too. */
import { authRequired, invalidRequest } from '#src/errors.ts'
import { randomLetters } from '#src/ports/random-letters.ts'

/** In characters; older ones may be longer. */
const MAX_NEW_PASSWORD_LENGTH = 256
const appPassword = /^[a-z2-7]{4}(-[a-z2-7]{4}){3}$/

/** Throws 400 where a password is too long to become one, or empty. */
export function checkNewPassword(password: string): void {
  if (password.length === 0 || password.length > MAX_NEW_PASSWORD_LENGTH) {
    throw invalidRequest('Invalid password length.')
  }
}

/** A new app password, `xxxx-xxxx-xxxx-xxxx` in base32: 80 random bits. */
export function newAppPassword(): string {
  return randomLetters(4, 4)
}

/** Whether it can be an app password at all: a look at one takes long. */
export function looksLikeAppPassword(password: string): boolean {
  return appPassword.test(password)
}

/** What every failed login is told, whatever was wrong. */
export function wrongCredentials() {
  return authRequired('Invalid identifier or password')
}
