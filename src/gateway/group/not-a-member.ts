/** The refusal of a caller that acts as a group, and is not a member of it. */
import { forbidden, type XrpcError } from '#src/errors.ts'

export function notAMember(): XrpcError {
  return forbidden('You are not a member of this group', 'NotAMember')
}
