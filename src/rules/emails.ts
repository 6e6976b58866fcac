/** Which email addresses an account may have. */
import { invalidRequest } from '#src/errors.ts'
import { isDisposableDomain } from '#src/ports/disposable-domains.ts'

const MAX_ADDRESS_LENGTH = 254
const MAX_LOCAL_PART_LENGTH = 64
// Dot-separated atoms, then a domain of at least two labels (RFC 5321, without quotes and address literals).
const address =
  /^[^\s@.,:;<>()[\]\\"]+(\.[^\s@.,:;<>()[\]\\"]+)*@([\p{L}\p{N}]([\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?\.)+[\p{L}\p{N}]([\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?$/u
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const control = /[\u0000-\u001f\u007f]/

/** The address in lower case. Throws 400 if it is invalid or disposable. */
export function parseEmail(text: string): string {
  const email = parseAddress(text)
  if (isDisposableDomain(email.slice(email.indexOf('@') + 1))) throw unsupported()
  return email
}

/** Like `parseEmail`, but accepts disposable addresses: for the admin. */
export function parseAddress(text: string): string {
  const isAddress =
    text.length <= MAX_ADDRESS_LENGTH &&
    text.indexOf('@') <= MAX_LOCAL_PART_LENGTH &&
    !control.test(text) &&
    address.test(text)
  if (!isAddress) throw unsupported()
  return text.toLowerCase()
}

function unsupported() {
  return invalidRequest('This email address is not supported, please use a different email.')
}
