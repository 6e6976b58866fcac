/** A name for each request: the client's or the proxy's own where it is a decent one, else one made here. */
import { randomBytes } from 'node:crypto'

const decent = /^[\w.:-]{1,64}$/

/** Unlike those of other processes. */
const prefix = randomBytes(6).toString('base64url')
let count = 0

export function requestId(given: string | string[] | undefined): string {
  if (typeof given === 'string' && decent.test(given)) return given
  count += 1
  return `${prefix}-${count.toString(36)}`
}
