/** Rules for new passwords and the form of app passwords, shared with the gateway. */
import { authRequired, invalidRequest } from '#src/errors.ts'
import { randomLetters } from '#src/ports/random-letters.ts'

// In characters; existing passwords may be longer.
const MAX_NEW_PASSWORD_LENGTH = 256
const appPassword = /^[a-z2-7]{4}(-[a-z2-7]{4}){3}$/

/** Throws 400 if it is empty or too long. */
export function checkNewPassword(password: string): void {
  if (password.length === 0 || password.length > MAX_NEW_PASSWORD_LENGTH) {
    throw invalidRequest('Invalid password length.')
  }
}

/** `xxxx-xxxx-xxxx-xxxx` in base32: 80 random bits. */
export function newAppPassword(): string {
  return randomLetters(4, 4)
}

/** Check this first: verifying an app password is slow. */
export function looksLikeAppPassword(password: string): boolean {
  return appPassword.test(password)
}

/** The same error for every failed login, so that it reveals nothing. */
export function wrongCredentials() {
  return authRequired('Invalid identifier or password')
}
