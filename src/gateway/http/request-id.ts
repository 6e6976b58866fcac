/** Request ids: the `x-request-id` of the client or proxy if it is well-formed, else a new one. */
import { randomBytes } from 'node:crypto'

const wellFormed = /^[\w.:-]{1,64}$/

const prefix = randomBytes(6).toString('base64url')
let count = 0

export function requestId(header: string | string[] | undefined): string {
  if (typeof header === 'string' && wellFormed.test(header)) return header
  count += 1
  return `${prefix}-${count.toString(36)}`
}
